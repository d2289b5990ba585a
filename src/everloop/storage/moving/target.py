"""The PostgreSQL database that everything is moved into: each batch and how far it came in one transaction."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from sqlalchemy import Table

from everloop import errors
from everloop.storage.moving import marks
from everloop.storage.moving.marks import Mark, Reached
from everloop.storage.moving.values import Row
from everloop.storage.postgres.connecting import DURABLE_TRANSACTION, look_at
from everloop.storage.postgres.failures import DRIVER_ERRORS, is_bad_value, is_broken_constraint, told_apart
from everloop.storage.postgres.locks import MIGRATIONS
from everloop.storage.postgres.partitions import make_ahead
from everloop.storage.said_rows import FILL
from everloop.storage.said_tables import said_cell, said_log, said_value

# Seconds that a command may take; counting and analysing the logs of years takes some.
_PATIENCE: Final = 1800.0


class CannotHold(Exception):
    """PostgreSQL refuses a value of a batch."""


class Target:
    """The database, on a connection of its own. All methods raise `errors.Unavailable` when it does not work."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - asyncpg has no types
        self._connection = connection

    async def mark(self) -> Mark | None:
        """What is known of an earlier run."""
        async with self._transaction():
            return await marks.mark_in(self._connection)

    async def begin(self, tables: Iterable[Table], source: str, now: int) -> None:
        """Marks that a move has begun. Raises `errors.Conflict` when another one has, or when there are rows."""
        async with self._transaction():
            # No server that starts looks at the schema meanwhile, nor does another run.
            await self._connection.execute(f"SELECT pg_advisory_xact_lock({MIGRATIONS})")
            if await marks.mark_in(self._connection) is not None:
                raise errors.Conflict("another run of this command has just begun.")
            query = 'SELECT EXISTS (SELECT FROM "{}")'
            filled = [each.name for each in tables if await self._connection.fetchval(query.format(each.name))]
            if filled:
                raise errors.Conflict(
                    f"the database is not empty: there are rows in {', '.join(filled)}. Make a new one, and start no"
                    " server on it before everything is moved."
                )
            await marks.make_mark(self._connection, source, now)

    async def reached(self, table: Table) -> Reached:
        """How far a table has come."""
        async with self._transaction():
            return await marks.reached_in(self._connection, table.name)

    async def keep(self, table: Table, rows: Sequence[Row], before: Reached, now: Reached) -> None:
        """Adds rows to a table that has come as far as `before`; all of them, or none.

        Raises `CannotHold` when a value is to blame, and `errors.Conflict` when somebody else writes there.
        """
        async with self._transaction():
            if not await marks.advance(self._connection, table.name, before, now):
                raise errors.Conflict("another run of this command moves the same database.")
            await self._copy(table, rows)

    async def make_partitions(self, months: Iterable[int], now: int) -> None:
        """Makes the partitions of logs of those months, and those that a server needs now. Unix milliseconds."""
        with _told():
            for month in (*months, now):
                await make_ahead(self._connection, month)

    async def go_on_above(self, table: Table, column: str, number: int) -> None:
        """The next number that the database gives in a column is greater than this one."""
        async with self._transaction():
            query = "SELECT setval(pg_get_serial_sequence($1, $2)::regclass, $3)"
            await self._connection.execute(query, f'"{table.name}"', column, number)

    async def analyse(self, table: Table) -> None:
        """Lets the database see what it has, or it would plan its first queries for empty tables."""
        async with self._transaction():
            await self._connection.execute(f'ANALYZE "{table.name}"')

    async def count(self, table: Table) -> int:
        """How many rows the table has."""
        async with self._transaction():
            count: int = await self._connection.fetchval(f'SELECT count(*) FROM "{table.name}"')  # noqa: S608 - our own table
            return count

    async def finish(self, now: int) -> None:
        """Counts what was said of the logs, and marks that everything is there."""
        async with self._transaction():
            for statement in FILL:
                await self._connection.execute(statement)
            for table in (said_value, said_log, said_cell):
                await self._connection.execute(f'ANALYZE "{table.name}"')
            await marks.finish(self._connection, now)

    async def _copy(self, table: Table, rows: Sequence[Row]) -> None:
        columns = [column.name for column in table.columns]
        try:
            await self._connection.copy_records_to_table(table.name, records=rows, columns=columns)
        except (*DRIVER_ERRORS, UnicodeError, OverflowError) as error:
            if is_broken_constraint(error):
                raise errors.Conflict(
                    f"the table {table.name} has rows in the way that were not moved there. Does a server use the"
                    " database? Make a new one, and begin anew."
                ) from error
            if is_bad_value(error):
                raise CannotHold from error
            raise

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        with _told():
            async with self._connection.transaction():
                await self._connection.execute(DURABLE_TRANSACTION)
                yield


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Target]:
    """The database of a URL. Raises what `connecting.look_at` raises, and `errors.Unavailable`."""
    with _told():
        connection = await (await look_at(url)).connect(_PATIENCE)
    try:
        yield Target(connection)
    finally:
        connection.terminate()


@contextmanager
def said_of_target() -> Iterator[None]:
    """Says of errors that they are the target's, where there are two databases."""
    try:
        yield
    except errors.EverloopError as error:
        raise type(error)(f"PostgreSQL: {error.message}") from None


@contextmanager
def _told() -> Iterator[None]:
    with said_of_target(), told_apart():
        yield
