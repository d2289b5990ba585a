"""The log writer when the commit waits, fails, or has too much to do: who waits, who hears of it, what is on disk."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from everloop.domain.scope import Scope
from everloop.errors import Conflict, Unavailable
from everloop.storage.log_connection import commit_now
from everloop.storage.log_writer import SqliteLogWriter
from everloop.storage.migrating import migrate
from tests.contract.stores.samples import StillClock, Tally, a_log, a_log_id, an_organisation
from tests.server import RunningServer

SCOPE = Scope(an_organisation("a").id, "key_a")
FULL = 2

Opener = Callable[..., Awaitable[SqliteLogWriter]]


class Gate:
    """A commit that tests hold back or let fail."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()
        self.error: sqlite3.Error | None = None
        self.commits = 0

    def __call__(self, connection: sqlite3.Connection) -> None:
        self.reached.set()
        assert self.open.wait(30)
        if self.error is not None:
            raise self.error
        self.commits += 1
        commit_now(connection)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    migrate(f"sqlite:///{tmp_path}/everloop.db")
    return tmp_path / "everloop.db"


@pytest.fixture
async def writer(file: Path, gate: Gate) -> AsyncIterator[SqliteLogWriter]:
    writer = SqliteLogWriter(file, StillClock(), Tally(), waiting=100, commit=gate)
    await writer.start()
    yield writer
    gate.open.set()
    gate.error = None
    await writer.close()


def kept(file: Path) -> list[str]:
    database = sqlite3.connect(file)
    ids = [row[0] for row in database.execute("SELECT l.id FROM log l JOIN log_body b ON b.log_id = l.id ORDER BY 1")]
    database.close()
    return ids


def numbered(number: int):
    return a_log(a_log_id(number))


async def test_an_append_waits_for_its_commit(writer: SqliteLogWriter, gate: Gate, file: Path):
    gate.open.clear()
    append = asyncio.create_task(writer.append(SCOPE, [numbered(1)]))
    assert await asyncio.to_thread(gate.reached.wait, 10)
    await asyncio.sleep(0.2)
    assert not append.done()
    assert kept(file) == []

    gate.open.set()
    await asyncio.wait_for(append, 10)
    assert kept(file) == [a_log_id(1)]


async def test_the_connection_that_writes_syncs_fully(writer: SqliteLogWriter):
    assert writer.synchronous() == FULL


async def test_those_who_come_meanwhile_share_the_next_commit(writer: SqliteLogWriter, gate: Gate, file: Path):
    gate.open.clear()
    first = asyncio.create_task(writer.append(SCOPE, [numbered(0)]))
    assert await asyncio.to_thread(gate.reached.wait, 10)
    rest = [asyncio.create_task(writer.append(SCOPE, [numbered(number)])) for number in range(1, 51)]
    await asyncio.sleep(0)
    gate.open.set()
    await asyncio.wait_for(asyncio.gather(first, *rest), 10)
    assert gate.commits == 2
    assert len(kept(file)) == 51


async def test_a_taken_id_sinks_nobody_else(writer: SqliteLogWriter, gate: Gate, file: Path):
    await writer.append(SCOPE, [numbered(1)])
    gate.reached.clear()
    gate.open.clear()
    first = asyncio.create_task(writer.append(SCOPE, [numbered(2)]))
    assert await asyncio.to_thread(gate.reached.wait, 10)
    appends = [asyncio.create_task(writer.append(SCOPE, [numbered(number)])) for number in (3, 1, 4)]
    await asyncio.sleep(0)
    gate.open.set()
    outcomes = await asyncio.wait_for(asyncio.gather(first, *appends, return_exceptions=True), 10)
    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), Conflict, type(None)]
    assert kept(file) == [a_log_id(number) for number in (1, 2, 3, 4)]
    writer.check()


@pytest.mark.parametrize(
    "words", ["disk I/O error", "database or disk is full", "attempt to write a readonly database"]
)
async def test_a_failed_commit_is_heard_of_until_one_succeeds(
    writer: SqliteLogWriter, gate: Gate, file: Path, words: str
):
    gate.error = sqlite3.OperationalError(words)
    with pytest.raises(Unavailable):
        await writer.append(SCOPE, [numbered(1)])
    with pytest.raises(Unavailable):
        writer.check()
    with pytest.raises(Unavailable):
        await writer.append(SCOPE, [numbered(2)])
    assert kept(file) == []

    gate.error = None
    async with asyncio.timeout(20):
        while True:
            try:
                writer.check()
            except Unavailable:
                await asyncio.sleep(0.05)
            else:
                break
    await writer.append(SCOPE, [numbered(3)])
    assert kept(file) == [a_log_id(3)]


async def test_a_full_queue_refuses_at_once(writer: SqliteLogWriter, gate: Gate, file: Path):
    gate.open.clear()
    waiting = [asyncio.create_task(writer.append(SCOPE, [numbered(number)])) for number in range(100)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await writer.append(SCOPE, [numbered(100)])
    gate.open.set()
    await asyncio.wait_for(asyncio.gather(*waiting), 10)
    assert len(kept(file)) == 100


async def test_closing_writes_what_waits(writer: SqliteLogWriter, gate: Gate, file: Path):
    gate.open.clear()
    append = asyncio.create_task(writer.append(SCOPE, [numbered(1)]))
    assert await asyncio.to_thread(gate.reached.wait, 10)
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable):
        await writer.append(SCOPE, [numbered(2)])
    gate.open.set()
    await asyncio.wait_for(asyncio.gather(append, closing), 10)
    assert kept(file) == [a_log_id(1)]


def test_an_answer_waits_while_nothing_can_be_committed(fresh_server: RunningServer):
    """The whole way over HTTP: somebody else holds the database's write lock, and lets go of it."""
    lock = sqlite3.connect(fresh_server.data_dir / "everloop.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as callers:
        answer = callers.submit(
            fresh_server.post, "/v4/completion-deployed", {"project": "hello", "inputs": {"name": "Ada"}}
        )
        with pytest.raises(TimeoutError):
            answer.result(1)
        lock.execute("ROLLBACK")
        identifier = answer.result(30).expect(200)["data"][0]["id"]
    assert lock.execute("SELECT count(*) FROM log WHERE id = ?", (identifier,)).fetchone() == (1,)
    lock.close()
