"""The connections to a SQLite file: transactions to read in and to write in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from everloop.storage.failures import told_apart
from everloop.storage.location import existing
from everloop.storage.transactions import NOBODY
from everloop.storage.turns import TURN_TIMEOUT, turn

BUSY_TIMEOUT: Final = 5.0
_WRITES: Final = "everloop_writes"


def pragmas(busy_timeout: float) -> tuple[str, ...]:
    """What every connection is told first. The order matters: the switch to WAL itself may have to wait for a lock.

    `busy_timeout` is in seconds.
    """
    return (
        f"PRAGMA busy_timeout={int(busy_timeout * 1000)}",
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        # Where fsync alone leaves data in the disk's own cache (macOS), go further; elsewhere this means nothing.
        "PRAGMA fullfsync=ON",
        "PRAGMA foreign_keys=ON",
    )


class Database:
    """`transactions.Transactions` over one SQLite file, in which all writes take turns.

    `busy_timeout` is how many seconds a lock of another process is waited for, `turn_timeout` how many the other
    writes of this one.
    """

    def __init__(
        self,
        file: Path,
        *,
        busy_timeout: float = BUSY_TIMEOUT,
        turn_timeout: float = TURN_TIMEOUT,
        connections: int = 8,
    ) -> None:
        self._engine = _engine(file, busy_timeout, connections)
        self._turn_timeout = turn_timeout
        # SQLite takes one writer at a time and lets the others poll; a queue of our own is fair and wakes at once.
        self._line = asyncio.Lock()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database from its first query on."""
        with told_apart():
            async with self._engine.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self, _owner: str = NOBODY, /) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write, alone from its beginning; on disk when the block is left without an error."""
        with told_apart():
            async with turn(self._line, self._turn_timeout), self._engine.connect() as connection:
                await connection.execution_options(**{_WRITES: True})
                async with connection.begin():
                    yield connection

    async def close(self) -> None:
        """Closes the connections that are not in use."""
        await self._engine.dispose()


def _engine(file: Path, busy_timeout: float, connections: int) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=existing(file), query={"uri": "true"}),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=10.0,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - SQLAlchemy's untyped driver connection
        try:
            _prepare(connection, busy_timeout)
        except BaseException:
            # The pool would close it in a task that nobody waits for and that may outlive the loop.
            connection.close()
            raise

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _prepare(connection: Any, busy_timeout: float) -> None:  # noqa: ANN401 - as above
    # The driver's own transactions begin late and never for reads; ours begin in `begin` above.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in pragmas(busy_timeout):
        cursor.execute(pragma)
    cursor.close()
