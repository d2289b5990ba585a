"""Whole months go at once, with all that hangs on their logs, and nobody waits for that for long."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from everloop import errors
from everloop.domain.ids import LogId, OrganisationId, ProjectId, SessionId
from everloop.domain.log import Log
from everloop.domain.log_filter import FeedbackFilter, LogFilter
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage, open_storage
from everloop.storage.postgres import gone_months, patience
from everloop.storage.postgres.connecting import Server
from everloop.storage.postgres.locks import owner_lock
from everloop.storage.postgres.partitions import detach, make_ahead
from everloop.storage.postgres.patience import patiently
from everloop.storage.postgres.retention import PostgresOldLogs
from tests.contract.stores.samples import (
    ALL,
    StillClock,
    Tally,
    a_log,
    a_log_id,
    a_piece,
    a_project,
    a_session,
    a_version,
    an_environment,
    an_organisation,
)
from tests.postgres import Cluster

PROJECT = ProjectId("pr_1")
SCOPES = [Scope(OrganisationId(f"org_{name}"), "key") for name in ("a", "b")]
JANUARY, FEBRUARY, MARCH, APRIL = (
    int(datetime(2021, month, 1, tzinfo=UTC).timestamp()) * 1000 for month in range(1, 5)
)


def at(milliseconds: int, number: int = 1, session: str | None = None, created_at: int | None = None) -> Log:
    log = replace(a_log(session=session), id=a_log_id(number, milliseconds))
    return replace(log, created_at=milliseconds if created_at is None else created_at)


@pytest.fixture
async def storage(postgres: Cluster, name: str, server: Server) -> AsyncIterator[Storage]:
    """With the months from January to April 2021 and two organisations."""
    connection = await server.connect(30)
    for month in (JANUARY, MARCH):
        await make_ahead(connection, month)
    connection.terminate()
    storage = await open_storage(postgres.url(name), StillClock(), Tally())
    for scope in SCOPES:
        await storage.organisations.create(an_organisation(scope.organisation_id[-1]), an_environment())
        await storage.projects.create(scope, a_project())
        await storage.configs.register(scope, a_version(), None)
    yield storage
    await storage.close()


@pytest.fixture
def old_logs(storage: Storage) -> PostgresOldLogs:
    assert isinstance(storage.old_logs, PostgresOldLogs)
    return storage.old_logs


async def kept(storage: Storage, scope: Scope = SCOPES[0]) -> set[LogId]:
    return {each.id for each in (await storage.logs.page(scope, PROJECT, ALL)).items}


async def good(storage: Storage, scope: Scope = SCOPES[0]) -> list[LogId]:
    """The logs that are rated good, of which there are as many as the total tells."""
    chosen = LogFilter(feedback=(FeedbackFilter("rating", ("good",)),))
    page = await storage.logs.find(scope, PROJECT, chosen, PageRequest(0, 50))
    assert page.total == len(page.items)
    return [each.id for each in page.items]


def months(postgres: Cluster, name: str) -> list[str]:
    """Those of 2021 of which there is a table, attached or not."""
    query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^log.*_2021_..$' ORDER BY 1"
    return [row[0] for row in postgres.run(query, name)]


async def test_months_that_are_old_as_a_whole_go_and_leave_no_table(
    storage: Storage, old_logs: PostgresOldLogs, postgres: Cluster, name: str
):
    days = [JANUARY, FEBRUARY - 1, FEBRUARY, MARCH - 1, MARCH, MARCH + 5, APRIL - 1, APRIL]
    logs = [at(day, number) for number, day in enumerate(days)]
    for scope in SCOPES:
        await storage.log_writer.append(scope, logs)
    assert await old_logs.drop_logs(MARCH + 5) == 8
    for scope in SCOPES:
        assert await kept(storage, scope) == {each.id for each in logs[4:]}
    assert months(postgres, name) == ["log_2021_03", "log_2021_04", "log_body_2021_03", "log_body_2021_04"]
    assert postgres.run("SELECT count(*) FROM log_body", name) == [(8,)]
    # The month in which the limit lies is gone through.
    assert await old_logs.delete_logs(MARCH + 5, 10) == 1
    assert await old_logs.delete_logs(MARCH + 5, 10) == 1
    assert await old_logs.delete_logs(MARCH + 5, 10) == 0
    assert await kept(storage) == {each.id for each in logs[5:]}
    assert await old_logs.drop_logs(MARCH + 5) == 0


async def test_an_empty_month_goes_too(storage: Storage, old_logs: PostgresOldLogs, postgres: Cluster, name: str):
    assert await old_logs.drop_logs(MARCH - 1) == 0
    assert [each for each in months(postgres, name) if "body" not in each] == [
        "log_2021_02",
        "log_2021_03",
        "log_2021_04",
    ]
    await storage.log_writer.append(SCOPES[0], [at(JANUARY)])
    assert await kept(storage) == {at(JANUARY).id}, "who comes late is kept elsewhere"
    assert await old_logs.delete_logs(MARCH, 10) == 1


async def test_feedback_and_sessions_go_with_a_month(storage: Storage, old_logs: PostgresOldLogs):
    """Those without another log; however young the session is, and however many there are."""
    scope, other = SCOPES
    many = [f"sesh_{number:03}" for number in range(gone_months._BATCH + 3)]
    for each in SCOPES:
        for session in (*many, "sesh_on"):
            await storage.sessions.create(each, a_session(session, created_at=MARCH))
    ended = [at(JANUARY + number, number, session) for number, session in enumerate(many)]
    going_on = [at(JANUARY, 1_000, "sesh_on"), at(MARCH, 1_001, "sesh_on")]
    await storage.log_writer.append(scope, [*ended, *going_on])
    await storage.log_writer.append(other, [at(MARCH, number, session) for number, session in enumerate(many)])
    await storage.log_writer.append(other, [at(JANUARY, 1_000)])
    for each in SCOPES:
        logs = going_on if each is scope else [at(JANUARY, 1_000), at(MARCH, 0)]
        pieces = [a_piece(f"ann_{number}", "good", log=log.id) for number, log in enumerate(logs)]
        await storage.feedback.record(each, PROJECT, [], pieces)
    assert await old_logs.drop_logs(FEBRUARY) == len(ended) + 2
    there = [
        [await storage.sessions.get(each, SessionId(session)) for session in (*many, "sesh_on")] for each in SCOPES
    ]
    assert [each is None for each in there[0]] == [True] * len(many) + [False]
    assert None not in there[1]
    for each, young in ((scope, going_on[1].id), (other, at(MARCH, 0).id)):
        said = await storage.feedback.of_logs(each, [at(JANUARY, 1_000).id, young])
        assert [[piece.id for piece in said[log]] for log in said] == [[], ["ann_1"]]
        assert await good(storage, each) == [young]


async def test_a_month_with_a_younger_log_is_gone_through(
    storage: Storage, old_logs: PostgresOldLogs, postgres: Cluster, name: str
):
    young, old = at(JANUARY, 1, created_at=APRIL), at(JANUARY, 2)
    await storage.log_writer.append(SCOPES[0], [young, old])
    assert await old_logs.drop_logs(APRIL) == 0
    assert "log_2021_01" in months(postgres, name)
    assert await old_logs.delete_logs(APRIL, 10) == 1
    assert await kept(storage) == {young.id}


async def test_who_was_interrupted_goes_on(
    storage: Storage, old_logs: PostgresOldLogs, server: Server, postgres: Cluster, name: str
):
    """A younger log that came just before the month was detached comes back."""
    scope = SCOPES[0]
    await storage.sessions.create(scope, a_session("sesh_1"))
    young, old = at(JANUARY, 1, created_at=APRIL), at(JANUARY, 2, "sesh_1")
    await storage.log_writer.append(scope, [young, old])
    pieces = [a_piece(f"ann_{number}", "good", log=log.id) for number, log in enumerate((young, old))]
    await storage.feedback.record(scope, PROJECT, [], pieces)
    connection = await server.connect(30)
    async with connection.transaction():
        await detach(connection, "2021_01")
    connection.terminate()
    assert await kept(storage) == set()
    assert await good(storage) == [], "they are still counted, and not told"
    assert await old_logs.drop_logs(MARCH) == 1
    assert await kept(storage) == {young.id}
    assert await good(storage) == [young.id]
    assert await storage.logs.get(scope, young.id) == young
    assert await storage.sessions.get(scope, SessionId("sesh_1")) is None
    said = await storage.feedback.of_logs(scope, [young.id, old.id])
    assert [[piece.id for piece in said[log.id]] for log in (young, old)] == [["ann_0"], []]
    assert months(postgres, name) == ["log_2021_03", "log_2021_04", "log_body_2021_03", "log_body_2021_04"]


async def test_a_month_that_only_one_table_has_is_gone_through(
    storage: Storage, old_logs: PostgresOldLogs, postgres: Cluster, name: str
):
    postgres.run("DROP TABLE log_body_2021_01", name)
    await storage.log_writer.append(SCOPES[0], [at(JANUARY)])
    assert await old_logs.drop_logs(MARCH) == 0
    assert "log_2021_01" in months(postgres, name)
    assert await old_logs.delete_logs(MARCH, 10) == 1
    assert await kept(storage) == set()


async def test_who_reads_for_long_is_not_waited_for_and_logs_are_written_meanwhile(
    storage: Storage, old_logs: PostgresOldLogs, server: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(patience, "_ATTEMPTS", 2)
    await storage.log_writer.append(SCOPES[0], [at(JANUARY, 1)])
    reader = await server.connect(30)
    async with reader.transaction():
        await reader.execute("SELECT count(*) FROM log")
        sweeping = asyncio.create_task(old_logs.drop_logs(FEBRUARY))
        while not sweeping.done():
            number = int(time.monotonic() * 1000)
            await storage.log_writer.append(SCOPES[0], [at(APRIL, number)])
            await asyncio.sleep(0.01)
        with pytest.raises(errors.Unavailable, match="locked by another process"):
            sweeping.result()
    reader.terminate()
    assert at(JANUARY, 1).id in await kept(storage)
    assert await old_logs.drop_logs(FEBRUARY) == 1


async def test_it_is_tried_again_when_something_is_locked(server: Server):
    holder, connection = await server.connect(30), await server.connect(30)
    attempts = 0

    async def act(connection: Any) -> str:
        nonlocal attempts
        attempts += 1
        if attempts == 3:
            await holding.rollback()
        await connection.execute("LOCK TABLE session IN SHARE MODE")
        return "done"

    holding = holder.transaction()
    await holding.start()
    await holder.execute("LOCK TABLE session IN ROW EXCLUSIVE MODE")
    assert await patiently(connection, act, pause=0) == "done"
    assert attempts == 3
    for each in (holder, connection):
        each.terminate()


async def test_a_session_that_goes_on_at_that_moment_stays(
    storage: Storage, old_logs: PostgresOldLogs, server: Server, postgres: Cluster, name: str
):
    """The log of another process, written but not committed, is waited for before its session is looked at."""
    scope = SCOPES[0]
    await storage.log_writer.append(scope, [replace(at(MARCH, 1, "sesh_1"), session_reference_id="mine")])
    writer = await server.connect(30)
    writing = writer.transaction()
    await writing.start()
    await writer.execute("INSERT INTO session VALUES ('org_a', 'sesh_1', 1, 'mine') ON CONFLICT DO NOTHING")
    await writer.execute(
        "INSERT INTO log (organisation_id, id, project_id, created_at, updated_at, save, sample_index, session_id)"
        " VALUES ('org_a', 'data_young', 'pr_1', $1, 1, true, 0, 'sesh_1')",
        APRIL,
    )
    await writer.execute("INSERT INTO log_body (organisation_id, log_id) VALUES ('org_a', 'data_young')")
    sweeping = asyncio.create_task(old_logs.delete_logs(APRIL, 10))
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareLock'"
    while postgres.run(waiting, name) == [(0,)]:
        assert not sweeping.done()
        await asyncio.sleep(0)
    await writing.commit()
    assert await sweeping == 1
    assert await kept(storage) == {LogId("data_young")}
    assert await storage.sessions.get(scope, SessionId("sesh_1")) is not None
    writer.terminate()


async def test_feedback_that_is_being_given_goes_with_its_log(
    storage: Storage, old_logs: PostgresOldLogs, server: Server, postgres: Cluster, name: str
):
    """Whoever gives it has seen the log and has the turn of its organisation."""
    scope = SCOPES[0]
    await storage.log_writer.append(scope, [at(MARCH)])
    giver = await server.connect(30)
    giving = giver.transaction()
    await giving.start()
    await giver.execute("SELECT pg_advisory_xact_lock($1)", owner_lock(scope.organisation_id))
    sweeping = asyncio.create_task(old_logs.delete_logs(APRIL, 10))
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
    while postgres.run(waiting, name) == [(0,)]:
        assert not sweeping.done()
        await asyncio.sleep(0)
    await giver.execute(
        "INSERT INTO feedback (organisation_id, id, project_id, log_id, type, value, created_at)"
        " VALUES ('org_a', 'ann_1', 'pr_1', $1, 'rating', '\"good\"', 1)",
        at(MARCH).id,
    )
    await giving.commit()
    assert await sweeping == 1
    assert postgres.run("SELECT count(*) FROM feedback", name) == [(0,)]
    giver.terminate()


async def test_who_is_alone_holds_up_no_vacuum(old_logs: PostgresOldLogs, postgres: Cluster, name: str):
    async with old_logs.alone() as alone:
        assert alone
        held = (
            "SELECT backend_xid, backend_xmin FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle in transaction'"
        )
        assert postgres.run(held, name) == [(None, None)]
