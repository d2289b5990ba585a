"""`python -m bench.soak`: an hour at half the load that it can bear; memory and descriptors once a minute.

Exit 1 for a wrong answer, or when memory grows by more than `MOST_GROWTH` after the warm-up.
"""

import argparse
import datetime as dt
import os
import secrets
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.calls import Kind, v4_calls
from bench.client import send_for
from bench.deploying import deploy
from bench.machine import Machine
from bench.overload.arrivals import offer
from bench.pages import free_stem, keep, method
from bench.processes import free_port, serving
from bench.tables import table
from bench.targets import everloop_launch, upstream

RESULTS = Path(__file__).parent / "results"
CONNECTIONS = 32
PEAK_SECONDS = 5.0
# Caches fill, and the allocator finds its size: what comes in this share of the time tells nothing of a leak.
WARM_UP = 0.2
MOST_GROWTH = 1.0  # MiB an hour


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the server: hours since the beginning, MiB resident, open descriptors."""

    hours: float
    resident: float
    descriptors: int


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run: what was offered a second, what came of it, and the looks."""

    date: str
    command: str
    machine: Machine
    rate: float
    right: int
    refused: int
    wrong: int
    looks: list[Look]
    seconds: float

    @property
    def growth(self) -> float:
        """Return by how many MiB an hour memory grew after the warm-up."""
        steady = [look for look in self.looks if look.hours >= WARM_UP * self.looks[-1].hours]
        return slope([(look.hours, look.resident) for look in steady])

    @property
    def failures(self) -> list[str]:
        """Name what is wrong, or not as it is aimed at."""
        found = [f"{self.wrong:,} wrong answers"] if self.wrong else []
        return found + ([f"memory grew by {self.growth:+.2f} MiB an hour"] if self.growth > MOST_GROWTH else [])


def main() -> None:
    """Run it."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="everloop-bench-", dir=options.data) as directory:
        results = _soak(Path(directory), options)
    page = keep(results, markdown(results), options.output, free_stem(options.output, f"{results.date}-soak"))
    print(page.read_text(encoding="utf-8"))
    sys.exit(bool(results.failures))


def markdown(results: Results) -> str:
    """Return the page."""
    failed = "".join(f"**{failure}.**\n\n" for failure in results.failures)
    rows = [[f"{look.hours * 60:.1f}", f"{look.resident:.1f}", str(look.descriptors)] for look in results.looks]
    return (
        f"# Soak, {results.date}\n\n{failed}"
        f"{results.rate:.0f} calls a second, half of what a closed loop of {CONNECTIONS} connections reaches, for"
        f" {results.looks[-1].hours * 60:.1f} minutes: {results.right:,} right answers, {results.refused:,} refused,"
        f" {results.wrong:,} wrong. After the first {WARM_UP:.0%} of the time memory grew by **{results.growth:+.2f}"
        f" MiB an hour** (least squares; the aim: under {MOST_GROWTH:g}).\n\n"
        f"{table(['minute', 'resident MiB', 'descriptors'], rows)}\n\n{method(results)}\n"
    )


def _soak(work: Path, options: argparse.Namespace) -> Results:
    began = time.monotonic()
    facts, port, key = machine.describe(work), free_port(), secrets.token_hex(20)
    with upstream(work) as model, serving(everloop_launch(work, port, key, model)) as server:
        headers = {"X-API-KEY": key}
        deploy(port, headers, arms=1)
        call = v4_calls(port, headers)[Kind("plain", "short")]
        burst = send_for(PEAK_SECONDS, [call], CONNECTIONS, keep_bodies=False)
        rate = len(burst.good) / burst.seconds / 2
        passed, counts = 0.0, Counter[str]()
        looks = [_look(server.process.pid, 0)]
        for _ in range(options.minutes):
            arrived = offer(call, rate, options.minute)
            counts.update(right=arrived.right, refused=arrived.refused, wrong=arrived.wrong.total())
            passed += arrived.lasted
            looks.append(_look(server.process.pid, passed))
    return Results(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        command=shlex.join(["python", "-m", "bench.soak", *sys.argv[1:]]),
        machine=facts,
        rate=rate,
        right=counts["right"],
        refused=counts["refused"],
        wrong=counts["wrong"],
        looks=looks,
        seconds=time.monotonic() - began,
    )


def _look(pid: int, seconds: float) -> Look:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    resident = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return Look(seconds / 3600, resident, sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line of least squares; 0 for fewer than two places."""
    if len({x for x, _ in points}) < 2:
        return 0.0
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    across = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / across


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--minute", type=float, default=60.0, help="seconds between two looks")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the page goes; default bench/results")
    parser.add_argument("--data", type=Path, help="directory on the disk to measure")
    return parser.parse_args()


if __name__ == "__main__":
    main()
