"""Requests that come when they come, whether or not the ones before them are answered: an open loop."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

import uvloop

from bench.calls import Call
from bench.load import percentile
from bench.processes import HOST

_TURN = 0.005  # seconds between the looks at how many requests are due
_GRACE = 30.0  # seconds for what is under way at the end


@dataclass(slots=True)
class Arrived:
    """What came of them. `refused` had 503 and `Retry-After`; `wrong` is all else, by its status (0: no answer).

    They were sent for `seconds`, and the last one ended after `lasted`; `most_open` were under way at once.
    """

    seconds: float = 0.0
    lasted: float = 0.0
    offered: int = 0
    right: int = 0
    refused: int = 0
    wrong: Counter[int] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    refusals_ms: list[float] = field(default_factory=list)
    most_open: int = 0

    def percentiles(self, percent: int) -> tuple[float, float]:
        """Return that of right answers and that of refusals, in milliseconds."""
        return percentile(sorted(self.latencies_ms), percent), percentile(sorted(self.refusals_ms), percent)


def offer(call: Call, rate: float, seconds: float) -> Arrived:
    """Send so many a second for a time, evenly, each on a connection that is free or on a new one."""
    return uvloop.run(_Offer(call).run(rate, seconds))


class _Offer:
    def __init__(self, call: Call) -> None:
        self._port = call.port
        self._requests = call.raw()
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._open = 0
        self._arrived = Arrived()

    async def run(self, rate: float, seconds: float) -> Arrived:
        began = time.perf_counter()
        tasks: set[asyncio.Task[None]] = set()
        while (passed := time.perf_counter() - began) < seconds:
            while self._arrived.offered < passed * rate:
                task = asyncio.create_task(self._one(self._requests[self._arrived.offered % len(self._requests)]))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                self._arrived.offered += 1
            await asyncio.sleep(_TURN)
        self._arrived.seconds = time.perf_counter() - began
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE)
        self._arrived.lasted = time.perf_counter() - began
        for _, writer in self._free:
            writer.close()
        return self._arrived

    async def _one(self, request: bytes) -> None:
        began = time.perf_counter()
        self._open += 1
        self._arrived.most_open = max(self._arrived.most_open, self._open)
        try:
            status, retry = await self._exchange(request)
        except (OSError, asyncio.IncompleteReadError):
            status, retry = 0, False
        finally:
            self._open -= 1
        took = (time.perf_counter() - began) * 1000
        if status == 200:
            self._arrived.right += 1
            self._arrived.latencies_ms.append(took)
        elif status == 503 and retry:
            self._arrived.refused += 1
            self._arrived.refusals_ms.append(took)
        else:
            self._arrived.wrong[status] += 1

    async def _exchange(self, request: bytes) -> tuple[int, bool]:
        """Its status, and whether it says when to come again; a connection that breaks is not used again."""
        reader, writer = self._free.pop() if self._free else await asyncio.open_connection(HOST, self._port)
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n", 1)[0]))
        except BaseException:
            writer.close()
            raise
        self._free.append((reader, writer))
        return int(head[9:12]), b"\r\nretry-after: " in head
