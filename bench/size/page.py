"""The results in two forms: Markdown to read, JSON to compute with."""

from dataclasses import dataclass
from pathlib import Path

from bench.load import percentile
from bench.machine import Machine
from bench.pages import free_stem, keep, method
from bench.size.past import DAYS
from bench.tables import table

AIM_MS = 50.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One kind of request at one size: the seconds of each request, in order, and the bytes of the last answer.

    `database_bytes` is what the database took with `logs` logs in it.
    """

    name: str
    logs: int
    database_bytes: int
    seconds: list[float]
    answer_bytes: int

    def milliseconds(self, percent: int) -> float:
        """Return a percentile."""
        return percentile(sorted(each * 1000 for each in self.seconds), percent)


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run."""

    date: str
    command: str
    database: str
    machine: Machine
    readings: list[Reading]
    seconds: float

    @property
    def sizes(self) -> dict[int, int]:
        """Return the bytes on disk by number of logs."""
        return {each.logs: each.database_bytes for each in self.readings}

    @property
    def failures(self) -> list[str]:
        """Name what is slower than the aim."""
        return [
            f"{each.name} with {each.logs:,} logs: p50 {each.milliseconds(50):.0f} ms"
            for each in self.readings
            if each.milliseconds(50) >= AIM_MS
        ]


def write(results: Results, directory: Path, name: str) -> Path:
    """Keep the page and the figures; return the page."""
    return keep(results, markdown(results), directory, free_stem(directory, name))


def markdown(results: Results) -> str:
    """Return the page."""
    slow = "".join(f"**Slower than the aim: {failure}.**\n\n" for failure in results.failures)
    how = method(
        results,
        f"{len(results.readings[0].seconds)} requests of each kind, one after the other on one connection, or as many"
        " as ten seconds allow and five at least",
        f"Logs spread over {DAYS} days, made like one that the server kept",
    )
    return (
        f"# Cost against size on {results.database}, {results.date}\n\n{slow}"
        f"Aim: the call costs the same at each size, and each read is under {AIM_MS:.0f} ms (p50).\n\n"
        f"{_times(results)}\n\n## On the disk\n\n{_disk(results)}\n\n{how}\n"
    )


def _times(results: Results) -> str:
    sizes = list(results.sizes)
    columns = ["p50 / p99 in ms", *(f"{size:,} logs" for size in sizes), "answer KB"]
    rows = []
    for name in dict.fromkeys(each.name for each in results.readings):
        mine = {each.logs: each for each in results.readings if each.name == name}
        figures = [f"**{mine[size].milliseconds(50):.2f}** / {mine[size].milliseconds(99):.2f}" for size in sizes]
        rows.append([f"`{name}`", *figures, f"{mine[sizes[-1]].answer_bytes / 1000:,.1f}"])
    return table(columns, rows)


def _disk(results: Results) -> str:
    """Bytes a log are those by which the database grew since the size before."""
    rows, before = [], (0, 0)
    for logs, size in results.sizes.items():
        rows.append([f"{logs:,}", f"{size / 2**20:,.1f}", f"{(size - before[1]) / (logs - before[0]):,.0f}"])
        before = (logs, size)
    return table(["logs", "database MiB", "bytes a log"], rows)
