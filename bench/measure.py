"""The rounds: all sides in turn, for each mode, prompt and number of connections, on the same upstream."""

import http.client
import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.answers import WrongAnswerError
from bench.calls import Kind, exchange
from bench.client import Answer, send_for
from bench.figures import Checked, Interval, Measured, Plan
from bench.load import Generator, percentile
from bench.processes import TICKS, Server, Usage
from bench.targets import Side

SETTLE = 0.3  # seconds after each interval for a server to finish what the load generator abandoned
SETTLED = 0.2  # cores: below this a server is done with it
SETTLES = 40  # at most so often
TURNS = 4  # an interval lasts at least so many answers on each connection,
LONGEST = 20  # but at most so many seconds
WARM_UP_CONNECTIONS = 32


class _Tally:
    """Adds up, for each side, what it has answered and how often it has called the upstream."""

    def __init__(self, upstream: Server, sides: Sequence[Side]) -> None:
        self.answers = {side.name: 0 for side in sides}
        self.upstream_calls = dict(self.answers)
        self._upstream = upstream
        self._before = answered(upstream)

    def add(self, side: Side, answers: int) -> int:
        """Count what has happened since the last time, once it has settled, to this side; return its upstream calls."""
        _settle(side)
        calls = answered(self._upstream) - self._before
        self._before += calls
        self.answers[side.name] += answers
        self.upstream_calls[side.name] += calls
        return calls


def _settle(side: Side) -> None:
    """Wait until a server has finished what was abandoned: a slow one would take time from the next side."""
    for _ in range(SETTLES):
        before = side.server.usage().cpu_seconds
        time.sleep(SETTLE)
        if side.server.usage().cpu_seconds - before < SETTLE * SETTLED:
            return


@dataclass(frozen=True, slots=True)
class _Bench:
    """What stays the same over all intervals."""

    plan: Plan
    generator: Generator
    upstream: Server
    sides: Sequence[Side]
    tally: _Tally
    rates: dict[tuple[str, Kind], float]  # answers a second in the warm-up

    def seconds(self, side: Side, step: "_Step") -> int:
        """Return how long the interval is: more than planned only where a side is too slow to answer a few times."""
        rate = self.rates.get((side.name, step.kind)) or 1.0
        return min(max(self.plan.seconds, math.ceil(TURNS * step.connections / rate)), LONGEST)


@dataclass(frozen=True, slots=True)
class _Step:
    """Where in the rounds an interval is."""

    round: int
    kind: Kind
    connections: int


def measure(plan: Plan, generator: Generator, upstream: Server, sides: Sequence[Side]) -> Measured:
    """Warm all sides up, then run the rounds. Raises WrongAnswerError for the first wrong answer that is not a peer's.

    A side takes part with those kinds of calls that it has.
    """
    tally = _Tally(upstream, sides)
    bench = _Bench(plan, generator, upstream, sides, tally, {})
    _warm_up(bench)
    intervals: list[Interval] = []
    checks: list[Checked] = []
    for step in _steps(plan):
        taking_part = _turned([side for side in sides if step.kind in side.calls], step.round)
        intervals += [_interval(bench, step, side) for side in taking_part]
        checks += [_check(bench, step, side) for side in taking_part]
    peers = [side.name for side in sides if side.peer]
    return Measured(intervals, checks, tally.answers, tally.upstream_calls, _hung_up_at_most(bench, intervals), peers)


def _steps(plan: Plan) -> list[_Step]:
    rounds = range(1, plan.rounds + 1)
    return [_Step(number, kind, connections) for number in rounds for kind, connections in plan.loads()]


def _turned(sides: Sequence[Side], round_number: int) -> list[Side]:
    """Each round begins with another side, so that what one leaves behind (pages to be written) meets all others."""
    first = round_number % len(sides)
    return [*sides[first:], *sides[:first]]


def _hung_up_at_most(bench: _Bench, intervals: Sequence[Interval]) -> dict[str, int]:
    if not bench.generator.hangs_up:
        return {side.name: 0 for side in bench.sides}
    opened = Counter({side.name: len(side.calls) * WARM_UP_CONNECTIONS for side in bench.sides})
    for interval in intervals:
        opened[interval.side] += interval.connections
    return dict(opened)


def _warm_up(bench: _Bench) -> None:
    """Ask once and compare the text, so that a wrong set-up fails before minutes are spent on it; then warm up."""
    for side in bench.sides:
        bench.tally.add(side, side.ask_once())
        for kind, call in side.calls.items():
            load = bench.generator.run(call, WARM_UP_CONNECTIONS, 1)
            bench.rates[side.name, kind] = load.per_second
            bench.tally.add(side, load.answers)


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
    load = bench.generator.run(side.calls[step.kind], step.connections, bench.seconds(side, step))
    after = _read_clocks(side, bench.upstream)
    server = after.server.cpu_seconds - before.server.cpu_seconds
    model = after.upstream.cpu_seconds - before.upstream.cpu_seconds
    machine = after.machine - before.machine
    interval = Interval(
        round=step.round,
        mode=step.kind.mode,
        prompt=step.kind.prompt,
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
    burst = send_for(bench.plan.check_seconds, [side.calls[step.kind]], step.connections, keep_bodies=True)
    bench.tally.add(side, len(burst.good))
    right = [answer for answer in burst.good if _is_right(side, step.kind.mode, answer)]
    firsts = sorted(answer.first_byte * 1000 for answer in right)
    return Checked(
        round=step.round,
        mode=step.kind.mode,
        prompt=step.kind.prompt,
        connections=step.connections,
        side=side.name,
        answers=len(right),
        errors=len(burst.answers) - len(right),
        first_p50_ms=percentile(firsts, 50),
        first_p99_ms=percentile(firsts, 99),
    )


def _is_right(side: Side, mode: str, answer: Answer) -> bool:
    """Compare the text. Raises WrongAnswerError when it is wrong, but for a peer, whose wrong answers are counted."""
    try:
        side.check(mode, answer.body)
    except WrongAnswerError:
        if side.peer:
            return False
        raise
    return True


def answered(upstream: Server) -> int:
    """Ask the upstream how many calls it has answered."""
    status, body = exchange(upstream.port, "GET", "/count")
    if status != http.client.OK:
        message = f"upstream: GET /count gave {status}"
        raise WrongAnswerError(message)
    count: int = msgspec.json.decode(body, type=dict[str, int])["answered"]
    return count


def _busy_seconds() -> float:
    """Return the CPU time that all processors together have spent on anything, stolen time included."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = (
        int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / TICKS


def _tell(interval: Interval) -> None:
    load = interval.load
    sys.stderr.write(
        f"round {interval.round}  {interval.mode:8}  {interval.prompt:5}  {interval.connections:4} connections  "
        f"{interval.side:19}  {load.per_second:8.0f}/s  p50 {load.p50_ms:7.2f} ms  p99 {load.p99_ms:7.2f} ms  "
        f"{load.errors} errors\n"
    )
