"""Turns: those of one process who write wait for each other here, and not for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from everloop import errors

# Seconds that a turn is waited for. While a database stands still, each who has the turn finds that out anew: without
# an end the last in line would be told after minutes.
TURN_TIMEOUT: Final = 10.0


@asynccontextmanager
async def turn(line: asyncio.Lock, timeout: float) -> AsyncIterator[None]:
    """A block in which nobody else has the lock. Raises `errors.Unavailable` when it is not had in so many seconds."""
    try:
        async with asyncio.timeout(timeout):
            await line.acquire()
    except TimeoutError:
        raise errors.Unavailable("The database is busy: too many writes wait for their turn.") from None
    try:
        yield
    finally:
        line.release()
