"""Whether the database does its work."""

import asyncio
from typing import Final

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.ports.logs import LogWriter
from everloop.ports.system import Clock
from everloop.storage.migrating import head_revision, revision_in
from everloop.storage.tables import probe
from everloop.storage.transactions import Transactions

_ROW: Final = 2
# Seconds for which the outcome of a look holds.
_HOLDS: Final = 1.0


class DatabaseHealth:
    """`ports.feed.Health`. The database it gets should wait for locks only briefly: a late no is no use.

    A look is a write, and anybody may ask: so those who ask at about the same time share one.
    """

    def __init__(self, database: Transactions, writer: LogWriter, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock
        self._head = head_revision()
        self._looking = asyncio.Lock()
        self._holds_until = float("-inf")
        self._trouble: str | None = None

    async def ready(self) -> None:
        self._writer.check()
        async with self._looking:
            if self._clock.monotonic() >= self._holds_until:
                self._trouble = await self._look()
                self._holds_until = self._clock.monotonic() + _HOLDS
            trouble = self._trouble
        if trouble is not None:
            raise errors.Unavailable(trouble)

    async def _look(self) -> str | None:
        """What is wrong, if anything is."""
        try:
            async with self._database.write() as connection:
                revision = await connection.run_sync(revision_in)
                if revision != self._head:
                    return f"The database is at revision {revision}, and {self._head} is needed: migrate it."
                await _write(connection, self._clock.now())
        except errors.Unavailable as error:
            return error.message
        return None


async def _write(connection: AsyncConnection, now: int) -> None:
    """A real write of no consequence: a read-only file or a full disk shows itself at nothing less."""
    done = await connection.execute(update(probe).where(probe.c.id == _ROW).values(at=now))
    if done.rowcount == 0:
        await connection.execute(insert(probe).values(id=_ROW, at=now))
