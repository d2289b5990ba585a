"""The course of a move: the schema, then table after table in batches, then the counts of both sides."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from sqlalchemy import Table

from everloop import errors
from everloop.domain.value import value
from everloop.ports.system import Clock
from everloop.storage.location import database_file, postgres_url
from everloop.storage.migrating import migrate
from everloop.storage.moving.marks import Reached
from everloop.storage.moving.months import months_of_logs
from everloop.storage.moving.plan import tables_to_move
from everloop.storage.moving.source import Source, held, key_of
from everloop.storage.moving.target import CannotHold, Target, connected, said_of_target
from everloop.storage.moving.values import Conversion, Row

# Rows of one batch; few and large ones are held to a number of bytes, too.
_BATCH: Final = 4_000


class Watcher(Protocol):
    """Who is told how far it has come."""

    def begins(self, rows: int) -> None:
        """There are that many rows in all, also those that an earlier run has moved."""
        ...

    def moved(self, table: str, rows: int) -> None:
        """That many more rows of the table are on the other side, for good; the first time those of earlier runs."""
        ...


@value
class Counted:
    """The rows of one table, counted on both sides; `respelled` values read the same and are spelled otherwise."""

    name: str
    here: int
    there: int
    respelled: int


@value
class Moved:
    """What came of it. `before` is when an earlier run had finished it, in Unix milliseconds: then nothing was done."""

    tables: tuple[Counted, ...] = ()
    before: int | None = None

    def differing(self) -> tuple[str, ...]:
        """The tables that have other numbers of rows on both sides."""
        return tuple(table.name for table in self.tables if table.here != table.there)


def move(source_url: str, target_url: str, clock: Clock, watcher: Watcher, *, batch: int = _BATCH) -> Moved:
    """Moves everything of a SQLite database into an empty PostgreSQL database, or goes on where an earlier run was.

    The source is brought to this version's schema and otherwise left as it is; nobody can use it meanwhile. Raises
    `errors.NotFound` without a source, `errors.Conflict` when it is in use or the target is not empty,
    `errors.Unprocessable` for a URL of another kind and for a value that PostgreSQL cannot hold, and
    `errors.Unavailable` when one of the databases does not work.
    """
    file, url = database_file(source_url), postgres_url(target_url)
    if url is None:
        raise errors.Unprocessable("Everything is moved to PostgreSQL: postgresql://user:password@host/database.")
    if not file.is_file():
        raise errors.NotFound(f"There is no database at {file}.")
    # A server of an older version would not survive that its schema changes, nor is it changed for nothing.
    with held(file):
        asyncio.run(_reach(url))
    migrate(source_url)
    with held(file) as source:
        source.settle()
        return asyncio.run(_Move(source, url, clock, watcher, batch).run())


async def _reach(url: str) -> None:
    async with connected(url):
        pass


class _Move:
    """One run."""

    def __init__(self, source: Source, url: str, clock: Clock, watcher: Watcher, batch: int) -> None:
        self._source = source
        self._url = url
        self._clock = clock
        self._watcher = watcher
        self._batch = batch

    async def run(self) -> Moved:
        tables = tables_to_move(self._source.tables())
        fingerprint = self._source.fingerprint()
        async with connected(self._url) as target:
            mark = await target.mark()
            if mark is None:
                with said_of_target():
                    migrate(self._url)
                await target.begin(tables, fingerprint, self._clock.now())
            elif mark.source != fingerprint:
                raise errors.Conflict(
                    "PostgreSQL: another database was moved there, or this one before something was written to it."
                    " Make a new database, and begin anew."
                )
            elif mark.finished_at is not None:
                return Moved(before=mark.finished_at)
            with _encouraged():
                return await self._fill(target, tables)

    async def _fill(self, target: Target, tables: Sequence[Table]) -> Moved:
        here = {table.name: self._source.count(table) for table in tables}
        self._watcher.begins(sum(here.values()))
        await target.make_partitions(months_of_logs(self._source.connection), self._clock.now())
        reached = {table.name: await self._move_table(target, table) for table in tables}
        counted = []
        for table in tables:
            await self._number_on(target, table)
            await target.analyse(table)
            there = await target.count(table)
            counted.append(Counted(table.name, here[table.name], there, reached[table.name].respelled))
        moved = Moved(tuple(counted))
        if not moved.differing():
            await target.finish(self._clock.now())
        return moved

    async def _move_table(self, target: Target, table: Table) -> Reached:
        conversion = Conversion(table)
        reached = await target.reached(table)
        self._watcher.moved(table.name, reached.rows)
        while rows := self._source.batch(table, reached.key, self._batch):
            reached = await self._keep(target, table, [(row, *conversion.of(row)) for row in rows], reached)
        return reached

    async def _keep(
        self, target: Target, table: Table, rows: Sequence[tuple[Row, Row, int]], before: Reached
    ) -> Reached:
        """Keeps rows, each given as it is here and there and with the number of changes; where that leads."""
        last = key_of(table, rows[-1][0])
        respelled = before.respelled + sum(changes for _, _, changes in rows)
        now = Reached(before.rows + len(rows), respelled, last)
        try:
            await target.keep(table, [converted for _, converted, _ in rows], before, now)
        except CannotHold:
            if len(rows) == 1:
                raise errors.Unprocessable(
                    f"PostgreSQL cannot hold the row of {table.name} whose key is {', '.join(map(str, last))}: a number"
                    " is out of its range, or a text with an index is too long. Delete or change the row, make a new"
                    " database, and begin anew."
                ) from None
            half = len(rows) // 2
            return await self._keep(target, table, rows[half:], await self._keep(target, table, rows[:half], before))
        self._watcher.moved(table.name, len(rows))
        return now

    async def _number_on(self, target: Target, table: Table) -> None:
        column = table.autoincrement_column
        if column is None:
            return
        greatest = self._source.greatest(table, column.name)
        if greatest is not None:
            await target.go_on_above(table, column.name, greatest)


@contextmanager
def _encouraged() -> Iterator[None]:
    """Says of what may pass that nothing has to be done again."""
    try:
        yield
    except errors.Unavailable as error:
        raise errors.Unavailable(f"{error.message} Run the same command again: it goes on where it was.") from error
