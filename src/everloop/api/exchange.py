"""One request and its answer, spoken in plain ASGI: what the edge and the hot routes share."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from typing import Any, Final

from everloop.api.errors import V4, Wording
from everloop.errors import BadRequest, TooLarge

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]
Hold = Callable[[int], None]

JSON: Final[Header] = (b"content-type", b"application/json")
_PATIENCE_SECONDS: Final = 2.0


class Exchange:
    """`status` is 0 until the answer has begun; `gone` once the caller has hung up.

    `idempotency_key` is the header of that name as it came, None without one. `wording` is how errors are said here.
    """

    __slots__ = ("_coming", "_receive", "_send", "gone", "idempotency_key", "request_id", "status", "wording")

    def __init__(self, receive: Receive, send: Send, request_id: bytes) -> None:
        self._receive = receive
        self._send = send
        self.request_id = request_id
        self.idempotency_key: bytes | None = None
        self.wording: Wording = V4
        self.status = 0
        self.gone = False
        self._coming = True

    async def read_body(self, declared: int | None, limit: int, hold: Hold) -> bytes:
        """The whole body, of which `hold` is told as it comes.

        Raises `TooLarge` as soon as it is certain, `BadRequest` for half a body, and what `hold` raises.
        """
        if declared is not None and declared > limit:
            raise _too_large(limit)
        message = await self._receive()
        if not message.get("more_body") and message["type"] == "http.request":
            self._coming = False
            body: bytes = message.get("body", b"")
            if len(body) > limit:
                raise _too_large(limit)
            hold(len(body))
            return body
        parts, size = [], 0
        while True:
            if message["type"] == "http.disconnect":
                self.gone = True
                raise BadRequest("The connection closed before the body was complete.")
            self._coming = message.get("more_body", False)
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            hold(len(part))
            parts.append(part)
            if not self._coming:
                return b"".join(parts)
            message = await self._receive()

    async def disconnected(self) -> None:
        """Returns when the caller has hung up."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True

    async def answer(self, status: int, body: bytes, headers: Iterable[Header] = (JSON,)) -> None:
        """The whole answer at once."""
        await self.start(status, [*headers, (b"content-length", str(len(body)).encode())])
        await self.last(body)

    async def refuse_body(self, status: int, body: bytes, headers: Iterable[Header], patience: int) -> None:
        """An answer while the body is still coming; the connection ends with it.

        Up to `patience` bytes are thrown away first: a caller who is cut off while sending never reads the answer.
        """
        await self.start(status, [*headers, (b"content-length", str(len(body)).encode()), (b"connection", b"close")])
        await self.piece(body)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._discard(patience)
        await self.last()

    async def _discard(self, size: int) -> None:
        while self._coming and size > 0:
            message = await self._receive()
            self._coming = message.get("more_body", False)
            size -= len(message.get("body", b""))

    async def start(self, status: int, headers: list[Header]) -> None:
        """Status and headers; the request's id goes along."""
        self.status = status
        headers.append((b"x-request-id", self.request_id))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def piece(self, data: bytes) -> None:
        """More of the body."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def last(self, data: bytes = b"") -> None:
        """The rest of the body."""
        await self._send({"type": "http.response.body", "body": data})


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The request's body is over this server's limit of {limit} bytes (EVERLOOP_MAX_BODY_BYTES).")
