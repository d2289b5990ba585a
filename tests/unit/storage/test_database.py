import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text

from everloop import errors
from everloop.storage.database import Database
from everloop.storage.migrating import migrate


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    database = Database(file, busy_timeout=0.2)
    yield database
    await database.close()


async def number(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM probe"))).scalar_one())


INSERT = text("INSERT INTO probe (id, at) VALUES (:id, 0)")


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 200)]
)
async def test_each_connection_is_prepared(database: Database, pragma: str, value: str | int):
    async with database.read() as one, database.read() as two:
        for connection in (one, two):
            assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar_one() == value


async def test_a_write_is_there_afterwards_and_one_that_fails_is_not(database: Database):
    async with database.write() as connection:
        await connection.execute(INSERT, {"id": 7})
    with pytest.raises(ZeroDivisionError):
        await fail_after_writing(database)
    assert await number(database) == 1


async def fail_after_writing(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(INSERT, {"id": 8})
        raise ZeroDivisionError


async def test_a_cancelled_write_leaves_nothing_and_does_not_block_the_next(database: Database):
    inside = asyncio.Event()

    async def write_and_wait() -> None:
        async with database.write() as connection:
            await connection.execute(INSERT, {"id": 8})
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write_and_wait())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write() as connection:
        await connection.execute(INSERT, {"id": 9})
    assert await number(database) == 1


async def test_a_read_sees_one_state(database: Database):
    async with database.read() as reader:
        before = (await reader.execute(text("SELECT count(*) FROM probe"))).scalar_one()
        async with database.write() as writer:
            await writer.execute(INSERT, {"id": 7})
        assert (await reader.execute(text("SELECT count(*) FROM probe"))).scalar_one() == before
    assert await number(database) == before + 1


async def test_a_write_is_alone_from_its_beginning(database: Database, file: Path):
    other = sqlite3.connect(file, timeout=0.05, isolation_level=None)
    async with database.write():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


async def test_many_writes_wait_for_their_turn_longer_than_sqlite_would(database: Database):
    async def write(identifier: int) -> None:
        async with database.write() as connection:
            await connection.execute(INSERT, {"id": identifier})
            await asyncio.sleep(0.02)

    await asyncio.gather(*(write(identifier) for identifier in range(25)))
    assert await number(database) == 25


async def test_a_turn_that_does_not_come_is_not_waited_for_for_ever(file: Path):
    database = Database(file, turn_timeout=0.05)
    async with database.write():
        for _ in range(3):
            with pytest.raises(errors.Unavailable, match="too many writes wait for their turn"):
                async with database.write():
                    pytest.fail("two at once")
    async with database.write() as connection:
        await connection.execute(INSERT, {"id": 7})
    await database.close()


async def test_another_process_that_holds_the_lock_is_unavailable_and_then_passes(database: Database, file: Path):
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.Unavailable, match="locked by another process"):
        async with database.write():
            pytest.fail("two at once")
    other.execute("ROLLBACK")
    other.close()
    async with database.write() as connection:
        await connection.execute(INSERT, {"id": 7})


async def test_more_readers_than_connections_wait(file: Path):
    database = Database(file, connections=2)
    assert await asyncio.gather(*(number(database) for _ in range(20))) == [0] * 20
    await database.close()


async def test_a_file_that_is_gone_is_not_made_anew(tmp_path: Path):
    database = Database(tmp_path / "gone.db")
    with pytest.raises(errors.Unavailable, match="cannot be opened"):
        await number(database)
    await database.close()
    await _threads_ended()
    assert not (tmp_path / "gone.db").exists()


async def _threads_ended() -> None:
    """aiosqlite does not wait for the thread of a connection that failed; it must not outlive this test's loop."""
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 30)


async def test_a_file_that_is_no_database_is_said(tmp_path: Path):
    (tmp_path / "x.db").write_bytes(b"no database at all" * 500)
    database = Database(tmp_path / "x.db")
    with pytest.raises(errors.Unavailable, match="no SQLite database"):
        await number(database)
    await database.close()


async def write_after(database: Database, pragma: str, rows: int) -> None:
    async with database.write() as connection:
        await connection.execute(text(pragma))
        for identifier in range(424242, 424242 + rows):
            await connection.execute(INSERT, {"id": identifier})


async def test_a_read_only_database_is_said_without_sql_or_values(database: Database):
    with pytest.raises(errors.Unavailable, match="read-only") as caught:
        await write_after(database, "PRAGMA query_only=ON", rows=1)
    assert "probe" not in caught.value.message
    assert "424242" not in str(caught.value.__cause__)


async def test_a_full_disk_is_said(database: Database):
    with pytest.raises(errors.Unavailable, match="disk is full"):
        # Less than there are is taken as just those that there are.
        await write_after(database, "PRAGMA max_page_count=1", rows=20_000)


async def test_a_path_with_special_characters(tmp_path: Path):
    folder = tmp_path / "a b#c%20ü"
    migrate(f"sqlite:///{quote(str(folder))}/x.db")
    database = Database(folder / "x.db")
    assert await number(database) == 0
    await database.close()
