import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from everloop.domain.ids import Prefix, time_ordered
from everloop.storage.postgres.connecting import Server
from everloop.storage.postgres.partitions import make_ahead
from tests.postgres import Cluster


def at(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp()) * 1000  # type: ignore[arg-type, misc]


def an_id(milliseconds: int) -> str:
    return time_ordered(Prefix.LOG, milliseconds, 7)


async def make(server: Server, now: int) -> int:
    connection = await server.connect(30)
    try:
        return await make_ahead(connection, now)
    finally:
        connection.terminate()


def insert(postgres: Cluster, name: str, identifier: str) -> None:
    postgres.run(
        "INSERT INTO log (organisation_id, id, project_id, created_at, updated_at, save, sample_index)"  # noqa: S608 - a test's
        f" VALUES ('org_a', '{identifier}', 'pr_1', 1, 1, true, 0)",
        name,
    )
    postgres.run(f"INSERT INTO log_body (organisation_id, log_id) VALUES ('org_a', '{identifier}')", name)  # noqa: S608 - as above


def places(postgres: Cluster, name: str) -> set[tuple[str, str]]:
    """Where each log and its body are."""
    query = (
        "SELECT id, tableoid::regclass::text FROM log"
        " UNION ALL SELECT log_id, replace(tableoid::regclass::text, '_body', '') FROM log_body"
    )
    return {(row[0], row[1]) for row in postgres.run(query, name)}


async def test_each_month_has_its_own(server: Server, postgres: Cluster, name: str):
    assert await make(server, at(2026, 12, 15, 10)) == at(2027, 1, 1)
    wanted = {
        an_id(at(2026, 12, 1)): "log_2026_12",
        an_id(at(2027, 1, 1) - 1): "log_2026_12",
        an_id(at(2027, 1, 1)): "log_2027_01",
        an_id(at(2027, 2, 1) - 1): "log_2027_01",
        an_id(at(2027, 2, 1)): "log_other",
        an_id(at(2026, 12, 1) - 1): "log_other",
        "data_imported": "log_other",
        "zzz": "log_other",
    }
    for identifier in wanted:
        insert(postgres, name, identifier)
    assert places(postgres, name) == set(wanted.items())


async def test_what_came_before_its_month_moves_there(server: Server, postgres: Cluster, name: str):
    early, other = an_id(at(2030, 5, 5)), an_id(at(2031, 5, 5))
    for identifier in (early, other):
        insert(postgres, name, identifier)
    assert places(postgres, name) == {(early, "log_other"), (other, "log_other")}
    await make(server, at(2030, 5, 6))
    assert places(postgres, name) == {(early, "log_2030_05"), (other, "log_other")}


async def test_many_processes_may_make_them_at_once_and_again(server: Server, postgres: Cluster, name: str):
    for _ in range(2):
        assert await asyncio.gather(*(make(server, at(2030, 5, 6)) for _ in range(6))) == [at(2030, 6, 1)] * 6
    tables = postgres.run("SELECT count(*) FROM pg_class WHERE relname ~ '^log(_body)?_2030_0[56]$'", name)
    assert tables == [(4,)]


async def test_who_reads_the_rest_is_waited_for_only_briefly_and_nothing_stays_half_made(
    server: Server, postgres: Cluster, name: str
):
    reader = await server.connect(30)
    async with reader.transaction():
        await reader.execute("SELECT count(*) FROM log")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await make(server, at(2030, 5, 6))
    assert postgres.run("SELECT count(*) FROM pg_class WHERE relname ~ '2030'", name) == [(0,)]
    await make(server, at(2030, 5, 6))
    reader.terminate()


async def test_a_page_of_logs_reads_no_month_whole(server: Server, postgres: Cluster, name: str):
    """The newest of a project are merged from the ends of indexes; one log is looked for in one partition."""
    await make(server, at(2030, 5, 6))
    off = "SET enable_seqscan = off"
    connection = await server.connect(30)
    await connection.execute(off)

    async def plan(query: str) -> str:
        return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {query}"))

    page = await plan("SELECT * FROM log WHERE organisation_id = 'a' AND project_id = 'p' ORDER BY id DESC LIMIT 10")
    assert "Sort" not in page.replace("Sort Key", "")
    assert "Merge Append" in page
    one = await plan(f"SELECT * FROM log WHERE organisation_id = 'a' AND id = '{an_id(at(2030, 5, 5))}'")  # noqa: S608 - a test's
    assert "log_2030_05" in one
    assert "log_other" not in one
    connection.terminate()
