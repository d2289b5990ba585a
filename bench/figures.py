"""What a run is to be, and the figures that its rounds gave."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.calls import MODES, Kind
from bench.load import Load


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how much. `check_seconds` is the length of each checked interval.

    `long_connections` are those for the long prompt, which is 100 KB on the disk with each of Everloop's logs.
    """

    rounds: int
    seconds: int
    check_seconds: float
    connections: tuple[int, ...]
    long_connections: tuple[int, ...]

    def loads(self) -> Iterator[tuple[Kind, int]]:
        """Give each kind of call with each number of connections, as one round has them."""
        for prompt, several in (("short", self.connections), ("long", self.long_connections)):
            for mode in MODES:
                yield from ((Kind(mode, prompt), connections) for connections in several)


@dataclass(frozen=True, slots=True)
class Interval:
    """One side under one load, with what the machine spent on it (CPU in seconds)."""

    round: int
    mode: str
    prompt: str
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
    prompt: str
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
    connection: those that had reached the upstream by then. `peers` are the sides whose failures void nothing.
    """

    intervals: list[Interval]
    checks: list[Checked]
    answers: dict[str, int]
    upstream_calls: dict[str, int]
    hung_up_at_most: dict[str, int]
    peers: list[str]

    def failures(self) -> list[str]:
        """Name what makes the figures void."""
        return [complaint for side, complaint in self._complaints() if side not in self.peers]

    def peer_failures(self) -> list[str]:
        """Name what other gateways did wrong."""
        return [complaint for side, complaint in self._complaints() if side in self.peers]

    def _complaints(self) -> Iterator[tuple[str, str]]:
        for interval in self.intervals:
            complaint = _complaint(interval)
            if complaint:
                yield interval.side, f"{_where(interval)}: {complaint}"
        for check in self.checks:
            if check.errors or not check.answers:
                yield check.side, f"{_where(check)}, checked: {check.errors} errors in {check.answers} answers"


def _where(part: Interval | Checked) -> str:
    return f"round {part.round}, {part.side}, {part.mode}, {part.prompt} prompt, {part.connections} connections"


def _complaint(interval: Interval) -> str:
    if interval.load.errors:
        return f"{interval.load.errors} errors"
    if not interval.load.answers:
        return "no answer at all"
    if interval.upstream_calls < interval.load.answers:
        return f"{interval.load.answers} answers from {interval.upstream_calls} upstream calls"
    return ""
