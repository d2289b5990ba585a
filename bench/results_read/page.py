"""The results in two forms: Markdown to read, JSON to compute with."""

from dataclasses import dataclass
from pathlib import Path

from bench.load import percentile
from bench.machine import Machine
from bench.pages import free_stem, keep, method
from bench.results_read.seeding import DAYS, ERRORS, RATED
from bench.tables import table

AIM_MS = 50.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One route on one server: the seconds of each request, in order, and the bytes of the last answer."""

    route: str
    trials: int
    seconds: list[float]
    answer_bytes: int
    database_bytes: int
    seeding_seconds: float

    def milliseconds(self, percent: int) -> float:
        """Return a percentile."""
        return percentile(sorted(each * 1000 for each in self.seconds), percent)


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run."""

    date: str
    command: str
    machine: Machine
    readings: list[Reading]
    seconds: float

    @property
    def failures(self) -> list[str]:
        """Name the routes that are slower than the aim."""
        return [
            f"{each.route} with {each.trials:,} trials: p99 {each.milliseconds(99):.0f} ms"
            for each in self.readings
            if each.milliseconds(99) >= AIM_MS
        ]


def write(results: Results, directory: Path, name: str) -> Path:
    """Keep the page and the figures; return the page."""
    return keep(results, markdown(results), directory, free_stem(directory, name))


def markdown(results: Results) -> str:
    """Return the page."""
    rows = [
        [
            f"`{each.route}`",
            f"{each.trials:,}",
            f"**{each.milliseconds(50):.2f}**",
            f"**{each.milliseconds(99):.2f}**",
            f"{max(each.seconds) * 1000:.2f}",
            f"{each.answer_bytes / 1000:,.1f}",
            f"{each.database_bytes / 2**20:,.0f}",
        ]
        for each in results.readings
    ]
    columns = ["route", "trials", "p50 ms", "p99 ms", "longest ms", "answer KB", "database MiB"]
    slow = "".join(f"**Slower than the aim: {failure}.**\n\n" for failure in results.failures)
    seeding = ", ".join(
        f"{trials:,} trials in {seconds:.0f} s"
        for trials, seconds in {each.trials: each.seeding_seconds for each in results.readings}.items()
    )
    how = method(
        results,
        f"{len(results.readings[0].seconds)} requests of each route, one after the other on one connection",
        f"Three arms, a call for each trial over {DAYS} days, {RATED:.0%} of them rated, {ERRORS:.0%} failed",
        also=f"; seeding: {seeding}",
    )
    return (
        f"# Reading the results of an experiment, {results.date}\n\n{slow}"
        f"Aim: under {AIM_MS:.0f} ms, and the same however many trials there are.\n\n{table(columns, rows)}\n\n{how}\n"
    )
