"""The log writer when the database fails: nobody is told that a log is kept when it is not, and it heals by itself."""

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from everloop import errors
from everloop.domain.ids import OrganisationId
from everloop.domain.scope import Scope
from everloop.storage.database import Database
from everloop.storage.health import DatabaseHealth
from everloop.storage.log_connection import commit_now
from everloop.storage.log_writer import SqliteLogWriter
from everloop.storage.migrating import migrate
from tests.contract.stores.samples import StillClock, Tally, a_log

SCOPE = Scope(OrganisationId("org_1"), "me")


class Disk:
    """Commits that fail, with a driver's own error, for as long as `error` is set."""

    def __init__(self) -> None:
        self.error: sqlite3.Error | None = None

    def break_down(self, message: str, code: int) -> None:
        self.error = sqlite3.OperationalError(message)
        self.error.sqlite_errorcode = code

    def __call__(self, connection: sqlite3.Connection) -> None:
        if self.error is not None:
            raise self.error
        commit_now(connection)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    migrate(f"sqlite:///{tmp_path}/everloop.db")
    return tmp_path / "everloop.db"


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def writer(file: Path, disk: Disk) -> AsyncIterator[SqliteLogWriter]:
    writer = SqliteLogWriter(file, StillClock(), Tally(), busy_timeout=0.2, commit=disk)
    await writer.start()
    yield writer
    await writer.close()


def ids(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    try:
        return [identifier for (identifier,) in connection.execute("SELECT id FROM log ORDER BY id")]
    finally:
        connection.close()


async def healed(writer: SqliteLogWriter) -> None:
    """Within the ten seconds that are promised, and generously more."""
    for _ in range(600):
        try:
            writer.check()
        except errors.Unavailable:
            await asyncio.sleep(0.05)
        else:
            return
    pytest.fail("the writer did not heal")


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ("disk I/O error", sqlite3.SQLITE_IOERR_FSYNC, "I/O error"),
        ("database or disk is full", sqlite3.SQLITE_FULL, "full"),
        ("attempt to write a readonly database", sqlite3.SQLITE_READONLY, "read-only"),
    ],
)
async def test_a_failed_commit_is_told_to_all_who_wait_and_heals(
    writer: SqliteLogWriter, disk: Disk, file: Path, message: str, code: int, words: str
):
    await writer.append(SCOPE, [a_log("data_before")])
    disk.break_down(message, code)
    appends = [writer.append(SCOPE, [a_log(f"data_{number}")]) for number in range(20)]
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert [type(each) for each in results] == [errors.Unavailable] * 20
    assert all(words in str(each) for each in results)
    assert len({id(each) for each in results}) == 20, "each has an error of its own"
    with pytest.raises(errors.Unavailable, match=words):
        writer.check()
    with pytest.raises(errors.Unavailable, match=words):
        await writer.append(SCOPE, [a_log("data_refused")])
    assert ids(file) == ["data_before"]

    disk.error = None
    await healed(writer)
    await writer.append(SCOPE, [a_log("data_0")])
    assert ids(file) == ["data_0", "data_before"]


async def test_it_stays_broken_while_the_disk_is(writer: SqliteLogWriter, disk: Disk):
    disk.break_down("disk I/O error", sqlite3.SQLITE_IOERR)
    with pytest.raises(errors.Unavailable):
        await writer.append(SCOPE, [a_log("data_1")])
    for _ in range(15):
        await asyncio.sleep(0.1)
        with pytest.raises(errors.Unavailable):
            writer.check()


async def test_a_lock_held_by_another_process(writer: SqliteLogWriter, file: Path):
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.Unavailable, match="locked"):
        await writer.append(SCOPE, [a_log("data_1")])
    with pytest.raises(errors.Unavailable, match="locked"):
        writer.check()
    other.execute("ROLLBACK")
    other.close()
    await healed(writer)
    await writer.append(SCOPE, [a_log("data_2")])
    assert ids(file) == ["data_2"]


