"""An answer that is written down while it is given, so that it can be given again byte for byte."""

import asyncio
import zlib
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from typing import Any, Final

import msgspec

from everloop.api import sse
from everloop.api.exchange import Exchange, Header, Message
from everloop.domain.idempotency import KeptAnswer
from everloop.errors import Conflict, EverloopError
from everloop.services.idempotency import Told

# Answers are kept compressed: the events of a stream are much alike. This is what one may take so.
LARGEST: Final = 32 * 1024 * 1024
# What a slow reader may have waiting; what comes later it reads from the recording.
_BEHIND: Final = 256 * 1024
_STEP: Final = 64 * 1024
# Larger ones would hold up the others.
_AT_ONCE: Final = 256 * 1024
_REPLAYED: Final[Header] = (b"idempotent-replayed", b"true")
_OWN: Final = b"x-request-id"


class Recording:
    """What a handler says to `exchange`, whole or as it comes. The handler never hears of a caller who hangs up."""

    def __init__(self, request_id: bytes, largest: int = LARGEST) -> None:
        self.exchange = Exchange(_never, self._send, request_id)
        self.status = 0
        self.headers: list[Header] = []
        self.whole = b""
        # Done once it is certain that the answer comes in pieces.
        self.streams: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._largest = largest
        # A small window: thousands of these may be open, and events repeat themselves soon.
        self._press = zlib.compressobj(1, zlib.DEFLATED, 13, 6)
        self._pressed: list[bytes] = []
        self._size = 0
        self._live: deque[bytes] = deque()
        self._live_size = 0
        self._behind = False
        self._news = asyncio.Event()

    async def kept(self) -> KeptAnswer:
        """All of it, once the handler is through."""
        if not self.streams.done():
            large = len(self.whole) > _AT_ONCE
            press = self._press.compress
            self._add(await asyncio.to_thread(press, self.whole) if large else press(self.whole))
        self._add(self._press.flush())
        headers = [(name.decode("latin-1"), content.decode("latin-1")) for name, content in self.headers]
        head = msgspec.json.encode({"status": self.status, "headers": headers})
        return KeptAnswer(head, b"".join(self._pressed) if self._size <= self._largest else None)

    async def pieces(self, task: "asyncio.Task[Told]") -> AsyncGenerator[bytes, None]:
        """A stream as it comes, and its end once it is kept; `task` is what the handler runs in.

        Who does not read in time gets the rest in the end, so that nobody waits for a slow reader.
        """
        task.add_done_callback(lambda _: self._news.set())
        given = 0
        while True:
            self._news.clear()
            while self._live:
                piece = self._live.popleft()
                self._live_size -= len(piece)
                given += len(piece)
                yield piece
            if task.done():
                break
            await self._news.wait()
        try:
            answer = task.result().answer
            if self._behind:
                for piece in _rest(_body(answer), given):
                    yield piece
        except EverloopError as error:
            yield sse.error_event(error, self.exchange.wording)

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [each for each in message["headers"] if each[0] != _OWN]
        elif message.get("more_body"):
            self._piece(message["body"])
        elif not self.streams.done():
            self.whole = message.get("body", b"")

    def _piece(self, data: bytes) -> None:
        if data == sse.PING:  # the caller gets those of its own connection
            return
        if not self.streams.done():
            self.streams.set_result(None)
        if self._size <= self._largest:
            self._add(self._press.compress(data))
        self._behind = self._behind or self._live_size + len(data) > _BEHIND
        if not self._behind:
            self._live.append(data)
            self._live_size += len(data)
            self._news.set()

    def _add(self, pressed: bytes) -> None:
        self._size += len(pressed)
        if self._size > self._largest:
            self._pressed.clear()
        elif pressed:
            self._pressed.append(pressed)


async def replay(exchange: Exchange, answer: KeptAnswer) -> None:
    """Gives the answer again, and says so. Raises `Conflict` for one that was too large to be kept."""
    head: dict[str, Any] = msgspec.json.decode(answer.head)
    body = _body(answer)
    headers = [(name.encode("latin-1"), content.encode("latin-1")) for name, content in head["headers"]]
    await exchange.start(head["status"], [*headers, _REPLAYED])
    for piece in _unpressed(body):
        await exchange.piece(piece)
    await exchange.last()


def _body(answer: KeptAnswer) -> bytes:
    if answer.body is None:
        raise Conflict(
            "The call with this Idempotency-Key was made and its logs are kept, but its answer was too large to keep."
            " Another key makes another call."
        )
    return answer.body


def _unpressed(pressed: bytes) -> Iterator[bytes]:
    """The bytes that were compressed, in pieces of moderate size whatever they were."""
    unpress = zlib.decompressobj()
    for start in range(0, len(pressed), _STEP):
        tail = pressed[start : start + _STEP]
        while tail:
            yield unpress.decompress(tail, _STEP)
            tail = unpress.unconsumed_tail
    while piece := unpress.decompress(b"", _STEP):
        yield piece


def _rest(pressed: bytes, given: int) -> Iterator[bytes]:
    for piece in _unpressed(pressed):
        if given < len(piece):
            yield piece[given:]
        given = max(0, given - len(piece))


async def _never() -> Message:
    """Who records does not hang up."""
    never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return await never
