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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.calls import Kind, v4_calls
from bench.client import send_for
from bench.deploying import deploy
from bench.overload.arrivals import Arrived, offer
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


def main() -> None:
    """Run it."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="everloop-bench-", dir=options.data) as directory:
        facts = machine.describe(Path(directory))
        rate, looks, arrived = _soak(Path(directory), options)
    growth = slope([(look.hours, look.resident) for look in looks if look.hours >= WARM_UP * looks[-1].hours])
    today = dt.datetime.now(dt.UTC).date().isoformat()
    head = [
        f"# Soak, {today}",
        "",
        f"`{shlex.join(['python', '-m', 'bench.soak', *sys.argv[1:]])}`",
        "",
        f"{facts.processor}, {facts.cores} cores, {facts.kernel}, Python {facts.python}; revision {facts.revision}.",
        "",
    ]
    page = "\n".join([*head, *_report(rate, looks, arrived, growth)])
    print(page)
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / f"{today}-soak.md").write_text(page + "\n", encoding="utf-8")
    sys.exit(any(each.wrong for each in arrived) or growth > MOST_GROWTH)


def _report(rate: float, looks: Sequence[Look], arrived: Sequence[Arrived], growth: float) -> list[str]:
    right, refused = sum(each.right for each in arrived), sum(each.refused for each in arrived)
    wrong = sum(each.wrong.total() for each in arrived)
    rows = [[f"{look.hours * 60:.1f}", f"{look.resident:.1f}", str(look.descriptors)] for look in looks]
    return [
        (
            f"{rate:.0f} calls a second, half of what a closed loop of {CONNECTIONS} connections reaches, for"
            f" {looks[-1].hours * 60:.1f} minutes: {right:,} right answers, {refused:,} refused, {wrong:,} wrong."
        ),
        "",
        (
            f"After the first {WARM_UP:.0%} of the time memory grew by **{growth:+.2f} MiB an hour** (least squares;"
            f" the aim: under {MOST_GROWTH:g})."
        ),
        "",
        table(["minute", "resident MiB", "descriptors"], rows),
    ]


def _soak(work: Path, options: argparse.Namespace) -> tuple[float, list[Look], list[Arrived]]:
    port, key = free_port(), secrets.token_hex(20)
    with upstream(work) as model, serving(everloop_launch(work, port, key, model)) as server:
        headers = {"X-API-KEY": key}
        deploy(port, headers, arms=1)
        call = v4_calls(port, headers)[Kind("plain", "short")]
        burst = send_for(PEAK_SECONDS, [call], CONNECTIONS, keep_bodies=False)
        rate = len(burst.good) / burst.seconds / 2
        passed, arrived = 0.0, []
        looks = [_look(server.process.pid, 0)]
        for _ in range(options.minutes):
            arrived.append(offer(call, rate, options.minute))
            passed += arrived[-1].lasted
            looks.append(_look(server.process.pid, passed))
        return rate, looks, arrived


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