async def test_a_lock_that_passes_in_time_is_waited_for(writer: SqliteLogWriter, file: Path):
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    append = asyncio.create_task(writer.append(SCOPE, [a_log("data_1")]))
    await asyncio.sleep(0.05)
    assert not append.done()
    other.execute("ROLLBACK")
    other.close()
    await append
    assert ids(file) == ["data_1"]


async def test_readiness_says_no_while_the_writer_is_broken(writer: SqliteLogWriter, disk: Disk, file: Path):
    database = Database(file, busy_timeout=0.2, connections=1)
    health = DatabaseHealth(database, writer, StillClock())
    await health.ready()
    disk.break_down("database or disk is full", sqlite3.SQLITE_FULL)
    with pytest.raises(errors.Unavailable):
        await writer.append(SCOPE, [a_log("data_1")])
    with pytest.raises(errors.Unavailable, match="full"):
        await health.ready()
    disk.error = None
    await healed(writer)
    await health.ready()
    await database.close()


async def test_readiness_sees_a_lock_without_any_log(writer: SqliteLogWriter, file: Path):
    database, clock = Database(file, busy_timeout=0.2, connections=1), StillClock()
    health = DatabaseHealth(database, writer, clock)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.Unavailable, match="locked"):
        await health.ready()
    other.execute("ROLLBACK")
    clock.milliseconds += 1_000
    await health.ready()
    other.execute("UPDATE alembic_version SET version_num = 'other'")
    other.close()
    clock.milliseconds += 1_000
    with pytest.raises(errors.Unavailable, match="at revision other"):
        await health.ready()
    await database.close()


async def test_closing_while_broken_ends(writer: SqliteLogWriter, disk: Disk):
    disk.break_down("disk I/O error", sqlite3.SQLITE_IOERR)
    with pytest.raises(errors.Unavailable):
        await writer.append(SCOPE, [a_log("data_1")])
    await asyncio.wait_for(writer.close(), 30)


async def test_one_row_that_breaks_a_constraint_does_not_break_the_writer(writer: SqliteLogWriter, file: Path):
    await writer.append(SCOPE, [a_log("data_1")])
    results = await asyncio.gather(
        *(writer.append(SCOPE, [a_log(each)]) for each in ("data_0", "data_1", "data_2")), return_exceptions=True
    )
    assert [type(each) for each in results] == [type(None), errors.Conflict, type(None)]
    writer.check()
    assert ids(file) == ["data_0", "data_1", "data_2"]


REALLY_FULL = """
    import asyncio, resource, sys
    from everloop import errors
    from everloop.storage.log_writer import SqliteLogWriter
    from pathlib import Path
    from tests.faults.test_storage_writer import SCOPE, healed
    from tests.contract.stores.samples import StillClock, Tally, a_log

    async def main():
        file = Path(sys.argv[1])
        writer = SqliteLogWriter(file, StillClock(), Tally())
        await writer.start()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        kept = []
        try:
            for number in range(1_000):
                await writer.append(SCOPE, [a_log(f"data_{number:04}")])
                kept.append(number)
        except errors.Unavailable as error:
            print(error)
        try:
            writer.check()
        except errors.Unavailable:
            print("broken")
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await healed(writer)
        await writer.append(SCOPE, [a_log("data_after")])
        await writer.close()
        print(len(kept))

    asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of file sizes to set")
def test_a_file_that_really_cannot_grow(file: Path):
    """The kernel refuses the write itself, in a process of its own since the limit holds for all its files."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(REALLY_FULL), str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reason, broken, kept = done.stdout.splitlines()
    assert "I/O error" in reason or "full" in reason
    assert broken == "broken"
    assert 0 < int(kept) < 1_000
    assert ids(file) == [*(f"data_{number:04}" for number in range(int(kept))), "data_after"]
