"""Seed an experiment with a million trials and one with a thousand, and time the reading of their results."""

import argparse
import datetime as dt
import http.client
import secrets
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import machine, targets
from bench.answers import WrongAnswerError
from bench.calls import exchange
from bench.deploying import Deployed, deploy
from bench.durability import NoDatabaseError, database_in
from bench.processes import HOST, Server, ServerFailedError, free_port, serving
from bench.results_read.page import Reading, Results, write
from bench.results_read.seeding import seed

RESULTS = Path(__file__).parent.parent / "results"
FEW = 1_000
ARMS = 3
WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Seeded:
    """A running server whose experiment has a past."""

    trials: int
    port: int
    headers: dict[str, str]
    deployed: Deployed
    seeding_seconds: float
    database_bytes: int
    server: Server

    def routes(self) -> dict[str, str]:
        """Return what is read, by what it is called."""
        experiment = f"/api/experiments/{self.deployed.experiment_id}"
        return {
            "GET /api/experiments/{id}/results": f"{experiment}/results",
            "GET /api/experiments/{id}/timeline": f"{experiment}/timeline",
            "GET /v4/projects/{id}/experiments": f"/v4/projects/{self.deployed.project_id}/experiments",
        }


class ArmRead(msgspec.Struct):
    """What is checked of an arm."""

    trials: int
    rated_units: int


class ResultsRead(msgspec.Struct):
    """What is checked of the results."""

    arms: list[ArmRead]


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
            seeded = [stack.enter_context(_seeded(work / str(trials), upstream, trials)) for trials in (FEW, many)]
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


@contextmanager
def _seeded(work: Path, upstream: Server, trials: int) -> Iterator[Seeded]:
    """Let a server make the experiment, give it its past while the server is stopped, and serve again."""
    port, key = free_port(), secrets.token_hex(20)
    launch = targets.everloop_launch(work, port, key, upstream)
    headers = {"X-API-KEY": key}
    with serving(launch):
        deployed = deploy(port, headers, arms=ARMS)
    database = database_in(work / "data")
    began = time.monotonic()
    seed(database, trials)
    seconds = time.monotonic() - began
    sys.stderr.write(f"{trials:,} trials written in {seconds:.0f} s\n")
    with serving(launch) as server:
        size = database.stat().st_size
        seeded = Seeded(trials, port, headers, deployed, seconds, size, server)
        _check(seeded)
        yield seeded


def _check(seeded: Seeded) -> None:
    """Raise WrongAnswerError unless the server tells of as many trials as were written."""
    path = next(iter(seeded.routes().values()))
    status, body = exchange(seeded.port, "GET", path, seeded.headers)
    read = msgspec.json.decode(body, type=ResultsRead) if status == http.client.OK else ResultsRead([])
    if sum(arm.trials for arm in read.arms) != seeded.trials or not all(arm.rated_units for arm in read.arms):
        message = f"GET {path} gave {status}: {body[:300]!r} for {seeded.trials} trials"
        raise WrongAnswerError(message)


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
