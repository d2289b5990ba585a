import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from everloop import errors
from everloop.domain.ids import OrganisationId
from everloop.storage.changes import Changes
from everloop.storage.postgres.connecting import Server
from everloop.storage.postgres.database import PostgresDatabase
from tests.contract.stores.samples import StillClock
from tests.postgres import Cluster

INSERT = text("INSERT INTO probe (id, at) VALUES (:id, 0)")


@pytest.fixture
async def database(server: Server) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(server, lock_timeout=0.2)
    yield database
    await database.close()


@pytest.fixture
async def elsewhere(server: Server) -> AsyncIterator[PostgresDatabase]:
    """The same database, as another process sees it."""
    database = PostgresDatabase(server, lock_timeout=30)
    yield database
    await database.close()


async def number(database: PostgresDatabase) -> int:
    async with database.read() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM probe"))).scalar_one())


async def test_a_write_is_there_afterwards_and_one_that_fails_is_not(database: PostgresDatabase):
    async with database.write() as connection:
        await connection.execute(INSERT, {"id": 7})
    with pytest.raises(ZeroDivisionError):
        await fail_after_writing(database)
    assert await number(database) == 1


async def fail_after_writing(database: PostgresDatabase) -> None:
    async with database.write() as connection:
        await connection.execute(INSERT, {"id": 8})
        raise ZeroDivisionError


async def test_a_cancelled_write_leaves_nothing_and_does_not_block_the_next(database: PostgresDatabase):
    inside = asyncio.Event()

    async def write_and_wait() -> None:
        async with database.write("org_a") as connection:
            await connection.execute(INSERT, {"id": 8})
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write_and_wait())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write("org_a") as connection:
        await connection.execute(INSERT, {"id": 9})
    assert await number(database) == 1


async def test_a_read_sees_one_state_and_may_not_write(database: PostgresDatabase):
    async with database.read() as reader:
        before = (await reader.execute(text("SELECT count(*) FROM probe"))).scalar_one()
        async with database.write() as writer:
            await writer.execute(INSERT, {"id": 7})
        assert (await reader.execute(text("SELECT count(*) FROM probe"))).scalar_one() == before
    assert await number(database) == before + 1
    with pytest.raises(errors.Unavailable, match="read-only"):
        await write_while_reading(database)


async def write_while_reading(database: PostgresDatabase) -> None:
    async with database.read() as connection:
        await connection.execute(INSERT, {"id": 8})


async def test_writes_for_one_owner_take_turns_in_all_processes(
    database: PostgresDatabase, elsewhere: PostgresDatabase
):
    """Each reads what there is and adds one to it, which only goes well when nobody comes between."""

    async def add(where: PostgresDatabase) -> None:
        async with where.write("org_a") as connection:
            highest = (await connection.execute(text("SELECT coalesce(max(id), 10) FROM probe"))).scalar_one()
            await asyncio.sleep(0)
            await connection.execute(INSERT, {"id": highest + 1})

    await asyncio.gather(*(add(where) for where in (database, elsewhere) for _ in range(15)))
    assert await number(database) == 30


async def test_another_owner_need_not_wait(database: PostgresDatabase, elsewhere: PostgresDatabase):
    async with elsewhere.write("org_a"), database.write("org_b") as connection:
        await connection.execute(INSERT, {"id": 7})


async def test_whoever_holds_the_lock_too_long_makes_the_others_unavailable(
    database: PostgresDatabase, elsewhere: PostgresDatabase
):
    async with elsewhere.write("org_a"):
        with pytest.raises(errors.Unavailable, match="locked by another process"):
            async with database.write("org_a"):
                pytest.fail("two at once")
    async with database.write("org_a") as connection:
        await connection.execute(INSERT, {"id": 7})


async def test_a_turn_that_does_not_come_is_not_waited_for_for_ever(server: Server):
    database = PostgresDatabase(server, turn_timeout=0.05)
    async with database.write("org_a"):
        with pytest.raises(errors.Unavailable, match="too many writes wait for their turn"):
            async with database.write("org_a"):
                pytest.fail("two at once")
        async with database.write("org_b") as connection:
            await connection.execute(INSERT, {"id": 7})
    async with database.write("org_a") as connection:
        await connection.execute(INSERT, {"id": 8})
    await database.close()


async def test_numbers_of_changes_appear_in_their_order(database: PostgresDatabase, elsewhere: PostgresDatabase):
    """A lower number that appeared after a higher one would never be read by who has read the higher one."""
    changes = Changes(StillClock())

    async def change(owner: OrganisationId) -> None:
        async with elsewhere.write(owner) as connection:
            await changes.record(connection, owner)

    async with database.write("org_a") as connection:
        await changes.record(connection, OrganisationId("org_a"))
        late = asyncio.create_task(change(OrganisationId("org_b")))
        done, _ = await asyncio.wait([late], timeout=0.3)
        assert not done, "it would be visible before the one with the lower number"
    await late
    async with database.read() as connection:
        rows = (await connection.execute(text("SELECT organisation_id FROM change ORDER BY number"))).scalars().all()
    assert rows == ["org_a", "org_b"]


@pytest.mark.parametrize(("asked", "kept"), [("off", "on"), ("on", "on"), ("remote_apply", "remote_apply")])
async def test_a_write_waits_for_the_disk_whatever_the_server_is_told(
    postgres: Cluster, name: str, server: Server, asked: str, kept: str
):
    postgres.run(f'ALTER DATABASE "{name}" SET synchronous_commit = {asked}')
    database = PostgresDatabase(server)
    async with database.write() as connection:
        assert (await connection.execute(text("SHOW synchronous_commit"))).scalar_one() == kept
    await database.close()


async def test_more_readers_and_writers_than_connections_wait(server: Server):
    database = PostgresDatabase(server, connections=2)

    async def write(identifier: int) -> None:
        async with database.write("org_a") as connection:
            await connection.execute(INSERT, {"id": identifier})

    await asyncio.gather(*(number(database) for _ in range(10)), *(write(each) for each in range(10)))
    assert await number(database) == 10
    await database.close()


async def test_connections_that_the_server_ended_are_made_anew(postgres: Cluster, name: str, server: Server):
    database = PostgresDatabase(server)
    assert await number(database) == 0
    postgres.hang_up(name)
    for _ in range(100):  # until the news has come
        await asyncio.sleep(0.01)
        if await number(database) == 0:
            break
    await database.close()


async def test_a_database_that_does_not_answer_is_unavailable(server: Server):
    database = PostgresDatabase(server, patience=0.2)
    with pytest.raises(errors.Unavailable, match="does not answer"):
        await sleep_in(database)
    assert await number(database) == 0
    await database.close()


async def sleep_in(database: PostgresDatabase) -> None:
    async with database.read() as connection:
        await connection.execute(text("SELECT pg_sleep(60)"))


async def test_nobody_there_is_said_without_the_password(tmp_path: str):
    database = PostgresDatabase(Server(f"postgresql://me:hunter2@/x?host={tmp_path}"))
    with pytest.raises(errors.Unavailable, match="cannot be reached") as caught:
        await number(database)
    assert "hunter2" not in str(caught.value)
    await database.close()


async def test_behind_a_pooler_nothing_is_prepared(name: str, postgres: Cluster):
    database = PostgresDatabase(Server(postgres.url(name), pooled=True))
    async with database.write() as connection:
        await connection.execute(INSERT, {"id": 7})
        prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''")
        assert (await connection.execute(prepared)).scalar_one() == 0
    assert await number(database) == 1
    await database.close()
