"""Whether the database does its work."""

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.ports.logs import LogWriter
from everloop.ports.system import Clock
from everloop.storage.migrating import head_revision, revision_in
from everloop.storage.tables import probe
from everloop.storage.transactions import Transactions

_ROW = 2


class DatabaseHealth:
    """`ports.feed.Health`. The database it gets should wait for locks only briefly: a late no is no use."""

    def __init__(self, database: Transactions, writer: LogWriter, clock: Clock) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock
        self._head = head_revision()

    async def ready(self) -> None:
        self._writer.check()
        async with self._database.write() as connection:
            revision = await connection.run_sync(revision_in)
            if revision != self._head:
                raise errors.Unavailable(
                    f"The database is at revision {revision}, and {self._head} is needed: migrate it."
                )
            await _write(connection, self._clock.now())


async def _write(connection: AsyncConnection, now: int) -> None:
    """A real write of no consequence: a read-only file or a full disk shows itself at nothing less."""
    done = await connection.execute(update(probe).where(probe.c.id == _ROW).values(at=now))
    if done.rowcount == 0:
        await connection.execute(insert(probe).values(id=_ROW, at=now))
