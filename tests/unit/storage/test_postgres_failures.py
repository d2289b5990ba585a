import logging

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from everloop import errors
from everloop.storage.postgres.failures import (
    described,
    is_bad_value,
    is_broken_constraint,
    may_succeed_now,
    told_apart,
    words_for,
)

SECRET = "hunter2"


def wrapped(error: Exception) -> DBAPIError:
    """As SQLAlchemy raises it: the driver's error is the cause of an adapter's, which is inside of its own."""
    adapted = Exception(SECRET)
    adapted.__cause__ = error
    return DBAPIError(f"SELECT {SECRET}", {"x": SECRET}, adapted)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(), "cannot be reached"),
        (TimeoutError(), "does not answer"),
        (asyncpg.InterfaceError(SECRET), "cannot be reached"),
        (asyncpg.ConnectionDoesNotExistError(SECRET), "cannot be reached"),
        (asyncpg.ReadOnlySQLTransactionError(SECRET), "read-only"),
        (asyncpg.DiskFullError(SECRET), "disk is full"),
        (asyncpg.OutOfMemoryError(SECRET), "memory or space"),
        (asyncpg.TooManyConnectionsError(SECRET), "no connection left"),
        (asyncpg.CannotConnectNowError(SECRET), "starting, or stopping"),
        (asyncpg.AdminShutdownError(SECRET), "starting, or stopping"),
        (asyncpg.InvalidPasswordError(SECRET), "refuses the user name or the password"),
        (asyncpg.InvalidCatalogNameError(SECRET), "is not there"),
        (asyncpg.InsufficientPrivilegeError(SECRET), "own the tables"),
        (asyncpg.LockNotAvailableError(SECRET), "locked by another process"),
        (asyncpg.CheckViolationError(SECRET), "where logs are kept"),
        (asyncpg.SerializationError(SECRET), "in each other's way"),
        (asyncpg.DeadlockDetectedError(SECRET), "in each other's way"),
        (asyncpg.QueryCanceledError(SECRET), "too long"),
        (asyncpg.DataCorruptedError(SECRET), "damaged"),
        (asyncpg.UndefinedTableError(SECRET), "the server's own log"),
    ],
)
def test_what_the_operator_is_told(error: Exception, words: str):
    assert words in words_for(error)
    for raised in (error, wrapped(error)):
        with pytest.raises(errors.Unavailable, match=words) as caught, told_apart():
            raise raised
        assert SECRET not in caught.value.message
        assert caught.value.__suppress_context__, "a traceback would show SQL and values"


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DataError(SECRET),
        asyncpg.NumericValueOutOfRangeError(SECRET),
        asyncpg.CharacterNotInRepertoireError(SECRET),
        asyncpg.ProgramLimitExceededError(SECRET),
        OverflowError(),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"),
    ],
)
def test_what_cannot_be_kept_is_the_callers(error: Exception):
    assert is_bad_value(error)
    with pytest.raises(errors.Unprocessable) as caught, told_apart():
        raise error
    assert SECRET not in caught.value.message


def test_a_busy_pool_may_pass():
    with pytest.raises(errors.Unavailable, match="busy"), told_apart():
        raise PoolTimeout


def test_queries_interpret_broken_constraints_themselves():
    with pytest.raises(IntegrityError), told_apart():
        raise IntegrityError("x", {}, asyncpg.UniqueViolationError("x"))
    assert is_broken_constraint(asyncpg.UniqueViolationError("x"))
    assert not is_broken_constraint(asyncpg.DeadlockDetectedError("x"))
    assert not is_broken_constraint(asyncpg.CheckViolationError("x"))


def test_our_own_errors_and_bugs_pass():
    for error in (errors.NotFound("x"), ZeroDivisionError()):
        with pytest.raises(type(error)), told_apart():
            raise error


def test_only_what_another_transaction_caused_is_tried_again():
    assert may_succeed_now(asyncpg.DeadlockDetectedError("x"))
    assert may_succeed_now(asyncpg.CheckViolationError("x"))
    assert not may_succeed_now(asyncpg.DiskFullError("x"))
    assert not may_succeed_now(TimeoutError())


def test_the_log_shows_no_values(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG), pytest.raises(errors.Unavailable), told_apart():
        raise asyncpg.UndefinedTableError(SECRET)
    assert SECRET not in caplog.text
    assert "UndefinedTableError 42P01" in caplog.text
    assert "full of it" in described(asyncpg.DiskFullError("full of it"))
