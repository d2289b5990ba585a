"""Draining: calls whose callers went away, and which go on to their end for the sake of their logs."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, Final, TypeVar

_log: Final = logging.getLogger(__name__)

# Calls without a caller that may go on at once in one process; those beyond end when their caller goes.
MOST: Final = 256
# Pieces that may wait for a slow reader; then the provider waits, too.
_WAITING: Final = 16
# As long as a server that stops gives its callers.
_PATIENCE_SECONDS: Final = 30.0

Result = TypeVar("Result")
Piece = TypeVar("Piece")


class Drains:
    """One per process, to be finished before what the calls need is closed."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._going_on: set[asyncio.Task[Any]] = set()

    async def seen_through(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result; when who waits for it is cancelled the work goes on, if there is room."""
        task = asyncio.create_task(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not self._adopt(task):
                task.cancel()
                await asyncio.wait({task})
            raise

    async def stream_seen_through(self, pieces: AsyncGenerator[Piece, None]) -> AsyncGenerator[Piece, None]:
        """The same pieces, and the same errors; closed before its end, the rest of it goes on, if there is room."""
        pump = _Pump(pieces)
        task = asyncio.create_task(pump.run())
        ended = False
        try:
            while (piece := await pump.next()) is not None:
                yield piece
            ended = True
        finally:
            pump.let_go()
            if ended or not self._adopt(task):
                if not ended:
                    task.cancel()
                await asyncio.wait({task})
        task.result()

    async def finish(self, seconds: float = _PATIENCE_SECONDS) -> None:
        """Waits for those that go on, and ends those that take longer."""
        if not self._going_on:
            return
        _, late = await asyncio.wait(self._going_on, timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            _log.warning("%d calls without a caller were ended: the server stops", len(late))
            await asyncio.wait(late)

    def _adopt(self, task: "asyncio.Task[Any]") -> bool:
        if len(self._going_on) >= self._most:
            return False
        self._going_on.add(task)
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._going_on.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # A provider's failure has its log; whatever else it was, nobody is there to hear of it.
            _log.info("a call without a caller ended with an error: %s", task.exception())


class _Pump:
    """Takes pieces as they come and hands them on, or throws them away once nobody wants them."""

    def __init__(self, pieces: AsyncGenerator[Any, None]) -> None:
        self._pieces = pieces
        self._arrived: asyncio.Queue[Any] = asyncio.Queue(_WAITING)
        self._wanted = True

    async def run(self) -> None:
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    await self._hand_on(piece)
        finally:
            await self._hand_on(None)

    async def next(self) -> Any:  # noqa: ANN401 - whatever is pumped
        """The next piece, and None at the end."""
        return await self._arrived.get()

    def let_go(self) -> None:
        """Nobody wants any more."""
        self._wanted = False
        while not self._arrived.empty():
            self._arrived.get_nowait()

    async def _hand_on(self, piece: Any) -> None:  # noqa: ANN401 - whatever is pumped
        if self._wanted:
            await self._arrived.put(piece)
