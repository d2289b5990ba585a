"""Requests that come when they come, whether or not the ones before them are answered: an open loop."""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

import uvloop

from bench.calls import Call
from bench.load import percentile
from bench.processes import HOST

_TURN = 0.005  # seconds between the looks at how many requests are due
_GRACE = 30.0  # seconds for what is under way at the end


@dataclass(slots=True)
class Arrived:
    """What came of them. `refused` had 503 and `Retry-After`; `wrong` is all else, by its status (0: no answer).

    They were sent for `seconds`, and the last one ended after `lasted`; `most_open` were under way at once. Those in
    milliseconds are the median and the 99th percentile.
    """

    seconds: float = 0.0
    lasted: float = 0.0
    offered: int = 0
    right: int = 0
    refused: int = 0
    wrong: Counter[int] = field(default_factory=Counter)
    right_ms: tuple[float, float] = (0.0, 0.0)
    refused_ms: tuple[float, float] = (0.0, 0.0)
    most_open: int = 0


def offer(call: Call, rate: float, seconds: float) -> Arrived:
    """Send so many a second for a time, evenly, each on a connection that is free or on a new one."""
    return uvloop.run(_Offer(call).run(rate, seconds))


class _Offer:
    """Connections and what came over them. A task for each request would take more of the processor than the server."""

    def __init__(self, call: Call) -> None:
        self._port = call.port
        self._requests = call.raw()
        self._free: list[_Line] = []
        self._open = 0
        self._arrived = Arrived()
        self._right_ms: list[float] = []
        self._refused_ms: list[float] = []
        self._idle = asyncio.Event()

    async def run(self, rate: float, seconds: float) -> Arrived:
        began = time.perf_counter()
        tasks: set[asyncio.Task[None]] = set()
        arrived = self._arrived
        while (passed := time.perf_counter() - began) < seconds:
            while arrived.offered < passed * rate:
                request = self._requests[arrived.offered % len(self._requests)]
                arrived.offered += 1
                self._open += 1
                arrived.most_open = max(arrived.most_open, self._open)
                if self._free:
                    self._free.pop().send(request, time.perf_counter())
                    continue
                task = asyncio.create_task(self._connected(request, time.perf_counter()))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(_TURN)
        arrived.seconds = time.perf_counter() - began
        if self._open:
            self._idle.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), _GRACE)
        arrived.wrong[0] += self._open  # these never ended
        arrived.wrong += Counter()
        arrived.lasted = time.perf_counter() - began
        arrived.right_ms, arrived.refused_ms = _percentiles(self._right_ms), _percentiles(self._refused_ms)
        for each in self._free:
            each.close()
        return arrived

    async def _connected(self, request: bytes, began: float) -> None:
        try:
            _, line = await asyncio.get_running_loop().create_connection(lambda: _Line(self), HOST, self._port)
        except OSError:
            self.answered(None, b"", began)
        else:
            line.send(request, began)

    def answered(self, line: "_Line | None", head: bytes, began: float) -> None:
        """One request has ended: with the head of its answer, or without one. The connection is free again."""
        self._open -= 1
        if not self._open:
            self._idle.set()
        took = (time.perf_counter() - began) * 1000
        status = int(head[9:12]) if head else 0
        if status == 200:
            self._arrived.right += 1
            self._right_ms.append(took)
        elif status == 503 and b"\r\nretry-after: " in head.lower():
            self._arrived.refused += 1
            self._refused_ms.append(took)
        else:
            self._arrived.wrong[status] += 1
        if line is not None:
            self._free.append(line)

    def lost(self, line: "_Line") -> None:
        """A connection that was free has gone."""
        if line in self._free:
            self._free.remove(line)


class _Line(asyncio.Protocol):
    """One connection, for one request after the other."""

    def __init__(self, offer: _Offer) -> None:
        self._offer = offer
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._began: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to write to."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def send(self, request: bytes, began: float) -> None:
        """Ask; `began` is when the request was due."""
        assert self._transport is not None
        self._began = began
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Tell that the answer is here once it is all here."""
        received = self._received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n") + 4
        if end < 4 or self._began is None:
            return
        head = received[:end]
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        if len(received) >= end + length:
            self._received, began, self._began = b"", self._began, None
            self._offer.answered(self, head, began)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        """Tell that no answer comes; whoever is free is used no more."""
        if self._began is not None:
            began, self._began = self._began, None
            self._offer.answered(None, b"", began)
        else:
            self._offer.lost(self)

    def close(self) -> None:
        """Hang up."""
        assert self._transport is not None
        self._transport.abort()


def _percentiles(milliseconds: list[float]) -> tuple[float, float]:
    ordered = sorted(milliseconds)
    return percentile(ordered, 50), percentile(ordered, 99)
