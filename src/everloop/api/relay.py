"""Relays a stream to a caller who may hang up: the first piece decides between an error and an answer."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Final

from everloop.api import sse
from everloop.api.exchange import Exchange, Header

# Proxies cut connections on which nothing comes; comments are safe for every client.
_PING_SECONDS: Final = 15.0


class _Relay:
    """One stream on its way."""

    def __init__(self, exchange: Exchange, headers: Iterable[Header]) -> None:
        self._exchange = exchange
        self._headers = headers
        self._sent_at = time.monotonic()

    async def run(self, frames: AsyncGenerator[bytes, None]) -> None:
        async with aclosing(frames):
            async for frame in frames:
                if not self._exchange.status:
                    await self._exchange.start(200, list(self._headers))
                self._sent_at = time.monotonic()
                await self._exchange.piece(frame)
        await self._exchange.last()

    async def watch(self, relaying: "asyncio.Task[None]") -> None:
        """Ends the stream when the caller hangs up; keeps the connection warm until then."""
        while not self._exchange.gone:
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await self._exchange.disconnected()
            except TimeoutError:
                if self._exchange.status and time.monotonic() - self._sent_at >= _PING_SECONDS:
                    await self._exchange.piece(sse.PING)
        relaying.cancel()


async def relay(
    exchange: Exchange, frames: AsyncGenerator[bytes, None], headers: Iterable[Header] = sse.HEADERS
) -> None:
    """Sends the frames as they come. Raises what the first one raises, as long as nothing was sent.

    When the caller hangs up the frames are closed, which ends the call upstream and logs what had come.
    """
    stream = _Relay(exchange, headers)
    relaying = asyncio.current_task()
    assert relaying is not None  # noqa: S101 - a coroutine that runs has a task
    watching = asyncio.create_task(stream.watch(relaying))
    try:
        await stream.run(frames)
    except asyncio.CancelledError:
        if not exchange.gone:
            raise
        relaying.uncancel()
    finally:
        watching.cancel()
