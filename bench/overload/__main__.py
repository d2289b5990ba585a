"""`python -m bench.overload`: twice the capacity offered, and a prompt of ten megabytes; exit 1 for a wrong answer."""

import argparse
import datetime as dt
import secrets
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench import machine
from bench.calls import Call, Kind, v4_calls
from bench.client import send_for
from bench.deploying import deploy
from bench.machine import Machine
from bench.overload.arrivals import Arrived, offer
from bench.overload.stall import Stalled, stall
from bench.pages import free_stem, keep, method
from bench.processes import free_port, serving
from bench.targets import everloop_launch, upstream

RESULTS = Path(__file__).parent.parent / "results"
CONNECTIONS = 32
TIMES = 2
WARM_UP = 2.0


@dataclass(frozen=True, slots=True)
class Round:
    """The rate that a closed loop reaches, and what came of twice that."""

    peak: float
    arrived: Arrived

    @property
    def goodput(self) -> float:
        """Return right answers a second, until the last one of those that were offered has ended."""
        return self.arrived.right / self.arrived.lasted


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run."""

    date: str
    command: str
    machine: Machine
    max_calls: int
    rounds: list[Round]
    stalls: list[Stalled]
    seconds: float

    @property
    def failures(self) -> list[str]:
        """Name the answers that were neither right nor a clean refusal."""
        return [
            f"round {number}: {dict(each.arrived.wrong)} wrong"
            for number, each in enumerate(self.rounds, 1)
            if each.arrived.wrong
        ]


def main() -> None:
    """Run it."""
    options, began = _options(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="everloop-bench-", dir=options.data) as directory:
        facts = machine.describe(Path(directory))
        with _server(Path(directory), options.max_calls) as call:
            send_for(WARM_UP, [call], CONNECTIONS, keep_bodies=False)
            rounds = [_round(call, options.seconds) for _ in range(options.rounds)]
            stalls = [stall(call) for _ in range(options.rounds)]
    results = Results(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        command=shlex.join(["python", "-m", "bench.overload", *sys.argv[1:]]),
        machine=facts,
        max_calls=options.max_calls,
        rounds=rounds,
        stalls=stalls,
        seconds=time.monotonic() - began,
    )
    page = keep(results, markdown(results), options.output, free_stem(options.output, f"{results.date}-overload"))
    print(page.read_text(encoding="utf-8"))
    sys.exit(bool(results.failures))


def markdown(results: Results) -> str:
    """Return the page."""
    void = "".join(f"**Void: {failure}.**\n\n" for failure in results.failures)
    tables = "\n".join([*_overload(results.rounds, results.max_calls), *_stalls(results.stalls)])
    return f"# Overload, {results.date}\n\n{void}{tables}\n\n{method(results)}\n"


@contextmanager
def _server(work: Path, max_calls: int) -> Iterator[Call]:
    """One Everloop with an instant upstream; its plain call with the short prompt."""
    port, key = free_port(), secrets.token_hex(20)
    with upstream(work) as model:
        launch = everloop_launch(work, port, key, model)
        launch = replace(launch, environment={**launch.environment, "EVERLOOP_MAX_CALLS": str(max_calls)})
        with serving(launch):
            headers = {"X-API-KEY": key}
            deploy(port, headers, arms=1)
            yield v4_calls(port, headers)[Kind("plain", "short")]


def _round(call: Call, seconds: float) -> Round:
    burst = send_for(seconds, [call], CONNECTIONS, keep_bodies=False)
    peak = len(burst.good) / burst.seconds
    return Round(peak, offer(call, TIMES * peak, seconds))


def _overload(rounds: Sequence[Round], max_calls: int) -> list[str]:
    rows = [
        f"| {number} | {each.peak:.0f} | {each.arrived.offered / each.arrived.seconds:.0f} | {each.goodput:.0f} |"
        f" {each.goodput / each.peak:.2f} | {each.arrived.refused} | {sum(each.arrived.wrong.values())} |"
        f" {each.arrived.right_ms[1]:.0f} | {each.arrived.refused_ms[1]:.0f} | {each.arrived.most_open} |"
        for number, each in enumerate(rounds, 1)
    ]
    return [
        f"## Twice the capacity (EVERLOOP_MAX_CALLS={max_calls})",
        "",
        "| round | peak/s | offered/s | right/s | of peak | refused | wrong | p99 right, ms | p99 refused, ms | open |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def _stalls(stalls: Sequence[Stalled]) -> list[str]:
    rows = [
        f"| {number} | {each.call_ms:.0f} | {each.slowest_ms:.0f} | {each.slowest_before_ms:.0f} |"
        for number, each in enumerate(stalls, 1)
    ]
    return [
        "## A prompt of 10 MB",
        "",
        "| round | the call, ms | slowest /healthz beside it, ms | slowest without it, ms |",
        "|---|---|---|---|",
        *rows,
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.overload", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each phase")
    parser.add_argument("--max-calls", type=int, default=128, help="EVERLOOP_MAX_CALLS of the server")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the page goes; default bench/results")
    parser.add_argument("--data", type=Path, help="directory on the disk to measure")
    return parser.parse_args()


if __name__ == "__main__":
    main()
