"""The one owner of outbound HTTP: pooled connections, their time limits, and plain words for what goes wrong."""

import asyncio
import os
import zlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from everloop.domain.policy import Timeouts
from everloop.domain.value import value
from everloop.errors import FailureKind
from everloop.providers.addresses import AddressRefused
from everloop.providers.egress import Egress
from everloop.providers.http_connection import HttpAnswer, Lost, NotHttp, Silent, TooSlow
from everloop.providers.http_pool import HttpPool
from everloop.providers.target import Target

LONGEST_ANSWER: Final = 32 * 1024 * 1024
_SETTLE: Final = 0.1
# What zlib calls its two formats, found out by their first bytes; raw deflate is what some servers send for `deflate`.
_ZLIB_OR_GZIP: Final = 32 + zlib.MAX_WBITS


class TransportFailure(Exception):
    """No answer, or a part of one. `answered` tells whether its status had come, `final` that the next try is in vain.

    The message continues a sentence that begins with the provider's name.
    """

    def __init__(self, kind: FailureKind, message: str, *, answered: bool, final: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.answered = answered
        self.final = final


class Headers(dict[str, str]):
    """The headers of an answer, looked up in any case; of several with one name, the last."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as any mapping's
        """As any mapping's."""
        return super().get(name.lower(), default)


@value
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Incoming:
    """An HTTP answer on its way: its status and headers are here, its body is not."""

    __slots__ = ("_answer", "_decoder", "_limit", "_over", "_received", "_timeouts", "headers", "status")

    def __init__(self, answer: HttpAnswer, timeouts: Timeouts, limit: int) -> None:
        self._answer = answer
        self._timeouts = timeouts
        self._limit = limit
        self._received = 0
        self._over = False
        self.status = answer.status
        self.headers: Mapping[str, str] = Headers(answer.headers)
        self._decoder = _decoder(answer.headers.get("content-encoding"))

    async def next(self) -> bytes:
        """The bytes that have come, as soon as there are some; none at the end. Raises TransportFailure."""
        try:
            piece = await self._answer.next()
            self._over = not piece
            if self._decoder is not None:
                piece = await self._decoded(self._decoder, piece)
        except (NotHttp, Lost, Silent, TooSlow, zlib.error) as error:
            self._over = True
            raise _in_words(error, self._timeouts, answered=True) from None
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
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def settle(self) -> None:
        """Give the end of the body a moment to come, so that the connection can be used again."""
        with suppress(TransportFailure, TimeoutError):  # everything that matters had been said
            async with asyncio.timeout(_SETTLE):
                while not self._over:
                    await self.next()

    def close(self) -> None:
        """Hang up, unless the body was read to its end: then the connection is already back in the pool."""
        self._answer.hang_up()

    async def _decoded(self, decoder: "zlib._Decompress", piece: bytes) -> bytes:
        """What the piece says, and if that is nothing yet, the next one; at most a byte more than may be said."""
        while piece:
            said = decoder.decompress(piece, self._limit - self._received + 1)
            if said:
                return said
            piece = await self._answer.next()
        self._over = True
        if self._received and not decoder.eof:
            raise zlib.error("the end is missing")
        return b""


class HttpClient:
    """Sends JSON and nothing else: no redirects, no cookies, no proxies from the environment, certificates verified.

    Belongs to the event loop of its first call. `connections` limits the calls under way (0: no limit), `egress` where
    they go whose target the operator has not decided on.
    """

    def __init__(
        self,
        timeouts: Timeouts | None = None,
        *,
        connections: int = 1000,
        longest_answer: int = LONGEST_ANSWER,
        egress: Egress | None = None,
    ) -> None:
        self.timeouts = timeouts or Timeouts()
        self._egress = egress or Egress()
        self._connections = connections
        self._longest_answer = longest_answer
        self._opened: HttpPool | None = None

    async def post(
        self, target: Target, body: bytes, headers: Mapping[str, str], seconds: float, timeouts: Timeouts | None = None
    ) -> Answer:
        """The whole answer, whatever its status, within so many seconds. Raises TransportFailure."""
        incoming = await self.open(target, body, headers, seconds, timeouts)
        try:
            return Answer(incoming.status, incoming.headers, await incoming.read())
        finally:
            incoming.close()

    async def open(
        self, target: Target, body: bytes, headers: Mapping[str, str], seconds: float, timeouts: Timeouts | None = None
    ) -> Incoming:
        """The answer once its status has come; to be closed by the caller. Raises TransportFailure.

        `timeouts` are those of this call; without any they are the client's own.
        """
        timeouts = timeouts or self.timeouts
        began = asyncio.get_running_loop().time()
        try:
            connection = await self._pool().connection(target, min(timeouts.connect, seconds))
        except (OSError, TimeoutError) as error:
            raise _unconnected(error, timeouts) from None
        left = max(seconds - (connection.loop.time() - began), 0.001)
        answer = connection.send(_head(target, headers, len(body)), body, timeouts.first_byte, left)
        try:
            await answer.begin()
        except (NotHttp, Lost, Silent, TooSlow) as error:
            raise _in_words(error, timeouts, answered=False) from None
        except BaseException:
            answer.hang_up()
            raise
        if timeouts.gap != timeouts.first_byte:
            answer.limit(timeouts.gap)
        return Incoming(answer, timeouts, self._longest_answer)

    async def close(self) -> None:
        """Close every connection."""
        if self._opened is not None:
            await self._opened.close()

    def _pool(self) -> HttpPool:
        if self._opened is None:
            self._opened = HttpPool(asyncio.get_running_loop(), self._connections, self._egress)
        return self._opened


def _head(target: Target, headers: Mapping[str, str], length: int) -> bytes:
    """The request's head. Whoever hands in headers has seen to it that they hold no line breaks."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return target.head + f"{lines}Content-Length: {length}\r\n\r\n".encode("latin-1")


def _decoder(encoding: str | None) -> "zlib._Decompress | None":
    """For servers that compress although they were asked not to."""
    match (encoding or "identity").strip().lower():
        case "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(_ZLIB_OR_GZIP)
        case _:
            # Whatever it is, it does not begin like zlib or gzip, and the first piece says so.
            return zlib.decompressobj(_ZLIB_OR_GZIP)


def _unconnected(error: Exception, timeouts: Timeouts) -> TransportFailure:
    if isinstance(error, TimeoutError):
        message = f"could not be connected to within {timeouts.connect:g} s"
        return TransportFailure(FailureKind.TIMEOUT, message, answered=False)
    message, final = f"could not be connected to: {_reason(error)}", isinstance(error, AddressRefused)
    return TransportFailure(FailureKind.CONNECTION, message, answered=False, final=final)


def _in_words(error: Exception, timeouts: Timeouts, *, answered: bool) -> TransportFailure:
    """What happened, without anything of the request."""
    kind, message = FailureKind.CONNECTION, "closed the connection before it answered"
    match error:
        case TooSlow():
            kind, message = FailureKind.TIMEOUT, f"did not complete its answer within {timeouts.total:g} s"
        case Silent() if answered:
            kind, message = FailureKind.TIMEOUT, f"fell silent for {timeouts.gap:g} s in the middle of its answer"
        case Silent():
            kind, message = FailureKind.TIMEOUT, f"did not begin to answer within {timeouts.first_byte:g} s"
        case zlib.error():
            kind, message = FailureKind.MALFORMED, "sent an answer that cannot be decompressed"
        case NotHttp():
            kind, message = FailureKind.MALFORMED, "sent something that is not HTTP"
        case _ if answered:
            message = "closed the connection in the middle of its answer"
        case _:
            pass
    return TransportFailure(kind, message, answered=answered)


def _reason(error: Exception) -> str:
    """The system's own words; event loops put theirs in their place, each another."""
    return os.strerror(error.errno) if isinstance(error, ConnectionError) and error.errno else str(error)
