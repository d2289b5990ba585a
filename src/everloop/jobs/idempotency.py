"""The end of kept answers and of claims that nobody came back for: at start, and then every ten minutes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from everloop.errors import EverloopError
from everloop.ports.idempotency import IdempotencyStore
from everloop.ports.system import Clock

_log: Final = logging.getLogger(__name__)

_EVERY: Final = 10 * 60.0
# Rows of one batch, few since an answer may be large; and the seconds that are left to others after each.
_BATCH: Final = 50
_PAUSE: Final = 0.1

Sleep = Callable[[float], Awaitable[None]]


class IdempotencySweep:
    """Deletes what is over. Every process does it, and all but the first find nothing.

    Tests hand in a `sleep` that takes no time.
    """

    def __init__(self, store: IdempotencyStore, clock: Clock, *, sleep: Sleep = asyncio.sleep) -> None:
        self._store = store
        self._clock = clock
        self._sleep = sleep

    async def run(self) -> None:
        """Never ends; a failure is logged, and ten minutes later is another attempt."""
        while True:
            try:
                await self.sweep()
            except (EverloopError, OSError) as error:
                _log.warning("kept answers cannot be deleted, the next attempt is in ten minutes: %s", error)
            await self._sleep(_EVERY)

    async def sweep(self) -> int:
        """Deletes what is over by now; how many rows those were. Raises `errors.Unavailable`."""
        gone, now = 0, self._clock.now()
        while count := await self._store.sweep(now, _BATCH):
            gone += count
            await self._sleep(_PAUSE)
        return gone
