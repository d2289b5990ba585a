import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import uvloop

from everloop import errors
from everloop.domain.ids import OrganisationId, Prefix, time_ordered
from everloop.domain.scope import Scope
from everloop.storage.postgres.connecting import Server
from everloop.storage.postgres.log_writer import PostgresLogWriter
from everloop.storage.postgres.partitions import make_ahead
from tests.contract.stores.samples import StillClock, Tally, a_log
from tests.postgres import Cluster

SCOPE = Scope(OrganisationId("org_1"), "me")
Start = Callable[..., Awaitable[PostgresLogWriter]]


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def start(server: Server, tally: Tally, clock: StillClock) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def start_(server_: Server = server, **options: Any) -> PostgresLogWriter:
            writer = PostgresLogWriter(server_, clock, tally, **options)
            await writer.start()
            stack.push_async_callback(writer.close)
            return writer

        yield start_


@pytest.fixture
async def gate(server: Server) -> AsyncIterator[Any]:
    """Another connection, to stand in the way with."""
    connection = await server.connect(30)
    yield connection
    connection.terminate()


async def close(gate: Any) -> Any:
    """Nothing can be written until the transaction is rolled back."""
    transaction = gate.transaction()
    await transaction.start()
    await gate.execute("LOCK TABLE session IN ACCESS EXCLUSIVE MODE")
    return transaction


def ids(postgres: Cluster, name: str) -> list[str]:
    return [row[0] for row in postgres.run("SELECT id FROM log ORDER BY id", name)]


async def reached(gate: Any) -> None:
    """A batch stands before the gate."""
    for _ in range(3_000):
        if await gate.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            return
        await asyncio.sleep(0.01)
    pytest.fail("nobody came")


async def test_an_append_waits_for_its_commit(start: Start, gate: Any, postgres: Cluster, name: str):
    writer = await start()
    closed = await close(gate)
    append = asyncio.create_task(writer.append(SCOPE, [a_log("data_1")]))
    await reached(gate)
    done, _ = await asyncio.wait([append], timeout=0.2)
    assert not done
    assert ids(postgres, name) == []
    await closed.rollback()
    await append
    assert ids(postgres, name) == ["data_1"]


async def test_those_who_come_during_a_commit_share_the_next_ones(
    start: Start, gate: Any, tally: Tally, postgres: Cluster, name: str
):
    writer = await start()
    closed = await close(gate)
    first = asyncio.create_task(writer.append(SCOPE, [a_log("data_first")]))
    await reached(gate)
    rest = [asyncio.create_task(writer.append(SCOPE, [a_log(f"data_{number}")])) for number in range(1_100)]
    await asyncio.sleep(0.01)
    await closed.rollback()
    await asyncio.gather(first, *rest)
    await writer.close()
    assert tally.commits == [1, 512, 512, 76]
    assert len(ids(postgres, name)) == 1_101


async def test_a_database_that_does_not_answer_is_unavailable_and_heals(
    start: Start, gate: Any, postgres: Cluster, name: str
):
    writer = await start(patience=0.3)
    closed = await close(gate)
    appends = [writer.append(SCOPE, [a_log(f"data_{number}")]) for number in range(5)]
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert [type(each) for each in results] == [errors.Unavailable] * 5
    assert len({id(each) for each in results}) == 5, "each has an error of its own"
    with pytest.raises(errors.Unavailable, match="does not answer"):
        writer.check()
    with pytest.raises(errors.Unavailable, match="does not answer"):
        await writer.append(SCOPE, [a_log("data_refused")])
    await closed.rollback()
    await healed(writer)
    await writer.append(SCOPE, [a_log("data_after")])
    assert ids(postgres, name) == ["data_after"]


async def healed(writer: PostgresLogWriter) -> None:
    for _ in range(600):
        try:
            writer.check()
        except errors.Unavailable:
            await asyncio.sleep(0.05)
        else:
            return
    pytest.fail("the writer did not heal")


async def test_a_connection_that_was_ended_meanwhile_costs_no_log(start: Start, postgres: Cluster, name: str):
    writer = await start()
    postgres.hang_up(name)
    await asyncio.sleep(0.2)  # the news have to come
    await writer.append(SCOPE, [a_log("data_1")])
    assert ids(postgres, name) == ["data_1"]


