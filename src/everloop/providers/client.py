"""The one owner of outbound HTTP: a pooled session, its time limits, and plain words for what goes wrong."""

import asyncio
import io
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from everloop.domain.value import value
from everloop.errors import FailureKind
from everloop.providers.addresses import guarded_socket

LONGEST_ANSWER: Final = 32 * 1024 * 1024
_DIRECT_BODY: Final = 1024 * 1024  # aiohttp writes larger ones in one go unless they come as a file
_SETTLE: Final = 0.1


@value
class Timeouts:
    """Seconds: until connected, until the answer begins, between two pieces of it, and in all (retries included)."""

    connect: float = 5.0
    first_byte: float = 60.0
    gap: float = 60.0
    total: float = 600.0


class TransportFailure(Exception):
    """No answer, or a part of one. `answered` tells whether its status had come.

    The message continues a sentence that begins with the provider's name.
    """

    def __init__(self, kind: FailureKind, message: str, *, answered: bool) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.answered = answered


@value
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Incoming:
    """An HTTP answer on its way: its status and headers are here, its body is not."""

    __slots__ = ("_limit", "_lost", "_over", "_received", "_response", "_timeouts")

    def __init__(self, response: aiohttp.ClientResponse, timeouts: Timeouts, limit: int) -> None:
        self._response = response
        self._timeouts = timeouts
        self._limit = limit
        self._received = 0
        self._over = False
        self._lost = _lost_connection(response)
        if self._lost is not None:
            self._lost.add_done_callback(self._end_torn_body)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers; names in any case."""
        return self._response.headers

    async def next(self) -> bytes:
        """The bytes that have come, as soon as there are some; none at the end. Raises TransportFailure."""
        try:
            piece = await self._response.content.readany()
        except (aiohttp.ClientError, OSError, RuntimeError) as error:  # RuntimeError: the connection is lost already
            self._over = True
            raise _in_words(error, self._timeouts, answered=True) from None
        self._over = not piece
        self._received += len(piece)
        if self._received > self._limit:
            self._over = True
            raise TransportFailure(FailureKind.MALFORMED, f"sent more than {self._limit:,} bytes", answered=True)
        return piece

    async def read(self) -> bytes:
        """All of the body. Raises TransportFailure."""
        pieces = []
        while piece := await self.next():
            pieces.append(piece)
        return b"".join(pieces)

    async def settle(self) -> None:
        """Give the end of the body a moment to come, so that the connection can be used again."""
        with suppress(TransportFailure, TimeoutError):  # everything that matters had been said
            async with asyncio.timeout(_SETTLE):
                while not self._over:
                    await self.next()

    def close(self) -> None:
        """Hang up, unless the body was read to its end: then the connection is already back in the pool."""
        if self._lost is not None:
            self._lost.remove_done_callback(self._end_torn_body)
        self._response.close()

    def _end_torn_body(self, _: "asyncio.Future[None]") -> None:
        """Wake the reader: after a breach of HTTP inside a body aiohttp hangs up without telling it."""
        content = self._response.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection is lost"))


class HttpClient:
    """Sends JSON and nothing else: no redirects, no cookies, no proxies from the environment, certificates verified.

    Belongs to the event loop of its first call. `connections` limits the pool (0: no limit).
    """

    def __init__(
        self, timeouts: Timeouts | None = None, *, connections: int = 1000, longest_answer: int = LONGEST_ANSWER
    ) -> None:
        self.timeouts = timeouts or Timeouts()
        self._connections = connections
        self._longest_answer = longest_answer
        self._limits = _limits(self.timeouts, self.timeouts.total)
        self._opened: aiohttp.ClientSession | None = None

    async def post(self, url: URL, body: bytes, headers: Mapping[str, str], seconds: float) -> Answer:
        """The whole answer, whatever its status, within so many seconds. Raises TransportFailure."""
        incoming = await self.open(url, body, headers, seconds)
        try:
            return Answer(incoming.status, incoming.headers, await incoming.read())
        finally:
            incoming.close()

    async def open(self, url: URL, body: bytes, headers: Mapping[str, str], seconds: float) -> Incoming:
        """The answer once its status has come; to be closed by the caller. Raises TransportFailure."""
        limits = self._limits if seconds >= self.timeouts.total else _limits(self.timeouts, max(seconds, 0.001))
        data = body if len(body) < _DIRECT_BODY else io.BytesIO(body)
        try:
            response = await self._session().post(
                url, data=data, headers=headers, timeout=limits, allow_redirects=False
            )
        except (aiohttp.ClientError, OSError) as error:
            raise _in_words(error, self.timeouts, answered=False) from None
        if self.timeouts.gap != self.timeouts.first_byte:
            _limit_gap(response, self.timeouts.gap)
        return Incoming(response, self.timeouts, self._longest_answer)

    async def close(self) -> None:
        """Close every connection."""
        if self._opened is not None:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections, socket_factory=guarded_socket, timeout_ceil_threshold=float("inf")
            )
            self._opened = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Content-Type": "application/json", "User-Agent": "everloop"},
                trust_env=False,
            )
        return self._opened


def _lost_connection(response: aiohttp.ClientResponse) -> "asyncio.Future[None] | None":
    """What is done once the connection is lost; None when the whole answer has come already."""
    connection = response.connection
    lost = connection.protocol.closed if connection is not None and connection.protocol is not None else None
    if lost is not None:
        lost.remove_done_callback(_noted)  # it is the same one for every answer over this connection
        lost.add_done_callback(_noted)
    return lost


def _noted(lost: "asyncio.Future[None]") -> None:
    """Look at why an idle connection was lost, or asyncio complains that nobody did."""
    lost.exception()


def _limits(timeouts: Timeouts, total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=total,
        connect=timeouts.connect,
        sock_read=timeouts.first_byte,
        ceil_threshold=float("inf"),  # otherwise limits over 5 s are rounded up to whole seconds
    )


def _limit_gap(response: aiohttp.ClientResponse, seconds: float) -> None:
    """Of aiohttp's one limit for the first byte and for gaps, make the gap's from here on."""
    connection = response.connection  # None when the whole answer came with its head
    if connection is not None and connection.protocol is not None:
        connection.protocol.read_timeout = seconds
        connection.protocol.start_timeout()


def _in_words(error: Exception, timeouts: Timeouts, *, answered: bool) -> TransportFailure:
    """What happened, without anything of the request: aiohttp's errors carry its headers, and so the key."""
    kind, message = _timeout(error, timeouts, answered=answered) or _break(error, answered=answered)
    return TransportFailure(kind, message, answered=answered)


