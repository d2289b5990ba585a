"""The partitions of logs to come, made beside the writing of logs."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from everloop.ports.system import Clock
from everloop.storage.postgres.connecting import Server
from everloop.storage.postgres.failures import DRIVER_ERRORS, described
from everloop.storage.postgres.partitions import make_ahead

_log: Final = logging.getLogger(__name__)

# Seconds that a command may take: all logs that are in no month's partition are read, a million in some seconds.
_PATIENCE: Final = 900.0
# Milliseconds after which partitions that could not be made are tried again; what comes meanwhile is kept elsewhere.
_AGAIN: Final = 60_000


class MonthsAhead:
    """Makes the partitions of this month and the next, in a task and on a connection of its own: nobody waits for it.

    As a rule this month's is there since the last one.
    """

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._until = 0
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Begins to make them if it is time."""
        if self._clock.now() >= self._until and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._make())

    async def made(self) -> None:
        """Returns when what was begun has ended, well or not."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def close(self) -> None:
        """Breaks off what was begun; the next process begins anew."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _make(self) -> None:
        now = self._clock.now()
        try:
            connection = await self._server.connect(_PATIENCE)
            try:
                self._until = await make_ahead(connection, now)
            finally:
                connection.terminate()
        except DRIVER_ERRORS as error:
            _log.warning("partitions of logs cannot be made, it is tried again: %s", described(error))
            self._until = now + _AGAIN
