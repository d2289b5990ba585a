"""Transactions that nobody waits for long, because they themselves do not wait for long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import asyncpg

from everloop import errors
from everloop.storage.postgres.failures import words_for

# Who waits for the lock of a table stops all who come later. So it waits briefly, and lets them go first for a while.
BRIEFLY: Final = "SET LOCAL lock_timeout = '100ms'"
# Those who write for one owner stand in line for their turn, and nobody else waits for them.
IN_LINE: Final = "SET LOCAL lock_timeout = '5s'"
_PAUSE: Final = 0.5
_ATTEMPTS: Final = 30

Result = TypeVar("Result")
Act = Callable[[Any], Awaitable[Result]]  # asyncpg has no types


async def patiently(connection: Any, act: Act[Result], *, pause: float = _PAUSE) -> Result:  # noqa: ANN401 - as above
    """Does it in a transaction, and does it again when something is locked.

    Raises `errors.Unavailable` when it is so for long, and the driver's other errors.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            async with connection.transaction(isolation="read_committed"):
                await connection.execute(BRIEFLY)
                return await act(connection)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            if attempt == _ATTEMPTS:
                raise errors.Unavailable(words_for(error)) from None
        await asyncio.sleep(pause)
    raise AssertionError("the last attempt has ended in one way or the other")
