"""What a database's errors mean to an operator, in words that hold no SQL and no values."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from everloop import errors

_log: Final = logging.getLogger(__name__)

# Primary result codes (https://www.sqlite.org/rescode.html); an extended one holds its primary one in the lowest byte.
_WORDS: Final = {
    sqlite3.SQLITE_BUSY: "The database is locked by another process.",
    sqlite3.SQLITE_LOCKED: "The database is locked by another process.",
    sqlite3.SQLITE_READONLY: "The database cannot be written: its file or file system is read-only.",
    sqlite3.SQLITE_IOERR: "The database's disk fails: reading or writing gave an I/O error.",
    sqlite3.SQLITE_FULL: "The database's disk is full.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened.",
    sqlite3.SQLITE_PERM: "The database file cannot be opened: permission denied.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged; restore a backup.",
    sqlite3.SQLITE_NOTADB: "The database file is no SQLite database, or is damaged; restore a backup.",
}
_OTHERWISE: Final = "The database failed; the server's own log says how."


def words_for(error: BaseException | None) -> str:
    """What to tell the operator about an error of the `sqlite3` module."""
    code = getattr(error, "sqlite_errorcode", None)
    return _OTHERWISE if code is None else _WORDS.get(code & 0xFF, _OTHERWISE)


@contextmanager
def told_apart() -> Iterator[None]:
    """Turns a driver's errors into ours: `Unavailable` for what may pass, `Unprocessable` for what cannot be kept.

    A broken constraint goes through as it is: only the query knows what it means.
    """
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        _log.error("database error: %s", error.orig)
        raise errors.Unavailable(words_for(error.orig)) from error
    except PoolTimeout as error:
        raise errors.Unavailable("The database is busy: too many queries wait for it.") from error
    except (OverflowError, UnicodeError) as error:
        raise errors.Unprocessable(
            "A value cannot be kept: a number is too large, or a text is no valid Unicode."
        ) from error
