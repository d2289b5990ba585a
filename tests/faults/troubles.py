"""Databases that do not do their work: each kind of trouble is a context manager, and passes when its block is left."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from typing import Final

from tests.faults.databases import Kept, KeptByPostgres, KeptInFile
from tests.server import RunningServer

Trouble = Callable[[Kept, RunningServer], AbstractContextManager[None]]

_WRITTEN: Final = ("log", "log_body", "probe")
# What PostgreSQL itself raises when it cannot make a file longer.
_FULL: Final = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$
"""


def _postgres(database: Kept) -> KeptByPostgres:
    assert isinstance(database, KeptByPostgres)
    return database


@contextmanager
def locked(database: Kept, _server: RunningServer) -> Iterator[None]:
    """Somebody else has what every write needs, and keeps it."""
    with ExitStack() as stack:
        if isinstance(database, KeptInFile):
            lock = stack.enter_context(closing(sqlite3.connect(database.file, isolation_level=None)))
            lock.execute("BEGIN IMMEDIATE")
        else:
            run = stack.enter_context(_postgres(database).cluster.session(_postgres(database).name))
            run(f"BEGIN; LOCK TABLE {', '.join(_WRITTEN)} IN EXCLUSIVE MODE")
        yield


@contextmanager
def full(database: Kept, server: RunningServer) -> Iterator[None]:
    """No file can grow. SQLite meets that as it meets a full disk: by failing to write."""
    if isinstance(database, KeptInFile):
        process = server.process.pid
        soft, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0, hard))
        yield
        resource.prlimit(process, resource.RLIMIT_FSIZE, (soft, hard))
        return
    database.query(_FULL)
    for table in _WRITTEN:
        database.query(
            f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION full_disk()"
        )
    yield
    database.query("DROP FUNCTION full_disk CASCADE")


@contextmanager
def read_only(database: Kept, _server: RunningServer) -> Iterator[None]:
    """As a standby is. New connections are, so the present ones have to go."""
    cluster, name = _postgres(database).cluster, _postgres(database).name
    cluster.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    cluster.hang_up(name)
    yield
    cluster.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")


@contextmanager
def stopped(database: Kept, _server: RunningServer) -> Iterator[None]:
    """It is shut down, and started again."""
    cluster = _postgres(database).cluster
    cluster.stop()
    yield
    cluster.start()


@contextmanager
def silent(database: Kept, _server: RunningServer) -> Iterator[None]:
    """It is there, and says nothing: its machine hangs, or the network swallows what is sent."""
    with _postgres(database).cluster.standing_still():
        yield


TROUBLES: Final[dict[str, tuple[Trouble, ...]]] = {
    "sqlite": (locked, full),
    "postgresql": (locked, full, read_only, stopped, silent),
}
