"""`python -m bench.parts`: the processor time of one call by part, from each thread's clock and a sampler's stacks.

The clocks of the threads (/proc) are exact. What the event loop's thread spends is shared out by the stacks that
py-spy (https://github.com/benfred/py-spy, `pip install py-spy`) takes of it 250 times a second: each stack counts for
the innermost frame that a part claims, so that a library's time is its caller's, unless the library is a part itself.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.calls import MODES, Kind
from bench.load import Wrk
from bench.processes import TICKS
from bench.tables import table
from bench.targets import Side, bare, everloop_of, upstream

RATE = 250  # stacks a second
PARTS = (
    ("HTTP in: uvicorn, httptools", ("uvicorn/protocols/", "uvicorn/middleware/")),
    ("parse, validate, answer: `api`", ("everloop/api/",)),
    ("resolve, render, record: `services`, `domain`", ("everloop/services/", "everloop/domain/")),
    ("HTTP out and the vendor's format: `providers`", ("everloop/providers/", "aiohttp/", "aiohappyeyeballs/")),
    ("hand-over to the log writer: `storage`", ("everloop/storage/",)),
    ("keys, ids, metrics, prices", ("everloop/security/", "everloop/telemetry/")),
    ("the passthrough itself", ("passthrough.py",)),
)
# What lies outside it is how the process was started.
_LOOP_FRAME = "(asyncio/runners.py"
LOOP = "the loop: uvloop, asyncio, sockets, idle turns"
OTHERS = "other threads: the log writer (SQLite), checkpoints"


@dataclass(frozen=True, slots=True)
class Measured:
    """One interval of one side: microseconds of processor time a call, by part."""

    per_second: float
    parts: dict[str, float]

    @property
    def total(self) -> float:
        """Return the sum of all parts."""
        return sum(self.parts.values())


def main() -> None:
    """Measure all sides in both modes and print a table."""
    options = _options()
    sampler, wrk = shutil.which("py-spy"), shutil.which("wrk")
    if sampler is None or wrk is None:
        sys.exit("It needs py-spy (pip install py-spy) and wrk (apt-get install wrk).")
    with tempfile.TemporaryDirectory(prefix="everloop-bench-") as directory, ExitStack() as stack:
        work = Path(directory)
        model = stack.enter_context(upstream(work))
        sides = {"bare": stack.enter_context(bare(_place(work, "bare"), model))}
        for name, python in {"before": options.before, "Everloop": sys.executable}.items():
            if python:
                sides[name] = stack.enter_context(everloop_of(_place(work, name), model, python))
        load = Wrk(wrk, work)
        for mode in MODES:
            kind = Kind(mode, options.prompt)
            for side in sides.values():
                load.run(side.calls[kind], options.connections, 1)
            rounds = [
                {name: _measured(side, kind, load, sampler, options) for name, side in sides.items()}
                for _ in range(options.rounds)
            ]
            print(_page(mode, options, rounds), flush=True)


def _place(work: Path, name: str) -> Path:
    place = work / name
    place.mkdir()
    return place


def _measured(side: Side, kind: Kind, load: Wrk, sampler: str, options: argparse.Namespace) -> Measured:
    pid = side.server.process.pid
    stacks = load.work / "stacks.txt"
    command = [sampler, "record", "--pid", str(pid), "--rate", str(RATE), "--duration", str(options.seconds)]
    before = _thread_seconds(pid)
    with subprocess.Popen(
        [*command, "--format", "raw", "--threads", "--output", str(stacks)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as spy:
        interval = load.run(side.calls[kind], options.connections, options.seconds)
        spy.wait(timeout=60)
    after = _thread_seconds(pid)
    spent = {thread: (seconds - before.get(thread, 0)) / interval.answers * 1e6 for thread, seconds in after.items()}
    parts = {part: share * spent[pid] for part, share in shares(stacks.read_text()).items()}
    parts[OTHERS] = sum(spent.values()) - spent[pid]
    return Measured(interval.per_second, parts)


def _thread_seconds(pid: int) -> dict[int, float]:
    """The processor time of each thread; that of the event loop has the process's number."""
    found = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        fields = (thread / "stat").read_text().rpartition(")")[2].split()
        found[int(thread.name)] = (int(fields[11]) + int(fields[12])) / TICKS  # utime, stime of proc(5)
    return found


def shares(stacks: str) -> dict[str, float]:
    """Return each part's share in the stacks of the main thread; a line is frames, outermost first, and a count."""
    counts: Counter[str] = Counter()
    for line in stacks.splitlines():
        frames, _, count = line.rpartition(" ")
        if "MainThread" in frames:
            counts[_part(frames.rpartition(_LOOP_FRAME)[2].split(";"))] += int(count)
    total = max(counts.total(), 1)
    return {part: count / total for part, count in counts.items()}


def _part(frames: list[str]) -> str:
    for frame in reversed(frames):
        for part, places in PARTS:
            if any(place in frame for place in places):
                return part
    return LOOP


def _page(mode: str, options: argparse.Namespace, rounds: list[dict[str, Measured]]) -> str:
    sides = list(rounds[0])
    names = [*(part for part, _ in PARTS), LOOP, OTHERS]
    rows = [[part, *(f"{_median(rounds, side, part):.0f}" for side in sides)] for part in names]
    rows.append(["**all**", *(f"**{median(each[side].total for each in rounds):.0f}**" for side in sides)])
    rows.append(["calls a second", *(f"{median(each[side].per_second for each in rounds):,.0f}" for side in sides)])
    what = f"## {mode}, {options.prompt} prompt, {options.connections} connections, {options.rounds} rounds\n\n"
    return f"{what}Processor time of a call in microseconds, median.\n\n" + table(["part", *sides], rows) + "\n"


def _median(rounds: list[dict[str, Measured]], side: str, part: str) -> float:
    return median(each[side].parts.get(part, 0.0) for each in rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.parts", description=__doc__)
    parser.add_argument("--before", help="the Python of another version's virtual environment, to set beside this one")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each interval")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--prompt", default="short", choices=["short", "long"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
