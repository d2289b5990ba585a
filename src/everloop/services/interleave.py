"""Several streams as one: what the draws of one call send, in the order in which it comes."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from everloop.errors import EverloopError
from everloop.services.sample import Chunk
from everloop.services.side_by_side import AT_ONCE
from everloop.services.streaming import SampleStreams

# Chunks that may wait for a slow reader; then the providers wait, too.
_WAITING: Final = 16


async def interleaved(streams: Sequence[SampleStreams]) -> AsyncGenerator[Chunk, None]:
    """The chunks of all streams, each stream's in their order.

    Raises what goes wrong before the first chunk of all; a stream that fails later ends with error chunks for its
    samples, and the others go on. Closing the generator ends every stream as closing it alone would.
    """
    arrived: asyncio.Queue[Chunk | _Ended] = asyncio.Queue(_WAITING)
    turns = asyncio.Semaphore(AT_ONCE)
    tasks = [asyncio.create_task(_send(stream, arrived, turns)) for stream in streams]
    try:
        running, told = len(tasks), False
        while running:
            item = await arrived.get()
            if isinstance(item, Chunk):
                told = True
                yield item
                continue
            running -= 1
            if item.error is not None:
                if not told or not isinstance(item.error, EverloopError):
                    raise item.error
                for chunk in item.stream.errors(item.error):
                    yield chunk
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Ended:
    """A stream came to its end, or to an error before its own first chunk."""

    def __init__(self, stream: SampleStreams, error: Exception | None) -> None:
        self.stream = stream
        self.error = error


async def _send(stream: SampleStreams, arrived: "asyncio.Queue[Chunk | _Ended]", turns: asyncio.Semaphore) -> None:
    error: Exception | None = None
    try:
        await turns.acquire()
    except asyncio.CancelledError:
        await stream.abandon()  # it never began; its samples have their logs all the same
        raise
    try:
        async with aclosing(stream.chunks()) as chunks:
            async for chunk in chunks:
                await arrived.put(chunk)
    except Exception as failure:  # noqa: BLE001 - whoever reads the streams raises it
        error = failure
    finally:
        turns.release()
    await arrived.put(_Ended(stream, error))
