import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from everloop import errors
from everloop.storage.failures import told_apart, words_for


def raised(code: int | None) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("secret words of the driver")
    if code is not None:
        error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_BUSY, "locked"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "locked"),
        (sqlite3.SQLITE_FULL, "full"),
        (sqlite3.SQLITE_IOERR, "I/O"),
        (sqlite3.SQLITE_IOERR_FSYNC, "I/O"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "read-only"),
        (sqlite3.SQLITE_CANTOPEN, "opened"),
        (sqlite3.SQLITE_CORRUPT, "damaged"),
        (sqlite3.SQLITE_ERROR, "failed"),
        (None, "failed"),
    ],
)
def test_what_the_operator_is_told(code: int | None, words: str):
    assert words in words_for(raised(code))
    assert "secret" not in words_for(raised(code))
    with pytest.raises(errors.Unavailable, match=words), told_apart():
        raise OperationalError("SELECT secret", {"x": "secret"}, raised(code))


def test_what_cannot_be_kept_is_the_callers():
    for error in (OverflowError(), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates")):
        with pytest.raises(errors.Unprocessable), told_apart():
            raise error


def test_a_busy_pool_may_pass():
    with pytest.raises(errors.Unavailable, match="busy"), told_apart():
        raise PoolTimeout


def test_queries_interpret_broken_constraints_themselves():
    with pytest.raises(IntegrityError), told_apart():
        raise IntegrityError("x", {}, sqlite3.IntegrityError())


def test_our_own_errors_and_bugs_pass():
    for error in (errors.NotFound("x"), ZeroDivisionError()):
        with pytest.raises(type(error)), told_apart():
            raise error
    assert not issubclass(ZeroDivisionError, DBAPIError)
