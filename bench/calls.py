"""What is sent: the prompts, the requests of every side, and one exchange for everything that is not load."""

import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from bench.processes import HOST

MODES = ("plain", "streamed")
PROMPTS = ("short", "long")

MODEL = "gpt-4o"
PROJECT = "bench"
SENTENCE = "How do I compare two versions of one prompt without fooling myself? "
TEMPLATE = "You are a careful assistant of a small team. " * 16 + "Answer in one sentence.\n\nQuestion: {{question}}"
QUESTIONS = {"short": SENTENCE * 4, "long": SENTENCE * 1_460}
PROMPT_TEXTS = {size: TEMPLATE.replace("{{question}}", question) for size, question in QUESTIONS.items()}
USERS: Mapping[str, int] = {"short": 1_000, "long": 10}  # by prompt; few enough for a client to hold all bodies
NOBODY: Mapping[str, int] = {}
JSON = {"Content-Type": "application/json"}
USAGE = {"include_usage": True}  # Everloop asks for usage in streams, so the others do too


class Kind(NamedTuple):
    """One of `MODES` and one of `PROMPTS`: about 1 KB, about 100 KB."""

    mode: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a load generator sends it, over and over; with several bodies, one after the other."""

    port: int
    path: str
    headers: Mapping[str, str]
    # Not shown: asyncio asks for the repr of what a task holds, and that of a megabyte takes seconds.
    bodies: tuple[bytes, ...] = field(repr=False)

    def raw(self) -> list[bytes]:
        """Return the HTTP/1.1 request with each body."""
        return [self._head(len(body)) + body for body in self.bodies]

    def _head(self, length: int) -> bytes:
        headers = {"Host": f"{HOST}:{self.port}", **self.headers, "Content-Length": str(length)}
        lines = [f"POST {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode()


Calls = Mapping[Kind, Call]


def openai_calls(port: int, headers: Mapping[str, str], users: Mapping[str, int] = USERS) -> Calls:
    """Return the ready-made chat completions of both modes and both prompts, of so many users in turn."""
    return {
        Kind(mode, prompt): _openai_call(port, headers, Kind(mode, prompt), users)
        for mode in MODES
        for prompt in PROMPTS
    }


def _openai_call(port: int, headers: Mapping[str, str], kind: Kind, users: Mapping[str, int]) -> Call:
    stream = {"stream": True, "stream_options": USAGE} if kind.mode == "streamed" else {}
    messages = [{"role": "user", "content": PROMPT_TEXTS[kind.prompt]}]
    body = {"model": MODEL, "messages": messages, "n": 1, "temperature": 1, **stream}
    return Call(port, "/v1/chat/completions", {**JSON, **headers}, _of_users(body, users.get(kind.prompt, 0)))


def v4_calls(
    port: int, headers: Mapping[str, str], prompts: Sequence[str] = PROMPTS, users: Mapping[str, int] = USERS
) -> Calls:
    """Return the calls of what is deployed, of so many users in turn, or with `NOBODY` of nobody in particular."""
    kinds = [Kind(mode, prompt) for mode in MODES for prompt in prompts]
    return {kind: _v4_call(port, headers, kind, users) for kind in kinds}


def _v4_call(port: int, headers: Mapping[str, str], kind: Kind, users: Mapping[str, int]) -> Call:
    body: dict[str, object] = {"project": PROJECT, "inputs": {"question": QUESTIONS[kind.prompt]}}
    if kind.mode == "streamed":
        body["stream"] = True
    return Call(port, "/v4/completion-deployed", {**JSON, **headers}, _of_users(body, users.get(kind.prompt, 0)))


def _of_users(body: Mapping[str, object], users: int) -> tuple[bytes, ...]:
    named: list[dict[str, str]] = [{"user": f"user-{number}"} for number in range(users)] or [{}]
    return tuple(msgspec.json.encode({**body, **user}) for user in named)


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
