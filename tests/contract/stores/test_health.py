import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.storage.health import DatabaseHealth
from everloop.storage.opening import Storage
from everloop.storage.tables import probe
from everloop.storage.transactions import NOBODY, Transactions
from tests.contract.stores.samples import StillClock


class Counted:
    """The transactions of a database, counted; `broken` says what is wrong with it."""

    def __init__(self, database: Transactions) -> None:
        self._database = database
        self.writes = 0
        self.broken: str | None = None

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._database.read()

    @asynccontextmanager
    async def write(self, owner: str = NOBODY, /) -> AsyncIterator[AsyncConnection]:
        self.writes += 1
        if self.broken:
            raise errors.Unavailable(self.broken)
        async with self._database.write(owner) as connection:
            yield connection

    async def close(self) -> None:
        await self._database.close()


@pytest.fixture
def counted(storage: Storage) -> Counted:
    return Counted(storage.logs._database)


@pytest.fixture
def health(storage: Storage, counted: Counted, clock: StillClock) -> DatabaseHealth:
    return DatabaseHealth(counted, storage.log_writer, clock)


async def test_a_sound_database_is_ready(storage: Storage, clock: StillClock):
    for _ in range(3):
        await storage.health.ready()
        async with storage.logs._database.read() as connection:
            assert (await connection.execute(select(probe.c.at).where(probe.c.id == 2))).scalar_one() == clock.now()
        clock.milliseconds += 1_000


async def test_it_is_not_ready_once_the_writer_has_ended(storage: Storage):
    await storage.health.ready()
    await storage.log_writer.close()
    with pytest.raises(errors.Unavailable, match="ended"):
        await storage.health.ready()


async def test_however_many_ask_there_is_one_look_a_second(health: DatabaseHealth, counted: Counted, clock: StillClock):
    """Anybody may ask, and a look is a write."""
    await asyncio.gather(*(health.ready() for _ in range(50)))
    assert counted.writes == 1
    clock.milliseconds += 999
    await health.ready()
    assert counted.writes == 1
    clock.milliseconds += 1
    await health.ready()
    assert counted.writes == 2


async def test_trouble_is_told_to_all_and_passes(health: DatabaseHealth, counted: Counted, clock: StillClock):
    counted.broken = "The database's disk is full."
    told = await asyncio.gather(*(health.ready() for _ in range(50)), return_exceptions=True)
    assert {str(each) for each in told} == {counted.broken}
    assert {type(each) for each in told} == {errors.Unavailable}
    assert len({id(each) for each in told}) == 50, "each has an error of its own"
    assert counted.writes == 1
    counted.broken = None
    clock.milliseconds += 1_000
    await health.ready()


async def test_who_goes_away_while_looking_leaves_it_to_the_next(health: DatabaseHealth, counted: Counted):
    first = asyncio.create_task(health.ready())
    second = asyncio.create_task(health.ready())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait_for(second, 30)
    assert first.cancelled()
    assert counted.writes == 2
