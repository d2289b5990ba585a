"""Where the database is: the reading of its URL, and the file that only its owner may read."""

import os
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from everloop import errors

_SCHEMES: Final = ("sqlite", "sqlite+aiosqlite")
_POSTGRES: Final = ("postgresql", "postgres", "postgresql+asyncpg")
_SUPPORTED: Final = (
    "Supported today: SQLite in a file, `sqlite:///relative/path.db` or `sqlite:////absolute/path.db`, and PostgreSQL,"
    " `postgresql://user:password@host/database`."
)


def postgres_url(url: str) -> str | None:
    """The URL as PostgreSQL's own clients write it; None for another kind of database."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql://{rest}" if separator and scheme in _POSTGRES else None


def database_file(url: str) -> Path:
    """The file that a database URL names. Raises `errors.Unprocessable` for anything but a SQLite file.

    The message does not repeat the URL: that of another database holds a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise errors.Unprocessable(f"The database URL cannot be read. {_SUPPORTED}") from error
    if parsed.drivername not in _SCHEMES:
        raise errors.Unprocessable(f"The database URL is of the kind `{parsed.drivername}`. {_SUPPORTED}")
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise errors.Unprocessable(
            f"The database URL names no file, and logs kept in memory would be lost. {_SUPPORTED}"
        )
    if parsed.query or parsed.host:
        raise errors.Unprocessable(f"The database URL has more than a path in it. {_SUPPORTED}")
    return Path(parsed.database)


def make_private(file: Path) -> None:
    """Makes the file and its folder for their owner alone, unless they are there; side files get the same mode.

    Raises `errors.Unavailable` when it cannot.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        _sync(file.parent)
    except OSError as error:
        raise errors.Unavailable(f"The database file {file} cannot be opened for writing: {error.strerror}.") from error


def existing(file: Path) -> str:
    """A SQLite URI that opens the file, and fails when it has gone rather than make a new and empty one."""
    return f"{file.absolute().as_uri()}?mode=rw"


def _sync(folder: Path) -> None:
    """Puts a new file's name on disk; what SQLite syncs later is the file's content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
