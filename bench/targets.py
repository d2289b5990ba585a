"""The two sides: which processes they are, what each is asked, and what it must answer.

Both send the same prompt of about 1 KB to the same upstream. The bare side gets the OpenAI body ready-made; Everloop
gets a project's name and one input, and finds the deployed configuration, renders, calls, logs and answers itself.
"""

import http.client
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.answers import EverloopReader, OpenAIReader, Reader, WrongAnswerError
from bench.processes import HOST, Server, free_port, serving
from bench.upstream import TEXT

HERE = Path(__file__).parent
MODEL = "gpt-4o"
QUESTION = "How do I compare two versions of one prompt without fooling myself? " * 4
TEMPLATE = "You are a careful assistant of a small team. " * 16 + "Answer in one sentence.\n\nQuestion: {{question}}"
PROMPT = TEMPLATE.replace("{{question}}", QUESTION)


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a load generator sends it, over and over."""

    port: int
    path: str
    headers: Mapping[str, str]
    body: bytes

    def raw(self) -> bytes:
        """Return the HTTP/1.1 request."""
        headers = {"Host": f"{HOST}:{self.port}", **self.headers, "Content-Length": str(len(self.body))}
        lines = [f"POST {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode() + self.body


@dataclass(frozen=True, slots=True)
class Side:
    """A server, its plain and its streamed call, and how its answers are read."""

    server: Server
    reader: Reader
    plain: Call
    streamed: Call

    @property
    def name(self) -> str:
        """Return "bare" or "everloop"."""
        return self.server.name

    def call(self, mode: str) -> Call:
        """Return the call of a mode, "plain" or "streamed"."""
        return self.plain if mode == "plain" else self.streamed

    def check(self, mode: str, body: bytes) -> None:
        """Raise WrongAnswerError unless the answer is the upstream's text, whole."""
        read = self.reader.plain_text if mode == "plain" else self.reader.streamed_text
        try:
            text = read(body)
        except (msgspec.MsgspecError, IndexError) as error:
            message = f"{self.name}, {mode}: {error}; it answered {body[-300:]!r}"
            raise WrongAnswerError(message) from error
        if text != TEXT:
            message = f"{self.name}, {mode}: expected {TEXT!r}, received {text!r}"
            raise WrongAnswerError(message)


@contextmanager
def upstream(work: Path) -> Iterator[Server]:
    """Run the instant model server."""
    port = free_port()
    command = [sys.executable, str(HERE / "upstream.py"), "--port", str(port)]
    with serving("upstream", command, port=port, ready="/count", log=work / "upstream.log") as server:
        yield server


@contextmanager
def bare(work: Path, upstream: Server) -> Iterator[Side]:
    """Run the passthrough in front of the upstream."""
    port = free_port()
    address = f"http://{HOST}:{upstream.port}"
    command = [sys.executable, str(HERE / "passthrough.py"), "--port", str(port), "--upstream", address]
    with serving("bare", command, port=port, ready="/", log=work / "bare.log") as server:
        yield Side(server, OpenAIReader(), _openai_call(port), _openai_call(port, stream=True, stream_options=USAGE))


@contextmanager
def everloop(work: Path, upstream: Server) -> Iterator[Side]:
    """Run Everloop with its defaults on an empty data directory, with one project whose first config is live."""
    port = free_port()
    key = secrets.token_hex(20)
    data = data_directory(work)
    data.mkdir(parents=True)
    environment = {
        "EVERLOOP_DATA_DIR": str(data),
        "EVERLOOP_API_KEY": key,
        "EVERLOOP_LOG_LEVEL": "warning",
        "OPENAI_API_KEY": "sk-bench",
        "OPENAI_BASE_URL": f"http://{HOST}:{upstream.port}/v1",
    }
    command = [sys.executable, "-m", "everloop.cli", "serve", "--host", HOST, "--port", str(port)]
    log = work / "everloop.log"
    with serving("everloop", command, port=port, ready="/readyz", log=log, environment=environment) as server:
        headers = {"Content-Type": "application/json", "X-API-KEY": key}
        _deploy(port, headers)
        yield Side(server, EverloopReader(), _v4_call(port, headers), _v4_call(port, headers, stream=True))


def data_directory(work: Path) -> Path:
    """Return where Everloop keeps its data inside a working directory."""
    return work / "data"


def answered(upstream: Server) -> int:
    """Ask the upstream how many calls it has answered."""
    status, body = exchange(upstream.port, "GET", "/count")
    if status != http.client.OK:
        message = f"upstream: GET /count gave {status}"
        raise WrongAnswerError(message)
    count: int = msgspec.json.decode(body, type=dict[str, int])["answered"]
    return count


def exchange(
    port: int, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> tuple[int, bytes]:
    """Make one request on a connection of its own and return the status and the whole body."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


USAGE = {"include_usage": True}  # Everloop asks for usage in streams, so the bare side does too


def _openai_call(port: int, **extra: object) -> Call:
    body = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}], "n": 1, "temperature": 1, **extra}
    return Call(port, "/v1/chat/completions", {"Content-Type": "application/json"}, msgspec.json.encode(body))


def _v4_call(port: int, headers: Mapping[str, str], **extra: object) -> Call:
    body = {"project": "bench", "inputs": {"question": QUESTION}, **extra}
    return Call(port, "/v4/completion-deployed", headers, msgspec.json.encode(body))


def _deploy(port: int, headers: Mapping[str, str]) -> None:
    """Make the project and register its first configuration, which thereby goes live."""
    config = {
        "project": "bench",
        "provider": "openai",
        "model": MODEL,
        "endpoint": "complete",
        "prompt_template": TEMPLATE,
    }
    for path, payload in (("/v4/projects", {"name": "bench"}), ("/v4/model-configs", config)):
        status, body = exchange(port, "POST", path, headers, msgspec.json.encode(payload))
        if status not in {http.client.OK, http.client.CREATED}:
            message = f"everloop: POST {path} gave {status}: {body[:500]!r}"
            raise WrongAnswerError(message)
