"""Server processes under measurement: started on loopback, watched through /proc, ended with all their children."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
READY_WITHIN = 60.0  # seconds
TICKS = os.sysconf("SC_CLK_TCK")
# What a server must not inherit: another configuration, another provider, a proxy in front of loopback.
NOT_INHERITED = (
    *("EVERLOOP_", "OPENAI_", "LITELLM_", "DATABASE_", "REDIS_", "NODE_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)


class ServerFailedError(Exception):
    """A server did not start or did not answer as it must; the message ends with the last lines it wrote."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its children have used since they started: CPU in seconds, peak memory in bytes."""

    cpu_seconds: float
    peak_rss_bytes: int


@dataclass(frozen=True, slots=True)
class Launch:
    """How a server is started, as often as one likes: GET `ready` answers 200 once it serves on `port`."""

    name: str
    command: Sequence[str]
    port: int
    ready: str
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens and which session its processes belong to."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def usage(self) -> Usage:
        """Add up the processes of its session, so that a server that forks workers is measured whole."""
        pids = [pid for pid, session in _sessions() if session == self.process.pid]
        return Usage(
            cpu_seconds=sum(_cpu_seconds(pid) for pid in pids), peak_rss_bytes=sum(_peak_rss_bytes(pid) for pid in pids)
        )

    def kill(self) -> None:
        """End it at once with SIGKILL, as a crash would; harmless when it is gone already."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)

    def last_words(self) -> str:
        """Return the end of what it wrote."""
        return self.log.read_bytes()[-2000:].decode(errors="replace")


@contextmanager
def serving(launch: Launch) -> Iterator[Server]:
    """Start a server, wait until it is ready, and kill it on the way out."""
    with started(launch) as server:
        _wait_until_ready(server, launch.ready)
        yield server


@contextmanager
def started(launch: Launch) -> Iterator[Server]:
    """Start a server without waiting for anything, and kill it on the way out."""
    with launch.log.open("wb") as output:
        process = subprocess.Popen(
            launch.command,
            env={**_inherited(), **launch.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(launch.name, launch.port, process, launch.log)
    try:
        yield server
    finally:
        server.kill()


def free_port() -> int:
    """Ask the kernel for a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(NOT_INHERITED)}


def _wait_until_ready(server: Server, path: str) -> None:
    deadline = time.monotonic() + READY_WITHIN
    status = "nothing"
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            message = f"{server.name} ended with code {server.process.returncode}:\n{server.last_words()}"
            raise ServerFailedError(message)
        status = _status(server.port, path)
        if status == "200":
            return
        time.sleep(0.05)
    message = f"{server.name}: GET {path} gave {status} for {READY_WITHIN:.0f} s:\n{server.last_words()}"
    raise ServerFailedError(message)


def _status(port: int, path: str) -> str:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
    finally:
        connection.close()


def _sessions() -> Iterator[tuple[int, int]]:
    """Give (process, its session) for every process that can be read."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            fields = _stat(int(entry.name))
            if fields:
                yield int(entry.name), int(fields[3])


def _stat(pid: int) -> list[str]:
    """Read /proc/PID/stat from its third field on (the second, the name, may hold anything); [] when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def _peak_rss_bytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0]) * 1024 if peaks else 0
