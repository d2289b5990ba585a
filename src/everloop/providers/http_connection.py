"""One HTTP/1.1 connection to a provider: a request goes out, an answer comes in, one after the other.

The parser is `httptools` (llhttp, which Node.js uses); here is only who waits for it, and for how long.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, cast

import httptools

# Bytes of an answer that may wait for their reader; then the connection is not read any more.
_WAITING: Final = 256 * 1024
_LONGEST_HEAD: Final = 64 * 1024
_JOINED: Final = 64 * 1024  # smaller bodies leave in one write with their head
_INTERIM: Final = 200  # statuses below are not the answer yet (RFC 9110, section 15.2)


class NotHttp(Exception):
    """What came is no HTTP answer."""


class Lost(Exception):
    """The connection ended before the answer did."""


class Silent(Exception):
    """Nothing came for as long as one may wait for the beginning, or for more."""


class TooSlow(Exception):
    """The whole answer took too long."""


class HttpAnswer:
    """An answer on its way. `headers` has lower-case names, `status` is 0 until it is known.

    The methods that wait raise `NotHttp`, `Lost`, `Silent` or `TooSlow`, after what had come before that.
    """

    __slots__ = ("_connection", "_failure", "_pieces", "_size", "_waiter", "headers", "status", "whole")

    def __init__(self, connection: "HttpConnection") -> None:
        self._connection = connection
        self._pieces: list[bytes] = []
        self._size = 0
        self._failure: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.status = 0
        self.headers: dict[str, str] = {}
        self.whole = False

    async def begin(self) -> None:
        """Returns when status and headers are here."""
        while not self.status:
            await self._wait()

    async def next(self) -> bytes:
        """What has come of the body, as soon as there is something; nothing at its end."""
        while not self._pieces:
            if self.whole and self._failure is None:
                return b""
            await self._wait()
        piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self._connection.go_on(self)
        return piece

    def limit(self, gap: float) -> None:
        """Another limit for every silence from now on, in seconds."""
        self._connection.limit(self, gap)

    def hang_up(self) -> None:
        """Ends the connection, unless the answer is whole: then it may be somebody else's by now."""
        if not self.whole:
            self._connection.hang_up()

    # For the connection.

    def begun(self, status: int, headers: Mapping[str, str]) -> None:
        """Status and headers are here."""
        self.status, self.headers = status, dict(headers)
        self._wake()

    def grown(self, piece: bytes) -> bool:
        """More of the body is here; whether there is so much that no more should come for now."""
        self._pieces.append(piece)
        self._size += len(piece)
        self._wake()
        return self._size > _WAITING

    def end(self, failure: Exception | None) -> None:
        """Nothing more will come."""
        self.whole = True
        self._failure = failure
        self._wake()

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        waiter = self._waiter = self._connection.loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class HttpConnection(asyncio.Protocol):
    """Speaks with one server. `freed` is called once for each request, when its answer has ended in whatever way."""

    def __init__(self, loop: asyncio.AbstractEventLoop, freed: Callable[["HttpConnection"], None]) -> None:
        self.loop = loop
        self.closed = False
        self._freed = freed
        self._transport: asyncio.Transport
        self._parser: httptools.HttpResponseParser
        self._answer: HttpAnswer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._gap = self._heard = self._deadline = 0.0
        self._headers: dict[str, str] = {}
        self._head = 0
        self._paused = False

    def send(self, head: bytes, body: bytes, gap: float, total: float) -> HttpAnswer:
        """Sends a request. `gap` limits every silence and `total` the whole answer, in seconds."""
        self._parser = httptools.HttpResponseParser(self)
        self._headers, self._head = {}, 0
        answer = self._answer = HttpAnswer(self)
        self._heard = self.loop.time()
        self._gap, self._deadline = gap, self._heard + total
        self._arm()
        if len(body) <= _JOINED:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        return answer

    def limit(self, answer: HttpAnswer, gap: float) -> None:
        """Another limit for silences, while this answer is the one that comes."""
        if answer is self._answer:
            self._gap, self._heard = gap, self.loop.time()
            self._arm()

    def go_on(self, answer: HttpAnswer) -> None:
        """Its reader is ready for more."""
        if self._paused and answer is self._answer:
            self._paused = False
            self._heard = self.loop.time()
            self._transport.resume_reading()

    def hang_up(self) -> None:
        """Ends the connection at once."""
        self.closed = True
        self._disarm()
        self._transport.abort()

    # What the event loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Part of `asyncio.Protocol`."""
        self._heard = self.loop.time()
        if self._answer is None:
            self.hang_up()  # nobody asked: what comes next could not be trusted either
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._finish(NotHttp())

    def connection_lost(self, error: Exception | None) -> None:
        """Part of `asyncio.Protocol`. A body without a length ends with the connection (RFC 9112, section 6.3)."""
        self.closed = True
        answer = self._answer
        sized = "content-length" in self._headers or "transfer-encoding" in self._headers
        ended = answer is not None and answer.status and not sized and error is None
        self._finish(None if ended else Lost())

    # What the parser tells.

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, of the answer or of an interim one."""
        self._head += len(name) + len(value)
        if self._head > _LONGEST_HEAD or self._answer is None:
            raise NotHttp
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        """All headers."""
        status = self._parser.get_status_code()
        if status < _INTERIM:
            self._headers = {}
        elif self._answer is not None:
            self._answer.begun(status, self._headers)

    def on_body(self, piece: bytes) -> None:
        """More of the body."""
        if self._answer is not None and self._answer.grown(piece) and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """The end of the answer, or of an interim one."""
        if self._answer is not None and self._answer.status:
            self._finish(None)

    # Inside.

    def _finish(self, failure: Exception | None) -> None:
        answer, self._answer = self._answer, None
        self._disarm()
        if failure is not None or self.closed or not self._parser.should_keep_alive():
            self.hang_up()
        elif self._paused:
            self._transport.resume_reading()
        self._paused = False
        if answer is not None:
            answer.end(failure)
            self._freed(self)

    def _arm(self) -> None:
        """One timer for both limits. What comes moves the first of them, which the timer finds out when it rings."""
        self._disarm()
        self._timer = self.loop.call_at(min(self._heard + self._gap, self._deadline), self._ring)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        now = self.loop.time()
        if self._paused or self._transport.get_write_buffer_size():
            self._heard = now  # nobody reads, or the request is not out yet: the other side is not the silent one
        if now >= self._deadline:
            self._finish(TooSlow())
        elif now >= self._heard + self._gap:
            self._finish(Silent())
        else:
            self._arm()
