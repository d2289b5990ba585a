"""`python -m bench`: run the comparison, print the page, keep it with the raw figures; exit 1 when the run is void."""

import argparse
import datetime as dt
import shlex
import sys
import tempfile
import time
from pathlib import Path

from bench import coldstart, machine, report, targets
from bench.answers import WrongAnswerError
from bench.durability import NoDatabaseError, count_after_rounds, kill_in_a_burst
from bench.figures import Plan
from bench.load import HOW_TO_INSTALL, BuiltIn, Generator, LoadFailedError, choose_generator
from bench.measure import measure
from bench.peers import gateways
from bench.processes import ServerFailedError
from bench.sides import OTHERS, Lineup, line_up, open_sides

RESULTS = Path(__file__).parent / "results"
QUICK = Plan(rounds=2, seconds=1, check_seconds=0.3, connections=(1, 32), long_connections=(32,))
LONG_CONNECTIONS = (32,)


def main() -> None:
    """Run it."""
    options = _options()
    plan = QUICK if options.quick else Plan(options.rounds, options.seconds, 0.5, options.connections, LONG_CONNECTIONS)
    try:
        results = _run(plan, options.data, line_up(options.beside, install=options.peers))
    except (ServerFailedError, WrongAnswerError, LoadFailedError, NoDatabaseError) as error:
        sys.exit(f"No result. {error}")
    page = report.write(results, options.output, f"{results.date}-deployed{'-quick' if options.quick else ''}")
    sys.stdout.write(page.read_text())
    sys.stderr.write(f"kept in {page}, with its .svg and .json\n")
    sys.exit(1 if results.failures else 0)


def _run(plan: Plan, data: Path | None, lineup: Lineup) -> report.Results:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="everloop-bench-", dir=data) as directory:
        work = Path(directory)
        generator = _generator(work)
        facts = machine.describe(work)
        with targets.upstream(work) as upstream:
            with open_sides(work / "rounds", upstream, lineup) as sides:
                measured = measure(plan, generator, upstream, sides)
                after_rounds = [count_after_rounds(side, measured) for side in sides if side.data]
            kills = lineup.killed.items()
            after_kill = [kill_in_a_burst(work / f"kill-{name}", upstream, start) for name, start in kills]
            cold_starts = coldstart.measure(work / "cold", upstream, lineup.started_cold)
    return report.Results(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        command=shlex.join(["python", "-m", "bench", *sys.argv[1:]]),
        client=generator.description,
        plan=plan,
        machine=facts,
        measured=measured,
        cold_starts=cold_starts,
        after_rounds=after_rounds,
        after_kill=after_kill,
        peers={name: version for name, version in gateways.versions().items() if name in lineup.starts},
        absent=lineup.absent,
        seconds=time.monotonic() - began,
    )


def _generator(work: Path) -> Generator:
    generator = choose_generator(work)
    if isinstance(generator, BuiltIn):
        sys.stderr.write(HOW_TO_INSTALL + "\n")
    return generator


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=_positive, default=5, help="default 5")
    parser.add_argument("--seconds", type=_positive, default=4, help="of each interval, whole seconds; default 4")
    parser.add_argument("--connections", type=_several, default=(1, 32, 128), help="default 1,32,128")
    parser.add_argument("--quick", action="store_true", help="a smoke test of the harness in a few minutes")
    parser.add_argument(
        "--beside",
        type=_others,
        default=OTHERS,
        help=f"who takes part besides the proxy and Everloop, of {','.join(OTHERS)}; default all; - for nobody",
    )
    parser.add_argument("--peers", action="store_true", help="install other gateways first when they are missing")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where results go; default bench/results")
    parser.add_argument(
        "--data", type=Path, help="directory on the disk to measure; default the system's temporary one"
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        message = "must be at least 1"
        raise argparse.ArgumentTypeError(message)
    return number


def _several(text: str) -> tuple[int, ...]:
    return tuple(_positive(part) for part in text.split(","))


def _others(text: str) -> tuple[str, ...]:
    names = () if text == "-" else tuple(text.split(","))
    strangers = set(names) - set(OTHERS)
    if strangers:
        message = f"no such side: {', '.join(sorted(strangers))}"
        raise argparse.ArgumentTypeError(message)
    return names


if __name__ == "__main__":
    main()
