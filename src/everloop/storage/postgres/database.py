"""The connections to PostgreSQL: transactions to read in and to write in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from weakref import WeakValueDictionary

from sqlalchemy import ExceptionContext, event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from everloop.storage.postgres.connecting import DURABLE, Server
from everloop.storage.postgres.failures import driver_error, is_read_only, told_apart
from everloop.storage.postgres.locks import owner_lock
from everloop.storage.transactions import NOBODY
from everloop.storage.turns import TURN_TIMEOUT, turn

_LOCK_TIMEOUT: Final = 5.0
# Seconds after which a command is given up; judging a long past anew takes some.
_PATIENCE: Final = 60.0

# A process that stands still with the lock, or a network that is gone, must not stop the others for ever. The lock is
# taken after the settings, among which is how long it is waited for.
_ALONE: Final = text(
    "WITH settings AS MATERIALIZED (SELECT set_config('lock_timeout', :lock_timeout, true),"  # noqa: S608 - our own words
    " set_config('idle_in_transaction_session_timeout', '60s', true),"
    f" {DURABLE.format(within_transaction='true')} AS durable)"
    " SELECT pg_advisory_xact_lock(:lock) FROM settings"
)


class PostgresDatabase:
    """`transactions.Transactions` over one PostgreSQL database, in which the writes of an organisation take turns.

    `lock_timeout` is how many seconds another process's write is waited for, `turn_timeout` how many the writes of this
    one for the same owner, `patience` how many a command may take.
    """

    def __init__(
        self,
        server: Server,
        *,
        lock_timeout: float = _LOCK_TIMEOUT,
        turn_timeout: float = TURN_TIMEOUT,
        patience: float = _PATIENCE,
        connections: int = 8,
    ) -> None:
        self._engine = _engine(server, patience, connections)
        self._lock_timeout = f"{int(lock_timeout * 1000)}ms"
        self._turn_timeout = turn_timeout
        # Those of this process wait here rather than in a connection, of which readers would have none left.
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database from its first query on."""
        with told_apart():
            async with self._engine.connect() as connection:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def write(self, owner: str = NOBODY, /) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write, alone with its owner; on disk when the block is left without an error.

        Each query sees what was committed before it, so that those after the lock see what the lock was waited for.
        """
        with told_apart():
            alone = turn(self._line(owner), self._turn_timeout)
            async with alone, self._engine.connect() as connection, connection.begin():
                settings = {"lock_timeout": self._lock_timeout, "lock": owner_lock(owner)}
                await connection.execute(_ALONE, settings)
                yield connection

    async def close(self) -> None:
        """Closes the connections that are not in use."""
        await self._engine.dispose()

    def _line(self, owner: str) -> asyncio.Lock:
        line = self._lines.get(owner)
        if line is None:
            line = self._lines[owner] = asyncio.Lock()
        return line


def _engine(server: Server, patience: float, connections: int) -> AsyncEngine:
    async def connect() -> Any:  # noqa: ANN401 - asyncpg has no types
        return await server.connect(patience)

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        isolation_level="READ COMMITTED",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=10.0,
        hide_parameters=True,
        connect_args={"prepared_statement_cache_size": 0} if server.pooled else {},
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def check(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - SQLAlchemy's untyped driver connection
        # The driver has heard it when the server ended a connection; another one is made then.
        if connection.driver_connection.is_closed():
            raise DisconnectionError

    @event.listens_for(engine.sync_engine, "handle_error")
    def part(context: ExceptionContext) -> None:
        # A session that was begun with a read-only database stays read-only when the database no longer is.
        if is_read_only(driver_error(context.sqlalchemy_exception)):
            context.is_disconnect = True

    return engine
