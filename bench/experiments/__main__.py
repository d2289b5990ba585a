"""Simulate experiments whose truth is known, and count the verdicts that are false. See README.md."""

import argparse
import datetime as dt
import multiprocessing
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.experiments import page
from bench.experiments.course import Course, follow
from bench.experiments.plan import CONTRAST, EQUAL, LIFT_PART, LIFTS, LONG, LONG_PART
from bench.experiments.results import Results, of_contrast, of_equal, of_lift
from bench.experiments.world import World

RESULTS = Path(__file__).parent.parent / "results"
QUICK = 200

Simulate = Callable[[World, int], list[Course]]


def main() -> None:
    """Run, write, and say; exits with 1 when a promise is broken."""
    options = _options()
    started = time.monotonic()
    experiments = QUICK if options.quick else options.experiments
    with multiprocessing.Pool(options.processes) as pool:

        def simulate(world: World, count: int) -> list[Course]:
            one = partial(_one, world=world, seed=options.seed)
            courses = pool.map(one, range(count), chunksize=10)
            print(f"{world.name}: {count} experiments, {time.monotonic() - started:.0f} s", file=sys.stderr)
            return courses

        results = _results(simulate, experiments, options.seed, started)
    print(page.write(results, options.output))
    print(page.markdown(results))
    sys.exit(bool(results.failures))


def _results(simulate: Simulate, experiments: int, seed: str, started: float) -> Results:
    courses = {world.name: simulate(world, experiments) for world in EQUAL}
    courses[LONG.name] = simulate(LONG, max(experiments // LONG_PART, 1))
    lifts = [of_lift(world, simulate(world, max(experiments // LIFT_PART, 2))) for world in LIFTS]
    return Results(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        command=shlex.join(["python", "-m", "bench.experiments", *sys.argv[1:]]),
        seed=seed,
        python=platform.python_version(),
        seconds=time.monotonic() - started,
        equal=[of_equal(world, courses[world.name]) for world in (*EQUAL, LONG)],
        contrast=of_contrast(CONTRAST, courses[CONTRAST.name]),
        lifts=lifts,
    )


def _one(number: int, *, world: World, seed: str) -> Course:
    return follow(world, f"{seed} {world.name} {number}", contrast=world == CONTRAST, until_verdict=world in LIFTS)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.experiments", description=__doc__)
    parser.add_argument("--experiments", type=int, default=2_000, help="in each world; default 2000")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} experiments in each world")
    parser.add_argument("--seed", default="everloop", help="any text; default everloop")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="default: one a core")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where results go; default bench/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