def _timeout(error: Exception, timeouts: Timeouts, *, answered: bool) -> tuple[FailureKind, str] | None:
    match error:
        case aiohttp.ConnectionTimeoutError():
            message = f"could not be connected to within {timeouts.connect:g} s"
        case aiohttp.SocketTimeoutError() if answered:
            message = f"fell silent for {timeouts.gap:g} s in the middle of its answer"
        case aiohttp.SocketTimeoutError():
            message = f"did not begin to answer within {timeouts.first_byte:g} s"
        case TimeoutError():
            message = f"did not complete its answer within {timeouts.total:g} s"
        case _:
            return None
    return FailureKind.TIMEOUT, message


def _break(error: Exception, *, answered: bool) -> tuple[FailureKind, str]:
    match error:
        case aiohttp.ClientPayloadError() if isinstance(error.__cause__, ContentEncodingError):
            return FailureKind.MALFORMED, "sent an answer that cannot be decompressed"
        case aiohttp.ClientConnectorError():
            return FailureKind.CONNECTION, f"could not be connected to: {_reason(error.os_error)}"
        case aiohttp.ClientResponseError():
            return FailureKind.MALFORMED, "sent something that is not HTTP"
        case _ if answered:
            return FailureKind.CONNECTION, "closed the connection in the middle of its answer"
        case _:
            return FailureKind.CONNECTION, "closed the connection before it answered"


def _reason(error: OSError) -> str:
    """The system's own words; event loops put theirs in their place, each another."""
    return os.strerror(error.errno) if isinstance(error, ConnectionError) and error.errno else str(error)
