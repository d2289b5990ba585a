"""The load on one side for one interval: by `wrk` where it is installed, else by the built-in client."""

import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from bench.calls import Call
from bench.client import Burst, send_for
from bench.processes import HOST

SCRIPT = Path(__file__).parent / "post.lua"
HOW_TO_INSTALL = "wrk is not installed (Debian, Ubuntu: apt-get install wrk); the built-in client does the load instead"


class LoadFailedError(Exception):
    """The load generator itself failed."""


@dataclass(frozen=True, slots=True)
class Load:
    """One interval's outcome: 2xx answers, everything else, and latencies in milliseconds."""

    answers: int
    errors: int
    seconds: float
    p50_ms: float
    p99_ms: float
    client_cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Return good answers a second."""
        return self.answers / self.seconds


class Generator(Protocol):
    """A closed-loop load generator."""

    @property
    def description(self) -> str:
        """Say what it is, with its version."""

    @property
    def hangs_up(self) -> bool:
        """Tell whether it hangs up on what is under way when its time is over, instead of waiting."""

    def run(self, call: Call, connections: int, seconds: float) -> Load:
        """Send one call over and over on so many connections."""


class Wrk:
    """Will Glozer's wrk with one thread (it is far from being the limit); it hangs up when its time is over."""

    hangs_up = True

    def __init__(self, program: str, work: Path) -> None:
        """`work` is a directory for its request file."""
        self._program = program
        self.work = work
        self._request = work / "request.txt"
        # wrk -v writes its version and ends with code 1
        said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False, timeout=10)
        self.description = " ".join(said.stdout.split("\n", 1)[0].split()[:2]) + ", one thread"

    def run(self, call: Call, connections: int, seconds: float) -> Load:
        """Run it once; the request goes through a file, which keeps the key off the command line."""
        head = "".join(f"{name}: {value}\n" for name, value in call.headers.items())
        self._request.write_bytes(head.encode() + b"\n" + b"\n".join(call.bodies))
        options = ["-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s", "-s", str(SCRIPT)]
        command = [self._program, *options, f"http://{HOST}:{call.port}{call.path}", "--", str(self._request)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
        if done.returncode != 0 or line is None:
            message = f"wrk ended with code {done.returncode}: {done.stdout}{done.stderr}"
            raise LoadFailedError(message)
        return _read_wrk(line.removeprefix("RESULT "), _cpu(after) - _cpu(before))


class BuiltIn:
    """The benchmark's own client; it waits for what is under way when its time is over."""

    hangs_up = False
    description = "the built-in asyncio client (wrk was not installed), one process"

    def run(self, call: Call, connections: int, seconds: float) -> Load:
        """Send for the interval, without keeping bodies."""
        before = resource.getrusage(resource.RUSAGE_SELF)
        burst = send_for(seconds, [call], connections, keep_bodies=False)
        after = resource.getrusage(resource.RUSAGE_SELF)
        return summarise(burst, _cpu(after) - _cpu(before))


def choose_generator(work: Path) -> Generator:
    """Return wrk when it is there."""
    program = shutil.which("wrk")
    return BuiltIn() if program is None else Wrk(program, work)


def summarise(burst: Burst, client_cpu_seconds: float) -> Load:
    """Put a burst of the built-in client into figures; latencies are those of good answers."""
    good = burst.good
    times = sorted(answer.seconds * 1000 for answer in good)
    return Load(
        answers=len(good),
        errors=len(burst.answers) - len(good),
        seconds=burst.seconds,
        p50_ms=percentile(times, 50),
        p99_ms=percentile(times, 99),
        client_cpu_seconds=client_cpu_seconds,
    )


def percentile(ordered: list[float], percent: int) -> float:
    """Return the smallest value that so many percent of the ordered values do not exceed; 0 when there are none."""
    if not ordered:
        return 0.0
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]


def _read_wrk(line: str, client_cpu_seconds: float) -> Load:
    figures = msgspec.json.decode(line, type=dict[str, float])
    broken = sum(figures[kind] for kind in ("connect", "read", "write", "timeout"))
    return Load(
        answers=int(figures["requests"] - figures["status"]),
        errors=int(figures["status"] + broken),
        seconds=figures["microseconds"] / 1e6,
        p50_ms=figures["p50"] / 1000,
        p99_ms=figures["p99"] / 1000,
        client_cpu_seconds=client_cpu_seconds,
    )


def _cpu(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime
