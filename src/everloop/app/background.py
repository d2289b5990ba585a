"""What a process does beside answering, for as long as it lives."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

_log: Final = logging.getLogger(__name__)

_PAUSE: Final = 1.0

Job = Callable[[], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]


@asynccontextmanager
async def running(jobs: Sequence[Job], sleep: Sleep = asyncio.sleep) -> AsyncIterator[None]:
    """The jobs run while the block does."""
    tasks = [asyncio.create_task(_for_ever(job, sleep)) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _for_ever(job: Job, sleep: Sleep) -> None:
    """A failure that the job itself did not foresee is told, and the job begun anew.

    Its task would end otherwise, and nobody would notice that (say) a worker follows no deploys any more.
    """
    while True:
        try:
            await job()
        except Exception:  # noqa: BLE001 - whatever it was, the process goes on answering
            _log.exception("a job in the background failed, and begins anew in a second")
        await sleep(_PAUSE)
