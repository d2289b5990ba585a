"""Cold starts: from the start of a process to its first answered call, with everything set up before."""

import http.client
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from bench.calls import Call, exchange
from bench.processes import Launch, Server, ServerFailedError, started
from bench.targets import Start

TIMES = 3
ASK_EVERY = 0.01  # seconds
GIVE_UP_AFTER = 120.0  # seconds


def measure(work: Path, upstream: Server, starts: Mapping[str, Start], times: int = TIMES) -> dict[str, list[float]]:
    """Start each side so often, in turn, in a directory where it has run before; return the seconds by name."""
    known: dict[str, tuple[Launch, Call]] = {}
    for name, start in starts.items():
        place = work / name
        place.mkdir(parents=True)
        with start(place, upstream) as side:
            known[name] = side.launch, side.plain
    seconds: dict[str, list[float]] = {name: [] for name in known}
    for _ in range(times):
        for name, (launch, call) in known.items():
            seconds[name].append(_once(launch, call))
    return seconds


def _once(launch: Launch, call: Call) -> float:
    with ExitStack() as stack:
        began = time.perf_counter()
        server = stack.enter_context(started(launch))
        while not _answers(call):
            if time.perf_counter() - began > GIVE_UP_AFTER or server.process.poll() is not None:
                message = f"{launch.name} did not start again:\n{server.last_words()}"
                raise ServerFailedError(message)
            time.sleep(ASK_EVERY)
        return time.perf_counter() - began


def _answers(call: Call) -> bool:
    try:
        status, _ = exchange(call.port, "POST", call.path, call.headers, call.bodies[0])
    except (OSError, http.client.HTTPException):
        return False
    return status == http.client.OK
