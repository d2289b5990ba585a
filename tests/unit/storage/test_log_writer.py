import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import uvloop

from everloop import errors
from everloop.domain.ids import OrganisationId
from everloop.domain.scope import Scope
from everloop.storage.log_connection import commit_now
from everloop.storage.log_writer import SqliteLogWriter
from tests.contract.stores.samples import StillClock, Tally, a_log

SCOPE = Scope(OrganisationId("org_1"), "me")


class Gate:
    """A commit that waits until it is let through; `reached` counts those that came to it."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.reached = threading.Semaphore(0)

    def __call__(self, connection: sqlite3.Connection) -> None:
        self.reached.release()
        assert self.open.wait(30)
        commit_now(connection)


Start = Callable[..., Awaitable[SqliteLogWriter]]


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
async def start(file: Path, tally: Tally) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def start_(**options: Any) -> SqliteLogWriter:
            writer = SqliteLogWriter(file, StillClock(), tally, **options)
            await writer.start()
            stack.push_async_callback(writer.close)
            return writer

        yield start_


def ids(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    try:
        return [identifier for (identifier,) in connection.execute("SELECT id FROM log ORDER BY id")]
    finally:
        connection.close()


async def reached(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.reached.acquire, timeout=30)


async def test_an_append_waits_for_its_commit(start: Start, file: Path):
    gate = Gate()
    writer = await start(commit=gate)
    append = asyncio.create_task(writer.append(SCOPE, [a_log("data_1")]))
    await reached(gate)
    done, _ = await asyncio.wait([append], timeout=0.2)
    assert not done
    assert ids(file) == []
    gate.open.set()
    await append
    assert ids(file) == ["data_1"]


async def test_those_who_come_during_a_commit_share_the_next(start: Start, tally: Tally, file: Path):
    gate = Gate()
    writer = await start(commit=gate)
    first = asyncio.create_task(writer.append(SCOPE, [a_log("data_first")]))
    await reached(gate)
    rest = [asyncio.create_task(writer.append(SCOPE, [a_log(f"data_{number}")])) for number in range(150)]
    await asyncio.sleep(0.01)
    gate.open.set()
    await asyncio.gather(first, *rest)
    await writer.close()  # measuring comes after answering
    assert tally.commits == [1, 150]
    assert len(ids(file)) == 151


async def test_a_crowd_is_given_a_moment_more(start: Start, tally: Tally):
    gate = Gate()
    writer = await start(commit=gate, patience=2.0)
    first = asyncio.create_task(writer.append(SCOPE, [a_log("data_first")]))
    await reached(gate)
    second = asyncio.create_task(writer.append(SCOPE, [a_log("data_second")]))
    await asyncio.sleep(0)
    gate.open.set()
    await first
    await asyncio.gather(second, writer.append(SCOPE, [a_log("data_third")]))
    await writer.close()
    assert tally.commits == [1, 2]


async def test_whoever_is_alone_waits_for_nobody(start: Start, tally: Tally):
    writer = await start(patience=3600.0)
    for number in range(3):
        await asyncio.wait_for(writer.append(SCOPE, [a_log(f"data_{number}")]), 30)
    assert tally.commits[:2] == [1, 1]


async def test_a_transaction_has_a_bound(start: Start, tally: Tally):
    gate = Gate()
    writer = await start(commit=gate)
    first = asyncio.create_task(writer.append(SCOPE, [a_log("data_first")]))
    await reached(gate)
    rest = [asyncio.create_task(writer.append(SCOPE, [a_log(f"data_{number}")])) for number in range(1_100)]
    await asyncio.sleep(0.01)
    gate.open.set()
    await asyncio.gather(first, *rest)
    await writer.close()
    assert tally.commits == [1, 512, 512, 76]


async def test_the_log_of_a_cancelled_call_is_kept(start: Start, file: Path):
    gate = Gate()
    writer = await start(commit=gate)
    append = asyncio.create_task(writer.append(SCOPE, [a_log("data_1")]))
    await reached(gate)
    append.cancel()
    with pytest.raises(asyncio.CancelledError):
        await append
    gate.open.set()
    await writer.append(SCOPE, [a_log("data_2")])
    assert ids(file) == ["data_1", "data_2"]


async def test_closing_writes_what_waits(start: Start, file: Path):
    gate = Gate()
    writer = await start(commit=gate)
    appends = [asyncio.create_task(writer.append(SCOPE, [a_log(f"data_{number}")])) for number in range(3)]
    await reached(gate)
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0.01)
    with pytest.raises(errors.Unavailable, match="shutting down"):
        await writer.append(SCOPE, [a_log("data_late")])
    gate.open.set()
    await asyncio.gather(closing, *appends)
    assert ids(file) == ["data_0", "data_1", "data_2"]
    await writer.close()
    with pytest.raises(errors.Unavailable, match="ended"):
        await writer.append(SCOPE, [a_log("data_later")])
    assert not file.with_name("everloop.db-wal").exists(), "the last connection leaves no write-ahead log behind"


async def test_before_it_runs_it_takes_nothing(file: Path, tally: Tally):
    writer = SqliteLogWriter(file, StillClock(), tally)
    with pytest.raises(errors.Unavailable, match="not running"):
        await writer.append(SCOPE, [a_log("data_1")])
    await writer.close()


async def test_a_database_that_does_not_open_is_said_at_the_start(tmp_path: Path, tally: Tally):
    writer = SqliteLogWriter(tmp_path / "none.db", StillClock(), tally)
    with pytest.raises(errors.Unavailable, match="cannot be opened"):
        await writer.start()
    assert not (tmp_path / "none.db").exists()


async def test_an_error_outside_the_database_lets_nobody_wait_forever(file: Path, monkeypatch: pytest.MonkeyPatch):
    """The thread ends with it; whoever waits is told."""
    said: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", said.append)

    class Broken(Tally):
        def commit(self, seconds: float, rows: int) -> None:
            raise ZeroDivisionError

    gate = Gate()
    writer = SqliteLogWriter(file, StillClock(), Broken(), commit=gate)
    await writer.start()
    first = asyncio.create_task(writer.append(SCOPE, [a_log("data_1")]))
    await reached(gate)
    second = asyncio.create_task(writer.append(SCOPE, [a_log("data_2")]))
    await asyncio.sleep(0)
    gate.open.set()
    await first
    with pytest.raises(errors.Unavailable, match="ended"):
        await asyncio.wait_for(second, 30)
    with pytest.raises(errors.Unavailable, match="ended"):
        writer.check()
    await writer.close()
    await asyncio.to_thread(writer._thread.join, 30)  # its last words come after everybody was told
    assert [each.exc_type for each in said] == [ZeroDivisionError]
    assert ids(file) == ["data_1"]


def test_it_works_in_uvloop(file: Path, tally: Tally):
    async def work() -> None:
        writer = SqliteLogWriter(file, StillClock(), tally)
        await writer.start()
        await asyncio.gather(*(writer.append(SCOPE, [a_log(f"data_{number}")]) for number in range(200)))
        await writer.close()

    uvloop.run(work())
    assert len(ids(file)) == 200
    assert sum(tally.commits) == 200
