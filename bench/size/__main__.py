"""Fill a server's database with more and more logs, and time calls and reads at each size."""

import argparse
import datetime as dt
import http.client
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import machine, targets
from bench.answers import WrongAnswerError
from bench.client import send_count
from bench.processes import HOST, ServerFailedError, serving
from bench.size.databases import PostgreSQL, SQLiteFile
from bench.size.page import Reading, Results, write
from bench.size.subject import Read, Subject, prepare
from tests.postgres import cluster

RESULTS = Path(__file__).parent.parent / "results"
SIZES = (1_000, 100_000, 1_000_000)
WARM_UP = 20
# A read that takes seconds is not asked for hundreds of times.
LEAST, PATIENCE = 5, 10.0  # requests, seconds
CALL = "POST /v4/completion-deployed"


def main() -> None:
    """Run, write, and say; exits with 1 when a read took longer than promised."""
    options = _options()
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="everloop-bench-", dir=options.data) as directory, ExitStack() as stack:
            work = Path(directory)
            facts = machine.describe(work)
            upstream = stack.enter_context(targets.upstream(work))
            url = stack.enter_context(_own_server()) if options.postgresql else options.database
            database = PostgreSQL(url) if url else SQLiteFile(work / "data" / "everloop.db")
            subject = prepare(work, upstream, database)
            readings = [each for size in options.sizes for each in _measure(subject, size, options.requests)]
    except (ServerFailedError, WrongAnswerError) as error:
        sys.exit(f"No result. {error}")
    results = Results(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        command=shlex.join(["python", "-m", "bench.size", *_without_password(sys.argv[1:])]),
        database="PostgreSQL" if url else "SQLite",
        machine=facts,
        readings=readings,
        seconds=time.monotonic() - began,
    )
    kind = "-postgresql" if url else ""
    page = write(results, options.output, f"{results.date}-size{kind}")
    print(page.read_text(encoding="utf-8"))
    sys.exit(bool(results.failures))


def _measure(subject: Subject, size: int, requests: int) -> list[Reading]:
    """Fill up to a size while the server is stopped, then time everything, one request at a time."""
    began = time.monotonic()
    there = subject.database.logs()
    subject.database.add(subject.place, there, size)
    bytes_ = subject.database.bytes()
    sys.stderr.write(f"{size:,} logs after {time.monotonic() - began:.0f} s\n")
    with serving(subject.launch):
        found = [Reading(CALL, size, bytes_, *_called(subject, requests))]
        found += [Reading(each.name, size, bytes_, *_timed(subject, each, requests)) for each in subject.reads()]
    return found


def _called(subject: Subject, requests: int) -> tuple[list[float], int]:
    """Return the seconds of each call on one connection, and the size of the last answer."""
    burst = send_count(WARM_UP + requests, [subject.call()], 1)
    if len(burst.good) != WARM_UP + requests:
        message = f"{WARM_UP + requests - len(burst.good)} calls failed"
        raise WrongAnswerError(message)
    return [each.seconds for each in burst.good[WARM_UP:]], len(burst.good[-1].body)


def _timed(subject: Subject, read: Read, requests: int) -> tuple[list[float], int]:
    """Return the seconds of each request, sent and read whole on one connection, and the size of the last answer.

    After `PATIENCE` seconds it is enough, and after a tenth of them warm enough.
    """
    connection = http.client.HTTPConnection(HOST, subject.launch.port, timeout=60)
    times: list[float] = []
    warm, size, begin = 0, 0, time.perf_counter()
    while len(times) < requests and (len(times) < LEAST or time.perf_counter() - begin < PATIENCE):
        began = time.perf_counter()
        connection.request(read.method, read.path, headers=dict(subject.headers))
        response = connection.getresponse()
        size = len(response.read())
        if response.status != http.client.OK:
            message = f"{read.method} {read.path} gave {response.status}"
            raise WrongAnswerError(message)
        if warm < WARM_UP and began - begin < PATIENCE / 10:
            warm += 1
        else:
            times.append(time.perf_counter() - began)
    connection.close()
    return times, size


@contextmanager
def _own_server() -> Iterator[str]:
    """Start PostgreSQL as it is by default, so that commits wait for the disk; give the URL of an empty database."""
    with cluster("-c", "synchronous_commit=on") as running:
        yield running.create("bench")


def _without_password(arguments: list[str]) -> list[str]:
    return ["postgresql://…" if "://" in each else each for each in arguments]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.size", description=__doc__)
    parser.add_argument(
        "--sizes", type=_sizes, default=SIZES, help="numbers of logs, growing; default 1000,100000,1000000"
    )
    parser.add_argument("--requests", type=int, default=200, help="of each kind at each size; default 200")
    servers = parser.add_mutually_exclusive_group()
    servers.add_argument("--database", help="postgresql://… of an empty database; default SQLite")
    servers.add_argument("--postgresql", action="store_true", help="a server of its own, from the wheel of the tests")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where results go; default bench/results")
    parser.add_argument("--data", type=Path, help="directory for the databases; default the system's temporary one")
    return parser.parse_args()


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(int(each) for each in text.split(","))
    if sizes != tuple(sorted(set(sizes))) or sizes[0] < SIZES[0]:
        message = f"sizes grow and begin with {SIZES[0]} at least"
        raise argparse.ArgumentTypeError(message)
    return sizes


if __name__ == "__main__":
    main()
