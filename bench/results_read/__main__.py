"""Seed an experiment with a million trials and one with a thousand, and time the reading of their results."""

import argparse
import datetime as dt
import http.client
import shlex
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench import machine, targets
from bench.answers import WrongAnswerError
from bench.durability import NoDatabaseError
from bench.processes import HOST, ServerFailedError
from bench.results_read.page import Reading, Results, write
from bench.results_read.subject import FEW, Seeded, seeded_server

RESULTS = Path(__file__).parent.parent / "results"
WARM_UP = 20


def main() -> None:
    """Run, write, and say; exits with 1 when a page took longer than promised."""
    options = _options()
    began = time.monotonic()
    many = 10_000 if options.quick else options.trials
    try:
        with tempfile.TemporaryDirectory(prefix="everloop-bench-", dir=options.data) as directory, ExitStack() as stack:
            work = Path(directory)
            facts = machine.describe(work)
            upstream = stack.enter_context(targets.upstream(work))
            seeded = [
                stack.enter_context(seeded_server(work / str(trials), upstream, trials)) for trials in (FEW, many)
            ]
            readings = _read(seeded, options.requests)
    except (ServerFailedError, WrongAnswerError, NoDatabaseError) as error:
        sys.exit(f"No result. {error}")
    results = Results(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        command=shlex.join(["python", "-m", "bench.results_read", *sys.argv[1:]]),
        machine=facts,
        readings=readings,
        seconds=time.monotonic() - began,
    )
    page = write(results, options.output, f"{results.date}-results-read{'-quick' if options.quick else ''}")
    print(page.read_text(encoding="utf-8"))
    sys.exit(bool(results.failures))


def _read(seeded: list[Seeded], requests: int) -> list[Reading]:
    """Read every route on each server so often, one request at a time, the servers in turn."""
    found = []
    for name in seeded[0].routes():
        for each in seeded:
            times, size = _timed(each, each.routes()[name], requests)
            found.append(Reading(name, each.trials, times, size, each.database_bytes, each.seeding_seconds))
    return found


def _timed(seeded: Seeded, path: str, requests: int) -> tuple[list[float], int]:
    """Return the seconds of each request, sent and read whole on one connection, and the size of the answer."""
    connection = http.client.HTTPConnection(HOST, seeded.port, timeout=30)
    times, size = [], 0
    for number in range(WARM_UP + requests):
        began = time.perf_counter()
        connection.request("GET", path, headers=seeded.headers)
        response = connection.getresponse()
        size = len(response.read())
        if response.status != http.client.OK:
            message = f"GET {path} gave {response.status}"
            raise WrongAnswerError(message)
        if number >= WARM_UP:
            times.append(time.perf_counter() - began)
    connection.close()
    return times, size


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.results_read", description=__doc__)
    parser.add_argument("--trials", type=int, default=1_000_000, help="of the larger experiment; default a million")
    parser.add_argument("--requests", type=int, default=300, help="of each route on each server; default 300")
    parser.add_argument("--quick", action="store_true", help="10,000 trials: does it work here?")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where results go; default bench/results")
    parser.add_argument("--data", type=Path, help="directory for the databases; default the system's temporary one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
