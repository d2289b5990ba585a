"""The sides: which processes they are, what each is asked, and what it must answer.

All send the same prompt to the same upstream. The bare side and other gateways get the OpenAI body ready-made;
Everloop gets a project's name and one input, and finds what is deployed, renders, calls, logs and answers itself.
"""

import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from pathlib import Path

import msgspec

from bench.answers import EverloopReader, OpenAIReader, Reader, WrongAnswerError
from bench.calls import NOBODY, PROMPTS, USERS, Call, Calls, Kind, exchange, openai_calls, v4_calls
from bench.deploying import deploy
from bench.processes import HOST, Launch, Server, free_port, serving
from bench.upstream import TEXT

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Side:
    """A server, how it was started, its calls, and how its answers are read.

    `data` is where an Everloop keeps its data, `experiment` tells that one is live in it. `peer` is somebody else's
    product: its failures are its own.
    """

    launch: Launch
    server: Server
    reader: Reader
    calls: Calls
    data: Path | None = None
    experiment: bool = False
    peer: bool = False

    @property
    def name(self) -> str:
        """Return the name that the page has a label for."""
        return self.launch.name

    @property
    def plain(self) -> Call:
        """Return the plain call with the short prompt."""
        return self.calls[Kind("plain", "short")]

    @property
    def streamed(self) -> Call:
        """Return the streamed call with the short prompt."""
        return self.calls[Kind("streamed", "short")]

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

    def ask_once(self) -> int:
        """Make every call once and compare the text; return how many there were. Raises WrongAnswerError."""
        for kind, call in self.calls.items():
            status, body = exchange(call.port, "POST", call.path, call.headers, call.bodies[0])
            self.check(kind.mode, body if status == HTTPStatus.OK else f"status {status}: ".encode() + body)
        return len(self.calls)


# Starts a side in an empty working directory, in front of an upstream.
Start = Callable[[Path, Server], AbstractContextManager[Side]]


@contextmanager
def upstream(work: Path) -> Iterator[Server]:
    """Run the instant model server."""
    port = free_port()
    command = [sys.executable, str(HERE / "upstream.py"), "--port", str(port)]
    with serving(Launch("upstream", command, port, "/count", work / "upstream.log")) as server:
        yield server


@contextmanager
def bare(work: Path, upstream: Server) -> Iterator[Side]:
    """Run the passthrough in front of the upstream."""
    port = free_port()
    address = f"http://{HOST}:{upstream.port}"
    command = [sys.executable, str(HERE / "passthrough.py"), "--port", str(port), "--upstream", address]
    launch = Launch("bare", command, port, "/", work / "bare.log")
    with serving(launch) as server:
        yield Side(launch, server, OpenAIReader(), openai_calls(port, {}))


@contextmanager
def _everloop(
    work: Path,
    upstream: Server,
    name: str = "everloop",
    users: Mapping[str, int] = USERS,
    *,
    experiment: bool = False,
    python: str = sys.executable,
    workers: int = 1,
) -> Iterator[Side]:
    """Run Everloop with its defaults on an empty data directory; see those below for what is deployed."""
    port = free_port()
    key = secrets.token_hex(20)
    launch = everloop_launch(work, port, key, upstream, name, python)
    launch = replace(launch, command=[*launch.command, "--workers", str(workers)])
    with serving(launch) as server:
        headers = {"X-API-KEY": key}
        deploy(port, headers, arms=2 if experiment else 1)
        calls = v4_calls(port, headers, PROMPTS if name == "everloop" else PROMPTS[:1], users)
        yield Side(launch, server, EverloopReader(), calls, data=work / "data", experiment=experiment)


def everloop_launch(
    work: Path, port: int, key: str, upstream: Server, name: str = "everloop", python: str = sys.executable
) -> Launch:
    """Return how Everloop is started with that key on `work`/data, which is made when it is not there."""
    data = work / "data"
    data.mkdir(parents=True, exist_ok=True)
    environment = {
        "EVERLOOP_DATA_DIR": str(data),
        "EVERLOOP_API_KEY": key,
        "EVERLOOP_LOG_LEVEL": "warning",
        "OPENAI_API_KEY": "sk-bench",
        "OPENAI_BASE_URL": f"http://{HOST}:{upstream.port}/v1",
    }
    command = [python, "-m", "everloop.cli", "serve", "--host", HOST, "--port", str(port)]
    return Launch(name, command, port, "/readyz", work / "everloop.log", environment)


everloop: Start = _everloop  # one configuration is live
everloop_experiment: Start = partial(_everloop, name="everloop-experiment", experiment=True)  # two arms, known users
everloop_trials: Start = partial(_everloop, name="everloop-trials", users=NOBODY, experiment=True)  # all new trials
everloop_workers: Start = partial(_everloop, name="everloop-workers", workers=2)  # one configuration, two processes


def everloop_of(work: Path, upstream: Server, python: str) -> AbstractContextManager[Side]:
    """Run the Everloop that is installed for that Python."""
    return _everloop(work, upstream, python=python)
