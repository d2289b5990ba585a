"""The log writer's own connection to a SQLite file: one transaction a batch."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from everloop.ports.system import Clock
from everloop.storage.database import pragmas
from everloop.storage.fold_pace import FoldPace
from everloop.storage.folding import STEP, fold, is_behind
from everloop.storage.location import existing
from everloop.storage.log_batch import CACHED_STATEMENTS, Rows, write
from everloop.storage.tables import probe

_log: Final = logging.getLogger(__name__)

Commit = Callable[[sqlite3.Connection], None]
_Result = TypeVar("_Result")

PROBE: Final = f'INSERT INTO "{probe.name}" (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at'  # noqa: S608 - our own table


def commit_now(connection: sqlite3.Connection) -> None:
    """Returns once the transaction is on disk."""
    connection.execute("COMMIT")


class LogConnection:
    """Used by one thread at a time. All methods raise `sqlite3.Error`, and leave no transaction open."""

    def __init__(self, file: Path, clock: Clock, busy_timeout: float, commit: Commit) -> None:
        self._file = file
        self._clock = clock
        self._busy_timeout = busy_timeout
        self._commit = commit
        self._connection: sqlite3.Connection | None = None
        self._pace = FoldPace(clock)
        self.synchronous = 0

    def open(self) -> None:
        """Connects; a connection that there was is closed."""
        self.close()
        connection = sqlite3.connect(
            existing(self._file),
            uri=True,
            cached_statements=CACHED_STATEMENTS,
            check_same_thread=False,
        )
        try:
            # Transactions begin where `_transact` says, not where the driver thinks.
            connection.isolation_level = None
            for pragma in pragmas(self._busy_timeout):
                connection.execute(pragma)
            self.synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def close(self) -> None:
        """Disconnects, if connected."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def keep(self, batch: Sequence[Rows]) -> None:
        """Returns once everything in the batch is on disk; otherwise nothing of it is.

        Now and then the sums of experiments get there with it. Raises also `UnicodeEncodeError` and `OverflowError` for
        values that SQLite cannot hold.
        """
        folds = self._pace.due_with(batch)

        def work(connection: sqlite3.Connection) -> None:
            write(connection, batch)
            if folds:
                _fold_beside(connection)

        self._transact(work)
        if folds:
            self._pace.folded()

    def fold(self) -> None:
        """Brings the sums of experiments up to what was kept before, if they are behind."""
        if is_behind(self._open_connection().execute):
            while self._transact(lambda connection: fold(connection.execute)) >= STEP:
                pass

    def probe(self) -> None:
        """Connects anew and writes something, to see whether the database takes writes."""
        self.open()
        self._transact(lambda connection: connection.execute(PROBE, (self._clock.now(),)))

    def checkpoint(self) -> None:
        """Moves what is in the write-ahead log into the database file, as far as that is possible without waiting."""
        self._open_connection().execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _transact(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        connection = self._open_connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            self._commit(connection)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.OperationalError("the log writer's connection is closed")
        return self._connection


def _fold_beside(connection: sqlite3.Connection) -> None:
    """Folds in the transaction of a batch. Sums that cannot be written are no reason not to keep logs: they can wait.

    Raises `sqlite3.Error` when the whole transaction has failed with them, as on a full disk.
    """
    connection.execute("SAVEPOINT fold")
    try:
        fold(connection.execute)
    except sqlite3.Error:
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO fold")
        _log.exception("the sums of experiments cannot be written, it is tried again")
    connection.execute("RELEASE fold")
