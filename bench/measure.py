"""The rounds: both sides in turn, for each mode and number of connections, on the same upstream."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.client import send_for
from bench.load import Generator, Load, percentile
from bench.processes import TICKS, Server, Usage
from bench.targets import Side, answered, exchange

MODES = ("plain", "streamed")
SETTLE = 0.3  # seconds after each interval for a server to finish what the load generator abandoned
SUCCESS = 200
WARM_UP_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how much. `check_seconds` is the length of each checked interval."""

    rounds: int
    seconds: int
    check_seconds: float
    connections: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """One side under one load, with what the machine spent on it (CPU in seconds)."""

    round: int
    mode: str
    connections: int
    side: str
    load: Load
    server_cpu_seconds: float
    server_peak_rss_bytes: int
    upstream_cpu_seconds: float
    upstream_calls: int
    window_seconds: float  # of the CPU figures: a little longer than the load
    other_cpu_seconds: float
    machine_cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Checked:
    """One interval of the built-in client in which every answer's text was compared; times to the first body byte."""

    round: int
    mode: str
    connections: int
    side: str
    answers: int
    errors: int
    first_p50_ms: float
    first_p99_ms: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything the rounds gave, and the totals of each side since it started: 2xx answers and upstream calls.

    The two totals differ by requests on which the load generator hung up when an interval ended, at most one on each
    connection: those that had reached the upstream by then.
    """

    intervals: list[Interval]
    checks: list[Checked]
    answers: dict[str, int]
    upstream_calls: dict[str, int]
    hung_up_at_most: int

    def failures(self) -> list[str]:
        """Name what makes the figures void."""
        found = [_complaint(interval) for interval in self.intervals]
        found += [
            f"round {check.round}, {check.side}, {check.mode}, {check.connections} connections, checked: "
            f"{check.errors} errors"
            for check in self.checks
            if check.errors or not check.answers
        ]
        return [complaint for complaint in found if complaint]


class _Tally:
    """Adds up, for each side, what it has answered and how often it has called the upstream."""

    def __init__(self, upstream: Server, sides: Sequence[Side]) -> None:
        self.answers = {side.name: 0 for side in sides}
        self.upstream_calls = dict(self.answers)
        self._upstream = upstream
        self._before = answered(upstream)

    def add(self, side: Side, answers: int) -> int:
        """Count what has happened since the last time, once it has settled, to this side; return its upstream calls."""
        time.sleep(SETTLE)
        calls = answered(self._upstream) - self._before
        self._before += calls
        self.answers[side.name] += answers
        self.upstream_calls[side.name] += calls
        return calls


@dataclass(frozen=True, slots=True)
class _Bench:
    """What stays the same over all intervals."""

    plan: Plan
    generator: Generator
    upstream: Server
    sides: Sequence[Side]
    tally: _Tally


@dataclass(frozen=True, slots=True)
class _Step:
    """Where in the rounds an interval is."""

    round: int
    mode: str
    connections: int


def measure(plan: Plan, generator: Generator, upstream: Server, sides: Sequence[Side]) -> Measured:
    """Warm both sides up, then run the rounds."""
    tally = _Tally(upstream, sides)
    bench = _Bench(plan, generator, upstream, sides, tally)
    _warm_up(bench)
    steps = _steps(plan)
    intervals: list[Interval] = []
    checks: list[Checked] = []
    for step in steps:
        intervals += [_interval(bench, step, side) for side in sides]
        checks += [_check(bench, step, side) for side in sides]
    opened = len(MODES) * WARM_UP_CONNECTIONS + sum(step.connections for step in steps)
    hung_up_at_most = opened if generator.hangs_up else 0
    return Measured(intervals, checks, tally.answers, tally.upstream_calls, hung_up_at_most)


def _steps(plan: Plan) -> list[_Step]:
    rounds = range(1, plan.rounds + 1)
    return [_Step(number, mode, connections) for number in rounds for mode in MODES for connections in plan.connections]


def _warm_up(bench: _Bench) -> None:
    """Ask once and compare the text, so that a wrong set-up fails before minutes are spent on it; then warm up."""
    for mode in MODES:
        for side in bench.sides:
            call = side.call(mode)
            status, body = exchange(call.port, "POST", call.path, call.headers, call.body)
            side.check(mode, body if status == SUCCESS else f"status {status}: ".encode() + body)
            warm = bench.generator.run(call, WARM_UP_CONNECTIONS, 1)
            bench.tally.add(side, 1 + warm.answers)


@dataclass(frozen=True, slots=True)
class _Clocks:
    """Where every clock stands at one instant."""

    now: float
    machine: float
    server: Usage
    upstream: Usage


def _read_clocks(side: Side, upstream: Server) -> _Clocks:
    return _Clocks(time.perf_counter(), _busy_seconds(), side.server.usage(), upstream.usage())


def _interval(bench: _Bench, step: _Step, side: Side) -> Interval:
    before = _read_clocks(side, bench.upstream)
    load = bench.generator.run(side.call(step.mode), step.connections, bench.plan.seconds)
    after = _read_clocks(side, bench.upstream)
    server = after.server.cpu_seconds - before.server.cpu_seconds
    model = after.upstream.cpu_seconds - before.upstream.cpu_seconds
    machine = after.machine - before.machine
    interval = Interval(
        round=step.round,
        mode=step.mode,
        connections=step.connections,
        side=side.name,
        load=load,
        server_cpu_seconds=server,
        server_peak_rss_bytes=after.server.peak_rss_bytes,
        upstream_cpu_seconds=model,
        upstream_calls=bench.tally.add(side, load.answers),
        window_seconds=after.now - before.now,
        other_cpu_seconds=machine - server - model - load.client_cpu_seconds,
        machine_cpu_seconds=machine,
    )
    _tell(interval)
    return interval


def _check(bench: _Bench, step: _Step, side: Side) -> Checked:
    burst = send_for(bench.plan.check_seconds, [side.call(step.mode)], step.connections, keep_bodies=True)
    bench.tally.add(side, len(burst.good))
    for answer in burst.good:
        side.check(step.mode, answer.body)
    firsts = sorted(answer.first_byte * 1000 for answer in burst.good)
    return Checked(
        round=step.round,
        mode=step.mode,
        connections=step.connections,
        side=side.name,
        answers=len(burst.good),
        errors=len(burst.answers) - len(burst.good),
        first_p50_ms=percentile(firsts, 50),
        first_p99_ms=percentile(firsts, 99),
    )


def _complaint(interval: Interval) -> str:
    where = f"round {interval.round}, {interval.side}, {interval.mode}, {interval.connections} connections"
    if interval.load.errors:
        return f"{where}: {interval.load.errors} errors"
    if not interval.load.answers:
        return f"{where}: no answer at all"
    if interval.upstream_calls < interval.load.answers:
        return f"{where}: {interval.load.answers} answers from {interval.upstream_calls} upstream calls"
    return ""


def _busy_seconds() -> float:
    """Return the CPU time that all processors together have spent on anything, stolen time included."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = (
        int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / TICKS


def _tell(interval: Interval) -> None:
    load = interval.load
    sys.stderr.write(
        f"round {interval.round}  {interval.mode:8}  {interval.connections:4} connections  {interval.side:8}  "
        f"{load.per_second:8.0f}/s  p50 {load.p50_ms:7.2f} ms  p99 {load.p99_ms:7.2f} ms  {load.errors} errors\n"
    )
