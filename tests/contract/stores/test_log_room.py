"""While too many logs wait for the database no call begins, so that no provider is asked; calls under way end well."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing

import pytest

from everloop import errors
from everloop.domain.ids import LogId
from everloop.domain.scope import Scope
from everloop.storage.location import database_file, postgres_url
from everloop.storage.log_writer import SqliteLogWriter
from everloop.storage.opening import Storage
from everloop.storage.postgres.connecting import Server
from everloop.storage.postgres.log_writer import PostgresLogWriter
from tests.contract.stores.samples import StillClock, Tally, a_log

ROOM = 4
Writer = SqliteLogWriter | PostgresLogWriter
Hold = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
async def writer(url_named: Callable[[str], str], clock: StillClock) -> AsyncIterator[Writer]:
    """One with little room, on the database that `storage` has open."""
    url = url_named("main")
    server = postgres_url(url)
    opened: Writer = (
        SqliteLogWriter(database_file(url), clock, Tally(), waiting=ROOM, busy_timeout=60.0)
        if server is None
        else PostgresLogWriter(Server(server), clock, Tally(), waiting=ROOM, patience=60.0)
    )
    await opened.start()
    yield opened
    await opened.close()


@pytest.fixture
def held(url_named: Callable[[str], str]) -> Hold:
    """A block in which nobody else can write a log."""
    url = url_named("main")

    @asynccontextmanager
    async def in_file() -> AsyncIterator[None]:
        with closing(sqlite3.connect(database_file(url), isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            yield

    @asynccontextmanager
    async def in_server() -> AsyncIterator[None]:
        lock = await Server(url).connect(60.0)
        await lock.execute("BEGIN; LOCK TABLE session IN ACCESS EXCLUSIVE MODE")
        yield
        lock.terminate()

    return in_file if postgres_url(url) is None else in_server


async def begun(*appends: Awaitable[None]) -> list[asyncio.Future[None]]:
    """The appends, each as far as it comes alone."""
    tasks: list[asyncio.Future[None]] = [asyncio.ensure_future(each) for each in appends]
    await asyncio.sleep(0.05)
    assert not any(each.done() for each in tasks)
    return tasks


async def kept(storage: Storage, scope: Scope, *identifiers: str) -> bool:
    found = await storage.logs.some(scope, [LogId(each) for each in identifiers])
    return set(found) == set(identifiers)


async def test_no_call_begins_while_too_many_logs_wait(storage: Storage, scope: Scope, writer: Writer, held: Hold):
    async with held():
        waiting = await begun(*(writer.append(scope, [a_log(f"data_{each}")]) for each in range(ROOM - 1)))
        writer.check()  # for one more there is room
        waiting += await begun(writer.append(scope, [a_log("data_last")]))
        with pytest.raises(errors.Unavailable, match="does not keep up: too many logs wait"):
            writer.check()
    await asyncio.gather(*waiting)
    writer.check()
    assert await kept(storage, scope, "data_0", "data_1", "data_2", "data_last")


async def test_whoever_was_let_in_finds_room(storage: Storage, scope: Scope, writer: Writer, held: Hold):
    """However many logs a call brings, and however many calls were let in at once."""
    writer.check()
    async with held():
        waiting = await begun(*(writer.append(scope, [a_log(f"data_{each}")]) for each in range(3 * ROOM)))
        waiting += await begun(writer.append(scope, [a_log(f"data_x{each}") for each in range(2 * ROOM)]))
    await asyncio.gather(*waiting)
    identifiers = [f"data_{each}" for each in range(3 * ROOM)] + [f"data_x{each}" for each in range(2 * ROOM)]
    assert await kept(storage, scope, *identifiers)


async def test_logs_of_callers_who_went_away_take_room_until_they_are_written(
    storage: Storage, scope: Scope, writer: Writer, held: Hold
):
    async with held():
        waiting = await begun(*(writer.append(scope, [a_log(f"data_{each}")]) for each in range(ROOM)))
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        with pytest.raises(errors.Unavailable, match="too many logs wait"):
            writer.check()
    await writer.append(scope, [a_log("data_later")])  # waits its turn
    writer.check()
    assert await kept(storage, scope, "data_0", "data_1", "data_2", "data_3", "data_later")


async def test_no_call_begins_once_the_writer_is_to_end(writer: Writer, scope: Scope, held: Hold):
    async with held():
        waiting = await begun(writer.append(scope, [a_log()]))
        ending = asyncio.ensure_future(writer.close())
        await asyncio.sleep(0.05)
        with pytest.raises(errors.Unavailable, match="shutting down"):
            writer.check()
    await asyncio.gather(ending, *waiting)