async def test_closing_writes_what_waits_and_refuses_the_rest(start: Start, postgres: Cluster, name: str):
    writer = await start()
    appends = [asyncio.create_task(writer.append(SCOPE, [a_log(f"data_{number}")])) for number in range(3)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    with pytest.raises(errors.Unavailable, match=r"shutting down|ended"):
        await writer.append(SCOPE, [a_log("data_late")])
    await asyncio.gather(closing, *appends)
    assert ids(postgres, name) == ["data_0", "data_1", "data_2"]
    with pytest.raises(errors.Unavailable, match="ended"):
        await writer.append(SCOPE, [a_log("data_later")])


async def test_before_it_runs_it_takes_nothing(server: Server, tally: Tally):
    writer = PostgresLogWriter(server, StillClock(), tally)
    with pytest.raises(errors.Unavailable, match="not running"):
        await writer.append(SCOPE, [a_log("data_1")])
    await writer.close()


async def test_a_database_that_is_not_there_is_said_at_the_start(postgres: Cluster, tally: Tally):
    writer = PostgresLogWriter(Server(postgres.url("nothing")), StillClock(), tally)
    with pytest.raises(errors.Unavailable, match="is not there"):
        await writer.start()


async def test_an_error_outside_the_database_lets_nobody_wait_forever(server: Server):
    class Broken(Tally):
        def commit(self, seconds: float, rows: int) -> None:
            raise ZeroDivisionError

    writer = PostgresLogWriter(server, StillClock(), Broken())
    await writer.start()
    await writer.append(SCOPE, [a_log("data_1")])
    with pytest.raises(errors.Unavailable, match="ended"):
        await asyncio.wait_for(writer.append(SCOPE, [a_log("data_2")]), 30)
    await writer.close()


async def test_a_new_month_has_its_partition_before_its_first_log(
    start: Start, clock: StillClock, postgres: Cluster, name: str
):
    writer = await start()
    for month in range(3):
        await writer.append(SCOPE, [a_log(time_ordered(Prefix.LOG, clock.now(), month))])
        await writer._months.made()
        clock.milliseconds += 31 * 24 * 3_600_000
    where = postgres.run("SELECT tableoid::regclass::text FROM log ORDER BY id", name)
    assert where == [("log_2023_11",), ("log_2023_12",), ("log_2024_01",)]


async def test_without_the_partition_logs_are_kept_all_the_same(
    start: Start, gate: Any, clock: StillClock, postgres: Cluster, name: str
):
    """Somebody reads for long, so that the partition cannot be made."""
    writer = await start()
    reading = gate.transaction()
    await reading.start()
    await gate.execute("SELECT count(*) FROM log")
    clock.milliseconds += 62 * 24 * 3_600_000
    identifier = time_ordered(Prefix.LOG, clock.now(), 1)
    await writer.append(SCOPE, [a_log(identifier)])
    await writer._months.made()  # which they are not
    await reading.rollback()
    assert postgres.run("SELECT id, tableoid::regclass::text FROM log", name) == [(identifier, "log_other")]
    clock.milliseconds += 60_000
    await writer.append(SCOPE, [a_log(time_ordered(Prefix.LOG, clock.now(), 2))])
    await writer._months.made()
    assert {row[0] for row in postgres.run("SELECT tableoid::regclass::text FROM log", name)} == {"log_2024_01"}


async def test_a_log_whose_partition_is_made_while_it_is_on_its_way_is_kept_there(
    start: Start, gate: Any, clock: StillClock, postgres: Cluster, name: str
):
    writer = await start()
    later = clock.now() + 93 * 24 * 3_600_000
    making = gate.transaction()
    await making.start()
    for table in ("log_other", "log_body_other"):
        await gate.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    append = asyncio.create_task(writer.append(SCOPE, [a_log(time_ordered(Prefix.LOG, later, 1))]))
    await reached(gate)
    await make_ahead(gate, later)
    await making.commit()
    await append
    assert postgres.run("SELECT tableoid::regclass::text FROM log", name) == [("log_2024_02",)]
    assert postgres.run("SELECT tableoid::regclass::text FROM log_body", name) == [("log_body_2024_02",)]


async def test_behind_a_pooler_it_works_too(start: Start, postgres: Cluster, name: str):
    postgres.run(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    writer = await start(Server(postgres.url(name), pooled=True))
    await asyncio.gather(*(writer.append(SCOPE, [a_log(f"data_{number}")]) for number in range(20)))
    assert len(ids(postgres, name)) == 20
    assert writer.synchronous() == "on"


def test_it_works_in_uvloop(server: Server, tally: Tally, postgres: Cluster, name: str):
    async def work() -> None:
        writer = PostgresLogWriter(server, StillClock(), tally)
        await writer.start()
        await asyncio.gather(*(writer.append(SCOPE, [a_log(f"data_{number}")]) for number in range(200)))
        await writer.close()

    uvloop.run(work())
    assert len(ids(postgres, name)) == 200
    assert sum(tally.commits) == 200
