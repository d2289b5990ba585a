"""A real Everloop for tests: the command itself, in a process and a data directory of its own, spoken to over HTTP.

    def test_it(running_server):
        project = running_server.post("/v4/projects", {"name": "p"}).expect(201)
        assert project["name"] == "p"

The fixtures are taken over by a `conftest.py` that imports them. When a server is stopped it must end well: exit code
0, and no traceback in its log.
"""

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.process_group import ProcessGroup

KEY: Final = "hl_sk_TestTestTestTestTestTestTestTestTest"
COMMAND: Final = Path(sys.executable).with_name("everloop")

START_SECONDS: Final = 60
STOP_SECONDS: Final = 40
CALL_SECONDS: Final = 60

_FIRST_PORT: Final = 16_000
_PORT_SLICES: Final = 16
_PORTS_EACH: Final = 1_000
_ports: Final = itertools.count(os.getpid())
"""Where the next search begins: at another place in each run."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `headers` are by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which must be JSON and say so."""
        assert self.headers.get("content-type") == "application/json", self
        return json.loads(self.body)

    @property
    def detail(self) -> Any:
        """The `detail` of an error."""
        return self.json["detail"]

    @property
    def problem(self) -> Any:
        """What went wrong, in the words of either API: `detail`, or OpenAI's `error`."""
        return self.json.get("error") or self.detail

    def expect(self, status: int) -> Any:
        """The body of an answer that must have this status."""
        assert self.status == status, f"{self.status}: {self.body.decode()}"
        return self.json if self.body else None


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server and the API key to call it with."""

    port: int
    data_dir: Path
    process: subprocess.Popen[bytes]
    log: Path
    key: str = KEY
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def as_other(self, key: str) -> "RunningServer":
        """The same server, called with another key."""
        return RunningServer(self.port, self.data_dir, self.process, self.log, key, self.environment)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request exactly as given, without a key unless `headers` has one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CALL_SECONDS)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, fields, answer.read())
        finally:
            connection.close()

    def call(self, method: str, path: str, body: Any = None) -> Reply:
        """One request with the key; `body` goes as JSON unless it is bytes, which go as they are."""
        headers = {"X-API-KEY": self.key}
        if body is not None:
            headers["Content-Type"] = "application/json"
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return self.send(method, path, raw, headers)

    def get(self, path: str) -> Reply:
        """A GET."""
        return self.call("GET", path)

    def post(self, path: str, body: Any = None) -> Reply:
        """A POST."""
        return self.call("POST", path, body)

    def patch(self, path: str, body: Any = None) -> Reply:
        """A PATCH."""
        return self.call("PATCH", path, body)

    def put(self, path: str, body: Any = None) -> Reply:
        """A PUT."""
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Reply:
        """A DELETE."""
        return self.call("DELETE", path)

    def command(self, *arguments: str) -> str:
        """What `everloop ARGUMENTS` prints, run beside the server on the same data."""
        done = subprocess.run(
            [COMMAND, *arguments], env=dict(self.environment), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def stop(self) -> None:
        """Asks it to stop, which it must do well."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS)
        log = self.log.read_text()
        assert code == 0, log
        assert "Traceback" not in log, log


def free_port() -> int:
    """A port that nobody listens on at the moment, and that nobody else is given before it is taken.

    A port that the system chooses (by binding to 0) goes to the next who asks, another test process or an outgoing
    connection, once it is let go of. So these lie below the systems' own range, and each test process has its own.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PORT_SLICES
    while True:
        port = _FIRST_PORT + worker * _PORTS_EACH + next(_ports) % _PORTS_EACH
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@contextmanager
def serving(
    data_dir: Path, settings: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
) -> Iterator[RunningServer]:
    """A server on `data_dir`, with more of the environment in `settings`; killed, and its
    workers too, if the test did not stop it."""
    environment = {
        "PATH": os.environ["PATH"],
        "EVERLOOP_DATA_DIR": str(data_dir),
        "EVERLOOP_API_KEY": KEY,
        **(settings or {}),
    }
    port, log = free_port(), data_dir.with_suffix(".log")
    with log.open("ab") as output:
        group = ProcessGroup([COMMAND, "serve", "--port", str(port), *arguments], output, environment)
    server = RunningServer(port, data_dir, group.process, log, environment=environment)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        group.end()


def _wait_until_ready(server: RunningServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.process.poll() is None, server.log.read_text()
        try:
            if server.send("GET", "/readyz").status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"not ready after {START_SECONDS} s: {server.log.read_text()}")


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests; each makes projects of its own."""
    with serving(tmp_path_factory.mktemp("shared") / "data") as server:
        yield server
        server.stop()


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of the test's own, with nothing in it but what the first start makes."""
    with serving(tmp_path / "data") as server:
        yield server
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def other_organisation(running_server: RunningServer) -> RunningServer:
    """The shared server as another organisation sees it."""
    running_server.command("orgs", "create", "other")
    other = running_server.as_other(running_server.command("keys", "create", "--org", "other", "--name", "test"))
    deadline = time.monotonic() + 10
    while other.get("/v4/projects").status == 401:  # made by another process: told to this one within a second
        assert time.monotonic() < deadline, "the key of another process never became known"
        time.sleep(0.05)
    return other
