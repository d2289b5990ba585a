"""What the errors of PostgreSQL and its driver mean to an operator, in words that hold no SQL, values or passwords."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from everloop import errors

_log: Final = logging.getLogger(__name__)

AWAY: Final = "The database cannot be reached."
_OTHERWISE: Final = "The database failed; the server's own log says how."
_NOT_KEPT: Final = (
    "A value cannot be kept: a number is too large, or a text is no valid Unicode or too long for an index."
)

# Codes, and classes of them (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_WORDS: Final = {
    "08": AWAY,
    "23514": "The database has just changed where logs are kept; the same call may succeed now.",
    "25006": "The database cannot be written: it is read-only.",
    "28": "The database refuses the user name or the password.",
    "3D": "The database that is named in the URL is not there.",
    "40": "Two writes got in each other's way; the same call may succeed now.",
    "42501": "The database's user may not do this; it has to own the tables.",
    "53": "The database has not enough memory or space.",
    "53100": "The database's disk is full.",
    "53300": "The database has no connection left: too many clients.",
    "55P03": "The database is locked by another process.",
    "57": "The database is starting, or stopping.",
    "57014": "The database takes too long to answer.",
    "58": "The database's disk fails: reading or writing gave an I/O error.",
    "XX001": "The database is damaged; restore a backup.",
    "XX002": "The database is damaged; restore a backup.",
}
# Classes of errors whose messages are about the server, and hold nothing of anybody's.
_SAFE: Final = ("08", "25", "28", "3D", "40", "53", "55", "57", "58")
_BROKEN_CONSTRAINTS: Final = "23"
_READ_ONLY: Final = "25006"
# A log that was on its way into one partition when it became another one's is refused by a check of the database's own.
_MOVED: Final = "23514"
_AGAIN: Final = ("40001", "40P01", _MOVED)

# What asyncpg raises, connecting included: `TimeoutError` is an `OSError`.
DRIVER_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


def words_for(error: BaseException | None) -> str:
    """What to tell the operator about an error of the driver."""
    code = _code(error)
    if code is not None:
        return _WORDS.get(code) or _WORDS.get(code[:2], _OTHERWISE)
    if isinstance(error, TimeoutError):
        return "The database does not answer."
    # The driver's own complaint, such as that a connection is closed, comes without a code.
    return AWAY if isinstance(error, OSError | asyncpg.InterfaceError) else _OTHERWISE


def described(error: BaseException | None) -> str:
    """The error for the log: by its name and code, and in its own words where those cannot hold what somebody wrote."""
    code = _code(error)
    safe = isinstance(error, OSError) or (code is not None and code[:2] in _SAFE)
    return f"{type(error).__name__} {code or ''} {error if safe else ''}".strip()


def is_broken_constraint(error: BaseException) -> bool:
    """Whether what was written is in the way of something else, such as the same id."""
    code = _code(error) or ""
    return code.startswith(_BROKEN_CONSTRAINTS) and code != _MOVED


def is_bad_value(error: BaseException | None) -> bool:
    """Whether a value is to blame that the database cannot hold."""
    return isinstance(error, asyncpg.DataError | asyncpg.ProgramLimitExceededError | UnicodeError | OverflowError)


def is_read_only(error: BaseException | None) -> bool:
    """Whether something was to be written in a session that may only read."""
    return _code(error) == _READ_ONLY


def may_succeed_now(error: BaseException) -> bool:
    """Whether another transaction was in the way, and the same one may be tried again at once."""
    return _code(error) in _AGAIN


@contextmanager
def told_apart() -> Iterator[None]:
    """Turns errors into ours: `Unavailable` for what may pass, `Unprocessable` for what cannot be kept.

    A broken constraint goes through as it is: only the query knows what it means.
    """
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise _ours(driver_error(error)) from None
    except PoolTimeout as error:
        raise errors.Unavailable("The database is busy: too many queries wait for it.") from error
    except (*DRIVER_ERRORS, OverflowError, UnicodeError) as error:
        raise _ours(error) from None


def _ours(error: BaseException | None) -> errors.EverloopError:
    if is_bad_value(error):
        return errors.Unprocessable(_NOT_KEPT)
    _log.error("database error: %s", described(error))
    return errors.Unavailable(words_for(error))


def driver_error(error: BaseException | None) -> BaseException | None:
    """The driver's error, which SQLAlchemy wraps in one of its own adapter and that in one of its own."""
    return (error.orig.__cause__ or error.orig) if isinstance(error, DBAPIError) and error.orig else None


def _code(error: BaseException | None) -> str | None:
    code: str | None = getattr(error, "sqlstate", None)
    return code
