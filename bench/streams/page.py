"""The results in two forms: Markdown to read, JSON to compute with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import Machine
from bench.pages import free_stem, keep, method
from bench.streams.scenarios import Heard, Outcome
from bench.tables import label, spread, table

Figure = Callable[[Heard], float]


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run: steady streams, as fast as possible, many open."""

    date: str
    command: str
    machine: Machine
    steady: Outcome
    fast: Outcome
    many: Outcome
    seconds: float

    @property
    def failures(self) -> list[str]:
        """Return everything that makes this run void."""
        return [*self.steady.failures(), *self.fast.failures(), *self.many.failures()]


def write(results: Results, directory: Path, name: str) -> Path:
    """Keep the page and the figures; return the page."""
    return keep(results, markdown(results), directory, free_stem(directory, name))


def markdown(results: Results) -> str:
    """Return the page."""
    void = "".join(f"**Void: {failure}.**\n\n" for failure in results.failures)
    how = method(
        results, "Sides in turn, on one upstream; the client is one Python process that reads both in the same way"
    )
    return (
        f"# Streams that last, {results.date}\n\n{void}"
        f"{_steady(results.steady)}\n\n{_fast(results.fast)}\n\n{_many(results.many)}\n\n{how}\n"
    )


def _steady(outcome: Outcome) -> str:
    pace = outcome.pace
    figures: list[tuple[str, Figure, int]] = [
        ("longest gap of half the streams ms", lambda each: each.gap_p50_ms, 1),
        ("of 99 % of them ms", lambda each: each.gap_p99_ms, 1),
        ("of all ms", lambda each: each.gap_longest_ms, 1),
        ("CPU µs/token", _cpu_us(outcome), 1),
    ]
    return (
        f"## {pace.streams} streams of {1 / pace.interval:.0f} tokens a second\n\nThe model sends each stream a token "
        f"every {pace.interval * 1000:.0f} ms, {pace.tokens} of them. A gap is the time between two reads of one "
        "stream at the client; what is above the model's own pace is what the way to it added.\n\n"
        + _table(outcome, figures)
    )


def _fast(outcome: Outcome) -> str:
    figures: list[tuple[str, Figure, int]] = [
        ("tokens/s", lambda each: each.tokens_per_second, 0),
        ("CPU µs/token", _cpu_us(outcome), 1),
    ]
    return (
        f"## As many tokens as go through\n\n{outcome.pace.streams} streams of {outcome.pace.tokens} tokens from a "
        "model that waits for nobody, each begun anew when it ends; every token is an event of its own upstream.\n\n"
        + _table(outcome, figures)
    )


def _many(outcome: Outcome) -> str:
    pace = outcome.pace
    figures: list[tuple[str, Figure, int]] = [
        ("peak memory before MiB", lambda each: each.memory_before / 2**20, 0),
        ("after MiB", lambda each: each.memory_after / 2**20, 0),
        ("KiB a stream", lambda each: (each.memory_after - each.memory_before) / 1024 / each.of, 1),
        ("longest gap of all ms", lambda each: each.gap_longest_ms, 1),
        ("CPU s", lambda each: each.cpu_seconds, 2),
    ]
    return (
        f"## {pace.streams:,} streams open\n\nA token every {pace.interval:g} s, {pace.tokens} of them, all streams "
        f"open together. Everloop holds {outcome.rows:,} logs for {outcome.asked:,} streams after SIGKILL.\n\n"
        + _table(outcome, figures)
    )


def _cpu_us(outcome: Outcome) -> Figure:
    tokens = outcome.pace.tokens
    return lambda each: each.cpu_seconds * 1e6 / max(each.complete * tokens, 1)


def _table(outcome: Outcome, figures: Sequence[tuple[str, Figure, int]]) -> str:
    rows = []
    for side in dict.fromkeys(each.side for each in outcome.heard):
        mine = [each for each in outcome.heard if each.side == side]
        whole = f"{sum(each.complete for each in mine):,} of {sum(each.of for each in mine):,}"
        spreads = [spread([figure(each) for each in mine], digits) for _, figure, digits in figures]
        rows.append([label(side), whole, *spreads])
    return table(["side", "streams whole", *(name for name, _, _ in figures)], rows)
