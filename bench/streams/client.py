"""Opens many streams, a little apart, and notes when events arrive on each."""

import asyncio
import time
from dataclasses import dataclass
from typing import cast

import httptools
import uvloop

from bench.calls import Call
from bench.processes import HOST

GRACE = 60.0  # seconds beyond the pace for a stream to end


@dataclass(slots=True)
class Stream:
    """One stream's fate: when it was read from (seconds, monotonic), and the body it gave."""

    status: int = 0
    complete: bool = False
    longest_gap: float = 0.0  # between two reads of its body
    last_read: float = 0.0
    body: bytes = b""


class _Listener(asyncio.Protocol):
    """Asks once and listens to the end."""

    def __init__(self, raw: bytes) -> None:
        self.stream = Stream()
        self.finished = asyncio.get_running_loop().create_future()
        self._raw = raw
        self._parts: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._raw)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - an incomplete stream says so
        if not self.finished.done():
            self.finished.set_result(None)

    def on_headers_complete(self) -> None:
        """Note the status (called by the parser)."""
        self.stream.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Note the time (called by the parser)."""
        now, stream = time.perf_counter(), self.stream
        if stream.last_read:
            stream.longest_gap = max(stream.longest_gap, now - stream.last_read)
        stream.last_read = now
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """Keep what came (called by the parser)."""
        self.stream.complete = True
        self.stream.body = b"".join(self._parts)
        self._transport.close()


def listen(call: Call, streams: int, apart: float, seconds: float) -> list[Stream]:
    """Open so many streams, the whole of them over `apart` seconds; each should last so many `seconds`."""
    return uvloop.run(_listen(call, streams, apart, seconds + GRACE))


async def _listen(call: Call, streams: int, apart: float, limit: float) -> list[Stream]:
    loop = asyncio.get_running_loop()
    listeners: list[_Listener] = []
    raw = call.raw()[0]
    began = loop.time()
    async with asyncio.timeout(apart + limit):
        for number in range(streams):
            await asyncio.sleep(max(began + number * apart / streams - loop.time(), 0))
            _, listener = await loop.create_connection(lambda: _Listener(raw), HOST, call.port)
            listeners.append(listener)
        await asyncio.gather(*(listener.finished for listener in listeners))
    return [listener.stream for listener in listeners]
