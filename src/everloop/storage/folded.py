"""Reading and writing on sums that tell of every log: those who need it fold what the log writer has not yet folded."""

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.storage.failures import words_for
from everloop.storage.folding import STEP, fold, fold_all, is_behind
from everloop.storage.location import existing
from everloop.storage.transactions import Transactions

_log: Final = logging.getLogger(__name__)


@asynccontextmanager
async def reading_folded(database: Transactions) -> AsyncIterator[AsyncConnection]:
    """A transaction to read in whose sums and trials tell of every log that was kept before."""
    async with database.read() as connection:
        if not await needs_folding(connection):
            yield connection
            return
    await catch_up(database)
    async with database.read() as connection:
        yield connection


async def needs_folding(connection: AsyncConnection) -> bool:
    """Whether sums and trials lack something, as this transaction sees them. On PostgreSQL they never do."""
    return _folds(connection) and await connection.run_sync(lambda here: is_behind(here.exec_driver_sql))


async def catch_up(database: Transactions) -> None:
    """Folds what was kept before, in transactions of its own.

    A database that takes no writes now can still be read, and what is read is then a little old.
    """
    try:
        while await _step(database) >= STEP:
            pass
    except errors.Unavailable as error:
        _log.warning("the sums of experiments are read as they are: %s", error)


async def fold_here(connection: AsyncConnection) -> None:
    """Folds everything, in a transaction that writes: nobody adds a log before its end."""
    if _folds(connection):
        await connection.run_sync(lambda here: fold_all(here.exec_driver_sql))


def fold_file(file: Path) -> None:
    """Folds everything in a SQLite file, for those who take it over. Raises `errors.Unavailable` when it fails."""
    try:
        with closing(sqlite3.connect(existing(file), uri=True, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            fold_all(connection.execute)
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise errors.Unavailable(words_for(error)) from error


async def _step(database: Transactions) -> int:
    async with database.write() as connection:
        return await connection.run_sync(lambda here: fold(here.exec_driver_sql))


def _folds(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "sqlite"
