"""Copies of a SQLite database: made while it is in use, checked, and put in its place again.

A copy is made page by page within one reading transaction. In WAL mode that holds up nobody who writes, and all pages
are of one moment; what is written meanwhile makes the write-ahead log longer, not the copy other.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from alembic.script import ScriptDirectory

from everloop import errors
from everloop.storage.database import BUSY_TIMEOUT
from everloop.storage.failures import words_for

# Pages done, and pages in all.
Progress = Callable[[int, int], None]

_PAGES_A_STEP: Final = 1024
# Seconds that a lock is waited for before somebody else is said to hold it.
_PATIENCE: Final = 1.0
_LOG_SUFFIX: Final = "-wal"
_LOCKED: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def back_up(database: Path, target: Path, progress: Progress) -> int:
    """Makes a checked copy that only its owner may read, complete or not at all; its size in bytes.

    Everything that was committed before the call is in it. Raises `errors.NotFound` without a database,
    `errors.Conflict` when the target is there, and `errors.Unavailable` when a file cannot be read or written.
    """
    if not database.is_file():
        raise errors.NotFound(f"There is no database at {database}.")
    if os.path.lexists(target):
        raise errors.Conflict(f"{target} is there already, and a backup overwrites nothing.")
    with _draft(target) as draft:
        _copy(database, draft, "rw", progress)
        _check(draft, target)
        _sync(draft)
        _appear(draft, target)
    return target.stat().st_size


def restore(backup: Path, database: Path, progress: Progress, *, replace: bool) -> Path | None:
    """Puts a checked copy of the backup in the database's place; where the one that was there is now, if there was one.

    Raises `errors.NotFound` without a backup, `errors.Conflict` when there is a database that shall not be replaced or
    that a server uses, `errors.Unprocessable` for a file that is no backup of a known version, and
    `errors.Unavailable` when a file is damaged or cannot be read or written.
    """
    if not backup.is_file():
        raise errors.NotFound(f"There is no backup at {backup}.")
    _look_before(backup, database, replace=replace)
    with _draft(database) as draft:
        _copy(backup, draft, "ro", progress)
        _check(draft, backup)
        _check_revision(draft, backup)
        _sync(draft)
        if database.exists():
            with alone(database):
                return _exchange(draft, database)
        _appear(draft, database)
        return None


def _look_before(backup: Path, database: Path, *, replace: bool) -> None:
    """Refuses what would be refused in the end, before the long copying."""
    if database.exists():
        if not replace:
            raise errors.Conflict(f"There is a database at {database}; with --replace it is moved aside.")
        if backup.samefile(database):
            raise errors.Conflict(f"{backup} is the database itself.")
        with alone(database):
            return
    log = database.with_name(database.name + _LOG_SUFFIX)
    if log.exists():
        # SQLite would read it into the restored database.
        raise errors.Conflict(f"{log} is there without its database; move it away.")
    with _told(database):
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _copy(source: Path, draft: Path, mode: str, progress: Progress) -> None:
    with _told(source), closing(_connect(source, mode)) as reading, closing(_connect(draft, "rw")) as writing:
        # With this transaction open each step sees the same pages; without it each write would start the copy anew.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        # A draft that breaks off is thrown away, and a complete one is synced as a whole.
        writing.execute("PRAGMA journal_mode=OFF")
        writing.execute("PRAGMA synchronous=OFF")
        reading.backup(
            writing, pages=_PAGES_A_STEP, progress=lambda _, remaining, total: progress(total - remaining, total)
        )
        # One file without side files, which can be read from a medium that takes no writes.
        writing.execute("PRAGMA journal_mode=DELETE")


def _check(draft: Path, origin: Path) -> None:
    """Raises `errors.Unavailable` when the pages do not fit together; both files have the same."""
    with _told(origin), closing(_connect(draft, "ro")) as connection:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise errors.Unavailable(f"{origin} is damaged: {found}")


def _check_revision(draft: Path, backup: Path) -> None:
    with _told(backup), closing(_connect(draft, "ro")) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            row = None
    if row is None:
        raise errors.Unprocessable(f"{backup} is no backup of Everloop: it tells no revision.")
    scripts = ScriptDirectory(str(Path(__file__).parent / "migrations"))
    if row[0] not in {each.revision for each in scripts.walk_revisions()}:
        raise errors.Unprocessable(f"{backup} is of a newer version of Everloop: it is at revision {row[0]}.")


@contextmanager
def alone(database: Path) -> Iterator[sqlite3.Connection]:
    """Keeps everybody out of the database, and has all of it in the one file. Raises `errors.Conflict` when in use.

    SQLite lets only the last connection out of WAL mode, and a server has one open as long as it runs.
    """
    with _told(database), closing(_connect(database, "rw", _PATIENCE)) as connection:
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in _LOCKED:
                raise errors.Conflict(f"A server uses the database {database}: stop it first.") from error
            raise
        except sqlite3.DatabaseError as error:
            raise errors.Unavailable(
                f"{database} is so damaged that nobody can tell whether a server uses it: stop the server, move"
                f" {database.name} and the files whose names begin so away, and restore without --replace."
            ) from error
        yield connection


def _exchange(draft: Path, database: Path) -> Path:
    """There is a database under the name at every instant, so that no server that starts makes an empty one."""
    names = (database.with_name(f"{database.name}.replaced-{number}") for number in count(1))
    aside = next(name for name in names if not os.path.lexists(name))
    with _told(database):
        _name(database, aside)
        draft.replace(database)
        _sync_folder(database.parent)
    return aside


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """An empty file beside the target for its owner alone; gone at the end of the block."""
    draft = target.with_name(f"{target.name}.{secrets.token_hex(4)}.partial")
    with _told(target):
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _appear(draft: Path, target: Path) -> None:
    """Lets the complete file appear. Raises `errors.Conflict` when another one was faster."""
    with _told(target):
        try:
            _name(draft, target)
        except FileExistsError as error:
            raise errors.Conflict(f"{target} is there already.") from error
        _sync_folder(target.parent)


def _name(file: Path, name: Path) -> None:
    """Gives the file another name. Raises `FileExistsError` when it is taken."""
    try:
        # A link, unlike a rename, never replaces a file.
        os.link(file, name)
    except FileExistsError:
        raise
    except OSError:
        # File systems of memory sticks have no links.
        if os.path.lexists(name):
            raise
        file.rename(name)


def _connect(file: Path, mode: str, patience: float = BUSY_TIMEOUT) -> sqlite3.Connection:
    uri = f"{file.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """Turns errors of the database and of the file system into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise errors.Unavailable(f"{file}: {words_for(error)}") from error
    except OSError as error:
        raise errors.Unavailable(f"{file}: {error.strerror}.") from error


def _sync(file: Path) -> None:
    with _told(file), file.open("rb+") as opened:
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
