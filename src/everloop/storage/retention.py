"""Logs whose time is over, in a SQLite database: found by their ids, deleted a few at a time.

PostgreSQL keeps logs by months and has another way (`postgres.retention`).
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

from everloop import errors
from everloop.domain.ids import ALPHABET, TIME_WIDTH, Prefix, base62
from everloop.storage.counting import uncount
from everloop.storage.database import BUSY_TIMEOUT, pragmas
from everloop.storage.failures import words_for
from everloop.storage.folding import fold_all, mark_newest
from everloop.storage.location import existing
from everloop.storage.said_rows import forget_here

_LOCK_SUFFIX: Final = ".retention"

_TIMED: Final = "SELECT id FROM log WHERE organisation_id = ? AND id >= ? AND id < ? AND created_at < ? LIMIT ?"
# An id that was made elsewhere tells no time, or any: most of those that are left look like times to come.
_OTHERS: Final = "SELECT id FROM log WHERE organisation_id = ? AND created_at < ? ORDER BY id DESC LIMIT ?"

_NO_LOGS: Final = (
    "NOT EXISTS (SELECT * FROM log WHERE log.organisation_id = session.organisation_id AND log.session_id = session.id)"
)
_UNUSED: Final = f"SELECT id FROM session WHERE organisation_id = ? AND created_at < ? AND {_NO_LOGS} LIMIT ?"  # noqa: S608 - our own words

_Found = tuple[str, list[str]]
_Delete = Callable[[sqlite3.Connection, int, int], int]


class OldLogs:
    """`ports.logs.OldLogStore`. The sums and trials of experiments go on telling of the logs that have gone.

    A batch is one call in a thread, and not one through SQLAlchemy for each statement: the log writer waits meanwhile,
    and a busy event loop would make each of those take milliseconds.
    """

    def __init__(self, file: Path, *, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self._file = file
        self._busy_timeout = busy_timeout

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        # The system lets go of this lock when the process ends, however it ends.
        lock = self._file.with_name(self._file.name + _LOCK_SUFFIX)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _lock(descriptor)
        finally:
            os.close(descriptor)

    async def drop_logs(self, before: int) -> int:  # noqa: ARG002 - the port's
        return 0

    async def delete_logs(self, before: int, most: int) -> int:
        return await asyncio.to_thread(self._connected, _delete_logs, before, most)

    async def delete_sessions(self, before: int, most: int) -> int:
        return await asyncio.to_thread(self._connected, _delete_sessions, before, most)

    def _connected(self, delete: _Delete, before: int, most: int) -> int:
        try:
            with closing(sqlite3.connect(existing(self._file), uri=True, isolation_level=None)) as connection:
                for pragma in pragmas(self._busy_timeout):
                    connection.execute(pragma)
                return delete(connection, before, most)
        except sqlite3.Error as error:
            raise errors.Unavailable(words_for(error)) from error


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _delete_logs(connection: sqlite3.Connection, before: int, most: int) -> int:
    organisation_id, ids = _old_logs(connection, before, most)
    if not ids:
        return 0
    these, values = _places(ids), (organisation_id, *ids)
    # Nothing is prepared or looked for once others have to wait.
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        fold_all(connection.execute)
        uncount(connection.execute, organisation_id, ids)
        forget_here(connection.execute, organisation_id, ids)
        connection.execute(f"DELETE FROM feedback WHERE organisation_id = ? AND log_id IN {these}", values)  # noqa: S608 - places only
        connection.execute(f"DELETE FROM log_body WHERE organisation_id = ? AND log_id IN {these}", values)  # noqa: S608 - as above
        logs = f"DELETE FROM log WHERE organisation_id = ? AND id IN {these} RETURNING session_id"  # noqa: S608 - as above
        sessions = {session for (session,) in connection.execute(logs, values) if session is not None}
        if sessions:
            _delete_unused(connection, organisation_id, sessions)
        mark_newest(connection.execute)
    return len(ids)


def _old_logs(connection: sqlite3.Connection, before: int, most: int) -> _Found:
    """Some of one organisation; those of ids that tell another time come last: all logs are read to find them."""
    first, end = (f"{Prefix.LOG}_{digits}" for digits in (ALPHABET[0], base62(before, TIME_WIDTH)))
    for query, values in ((_TIMED, (first, end, before, most)), (_OTHERS, (before, most))):
        organisation_id, ids = _first_with(connection, query, values)
        if ids:
            return organisation_id, ids
    return "", []


def _delete_sessions(connection: sqlite3.Connection, before: int, most: int) -> int:
    organisation_id, ids = _first_with(connection, _UNUSED, (before, most))
    if not ids:
        return 0
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        _delete_unused(connection, organisation_id, ids)
    return len(ids)


def _delete_unused(connection: sqlite3.Connection, organisation_id: str, ids: Iterable[str]) -> None:
    """Those of the sessions that have no log, also not one that came since they were found."""
    values = (organisation_id, *ids)
    these = _places(values[1:])
    connection.execute(f"DELETE FROM session WHERE organisation_id = ? AND id IN {these} AND {_NO_LOGS}", values)  # noqa: S608 - places only


def _first_with(connection: sqlite3.Connection, query: str, values: tuple[str | int, ...]) -> _Found:
    """The first organisation in which the query finds ids, and those."""
    for (organisation_id,) in connection.execute("SELECT id FROM organisation ORDER BY number").fetchall():
        ids = [found for (found,) in connection.execute(query, (organisation_id, *values))]
        if ids:
            return organisation_id, ids
    return "", []


def _places(ids: Sequence[str]) -> str:
    return f"({', '.join('?' * len(ids))})"
