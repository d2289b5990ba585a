"""`python -m bench.streams`: run the three scenarios, print the page, keep it; exit 1 when a stream was not whole."""

import argparse
import datetime as dt
import shlex
import sys
import tempfile
import time
from pathlib import Path

from bench import machine
from bench.answers import WrongAnswerError
from bench.durability import NoDatabaseError
from bench.processes import ServerFailedError
from bench.streams.page import Results, write
from bench.streams.scenarios import Pace, run

RESULTS = Path(__file__).parent.parent / "results"
STEADY = Pace("steady", streams=200, interval=0.05, tokens=200, apart=1.0, seconds=0, rounds=3)
FAST = Pace("fast", streams=64, interval=0, tokens=200, apart=0, seconds=5, rounds=3)
MANY = Pace("many", streams=1_000, interval=1.0, tokens=20, apart=5.0, seconds=0, rounds=1)
QUICK = (
    Pace("steady", streams=50, interval=0.05, tokens=40, apart=0.5, seconds=0, rounds=1),
    Pace("fast", streams=16, interval=0, tokens=200, apart=0, seconds=1, rounds=1),
    Pace("many", streams=200, interval=0.1, tokens=20, apart=1.0, seconds=0, rounds=1),
)


def main() -> None:
    """Run it."""
    options = _options()
    began = time.monotonic()
    paces = QUICK if options.quick else (STEADY, FAST, MANY)
    try:
        with tempfile.TemporaryDirectory(prefix="everloop-bench-", dir=options.data) as directory:
            facts = machine.describe(Path(directory))
            steady, fast, many = (run(Path(directory) / pace.name, pace) for pace in paces)
    except (ServerFailedError, WrongAnswerError, NoDatabaseError, TimeoutError) as error:
        sys.exit(f"No result. {error}")
    results = Results(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        command=shlex.join(["python", "-m", "bench.streams", *sys.argv[1:]]),
        machine=facts,
        steady=steady,
        fast=fast,
        many=many,
        seconds=time.monotonic() - began,
    )
    page = write(results, options.output, f"{results.date}-streams{'-quick' if options.quick else ''}")
    print(page.read_text(encoding="utf-8"))
    sys.exit(bool(results.failures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter: does it work here?")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where results go; default bench/results")
    parser.add_argument(
        "--data", type=Path, help="directory on the disk to measure; default the system's temporary one"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
