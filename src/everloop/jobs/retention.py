"""The end of old logs: at start, and then every hour, whoever of the processes comes first.

Each batch is a short transaction, and most of the time is left to those who write logs: SQLite takes one writer at a
time, and who waits for it looks again only now and then; PostgreSQL's writers wait for a deletion of sessions.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from everloop.errors import EverloopError
from everloop.ports.logs import OldLogStore
from everloop.ports.system import Clock

_log: Final = logging.getLogger(__name__)

_DAY: Final = 24 * 60 * 60 * 1000
_EVERY: Final = 60 * 60.0
# Rows of one batch: more when they go fast, fewer when they do not.
_FEWEST: Final = 25
_MOST: Final = 200
# Seconds that a batch may take, and what is left to others: so many times as much, and at least a moment.
_GOOD: Final = 0.01
_SHARE: Final = 4.0
_PAUSE: Final = 0.02

Sleep = Callable[[float], Awaitable[None]]
Delete = Callable[[int, int], Awaitable[int]]


class Retention:
    """Deletes logs of all organisations once they are `days` old. Tests hand in a `sleep` that takes no time."""

    def __init__(self, old_logs: OldLogStore, clock: Clock, days: int, *, sleep: Sleep = asyncio.sleep) -> None:
        self._old_logs = old_logs
        self._clock = clock
        self._days = days
        self._sleep = sleep

    async def run(self) -> None:
        """Never ends; a failure is logged, and the next hour is another attempt."""
        while True:
            try:
                await self.sweep()
            except (EverloopError, OSError) as error:
                _log.warning("old logs cannot be deleted, the next attempt is in an hour: %s", error)
            await self._sleep(_EVERY)

    async def sweep(self) -> int:
        """Deletes what is old by now, unless another process is at it; how many logs those were.

        Raises `errors.Unavailable` when the database fails; what was deleted until then stays so.
        """
        async with self._old_logs.alone() as alone:
            if not alone:
                return 0
            # No log is older than 1970.
            before = max(self._clock.now() - self._days * _DAY, 0)
            logs = await self._old_logs.drop_logs(before)
            logs += await self._all(self._old_logs.delete_logs, before)
            sessions = await self._all(self._old_logs.delete_sessions, before)
        if logs or sessions:
            _log.info("deleted %d logs older than %d days, and %d sessions without logs", logs, self._days, sessions)
        return logs

    async def _all(self, delete: Delete, before: int) -> int:
        gone, size = 0, _FEWEST
        while True:
            began = self._clock.monotonic()
            count = await delete(before, size)
            if count == 0:
                return gone
            gone += count
            took = self._clock.monotonic() - began
            size = _next(size, took)
            await self._sleep(max(took * _SHARE, _PAUSE))


def _next(size: int, took: float) -> int:
    """How many rows the next batch has, after one that took so many seconds."""
    if took > _GOOD:
        return max(size // 2, _FEWEST)
    return min(size * 2, _MOST) if took < _GOOD / 2 else size
