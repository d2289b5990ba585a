"""What is counted of feedback is what a count of the feedback itself finds, whatever was said, unsaid and deleted."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from everloop.domain.feedback import Feedback, FeedbackClass, FeedbackType
from everloop.domain.ids import LogId, ProjectId
from everloop.domain.log import Log
from everloop.domain.scope import Scope
from everloop.storage.feedback_rows import value_text
from everloop.storage.migrating import migrate
from everloop.storage.opening import Storage
from everloop.storage.said_rows import FILL, HEAD
from everloop.storage.said_tables import said_cell, said_log, said_value
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import a_log, a_log_id, a_piece, a_project, an_environment, an_organisation

STRETCH = 62**4  # milliseconds
LONG = "x" * HEAD
TYPES = {
    "rating": st.sampled_from(["good", "bad", "true", LONG, LONG + "y"]) | st.booleans(),
    "issue": st.sampled_from(["slow", "wrong", "nul \x00"]),
    "stars": st.sampled_from([1, 1.0, 2.5, -3]),
    "comment": st.sampled_from(["good", "\x00"]),
}
KINDS = [FeedbackType("stars", FeedbackClass.NUMBER)]
# The logs of each value and whether it is the newest; how many cells count of them, in all and as newest.
Kept = tuple[dict[Any, int], Counter[Any], Counter[Any]]
NUMBERS = iter(range(1, 10**9))


@st.composite
def deeds(draw: st.DrawFn) -> tuple[Any, ...]:
    """Something that changes feedback: a piece on a log, taking one back, or a log that goes."""
    what = draw(st.sampled_from(["say", "say", "say", "unsay", "delete"]))
    name = draw(st.sampled_from(list(TYPES)))
    user = draw(st.sampled_from([None, "ada", "bob"]))
    return what, draw(st.integers(0, 4)), name, draw(TYPES[name]), user, draw(st.integers(0, 2)), draw(st.booleans())


@pytest.fixture
async def counted(open_named: Opener) -> tuple[Storage, Scope]:
    storage = await open_named("counted")
    scope = Scope(an_organisation("a").id, "key_a")
    await storage.organisations.create(an_organisation("a"), an_environment("env_a"))
    return storage, scope


async def kept(storage: Storage, scope: Scope, project: ProjectId) -> Kept:
    async with storage.logs._database.read() as connection:
        mine = said_value.c.project_id == project
        values = {row.number: (row.type, row.value) for row in await connection.execute(select(said_value).where(mine))}
        rows = (await connection.execute(select(said_log).where(said_log.c.said.in_(values)))).all()
        cells = (await connection.execute(select(said_cell).where(said_cell.c.said.in_(values)))).all()
    assert len(set(values.values())) == len(values)
    assert {row.organisation_id for row in (*rows, *cells)} <= {scope.organisation_id}
    assert all(row.logs > 0 and row.first_at <= row.last_at for row in cells)
    keys = [(*values[row.said], row.stretch, row.config_id, row.source) for row in cells]
    assert len(set(keys)) == len(keys)
    logs = Counter(dict(zip(keys, (row.logs for row in cells), strict=True)))
    newest = Counter(dict(zip(keys, (row.newest_logs for row in cells), strict=True)))
    return {(*values[row.said], row.log_id): row.newest for row in rows}, logs, newest


def plainly(logs: list[Log], said: Mapping[LogId, Sequence[Feedback]]) -> Kept:
    """The same, counted one by one."""
    rows: dict[Any, int] = {}
    cells: Counter[Any] = Counter()
    newest: Counter[Any] = Counter()
    for log, name in product(logs, TYPES.keys() - {"comment"}):
        texts = [value_text(each.value) for each in said[log.id] if each.type == name]
        for said_text in set(texts):
            cell = (name, said_text, log.id[:8], log.config_id or "", "" if log.source is None else f"={log.source}")
            rows[name, said_text, log.id] = int(said_text == texts[-1])
            cells[cell] += 1
            newest[cell] += said_text == texts[-1]
    return rows, cells, newest


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=st.lists(deeds(), max_size=20))
async def test_counts_are_those_of_the_feedback(counted: tuple[Storage, Scope], done: list[Any]):
    storage, scope = counted
    project = ProjectId(f"pr_{next(NUMBERS)}")
    await storage.projects.create(scope, a_project(project))
    logs = {}
    for place in range(5):
        each = a_log(
            a_log_id(next(NUMBERS), (place % 2) * STRETCH),
            project,
            config=[None, "config_1"][place % 2],
        )
        logs[place] = replace(each, source=[None, "", "api", "s" * 3000, "nul \x00"][place])
    await storage.log_writer.append(scope, list(logs.values()))
    ids = {place: each.id for place, each in logs.items()}
    for what, place, name, value, user, time, precise in done:
        if what == "delete":
            await storage.logs.delete(scope, [ids[place]])
            logs.pop(place, None)
        elif what == "unsay":
            text = None if not precise else value if isinstance(value, str) else value_text(value)
            await storage.feedback.remove(scope, ids[place], name, text, user)
        elif place in logs:
            piece = a_piece(f"ann_{next(NUMBERS)}", value, name, log=ids[place], user=user, created_at=time)
            await storage.feedback.record(scope, project, KINDS, [piece])
    said = await storage.feedback.of_logs(scope, list(ids.values()))
    assert await kept(storage, scope, project) == plainly(list(logs.values()), said)


async def test_several_logs_at_once_are_counted_once(storage: Storage, scope: Scope):
    project = ProjectId("pr_1")
    await storage.projects.create(scope, a_project())
    await storage.log_writer.append(scope, [a_log(a_log_id(number)) for number in range(3)])
    pieces = [a_piece(f"ann_{number}", "good", log=LogId(a_log_id(number))) for number in range(3)]
    await storage.feedback.record(scope, project, [], pieces)
    rows, logs, newest = await kept(storage, scope, project)
    assert rows == {("rating", '"good"', a_log_id(number)): 1 for number in range(3)}
    assert sum(logs.values()) == sum(newest.values()) == 3
    await storage.logs.delete(scope, [LogId(a_log_id(number)) for number in range(3)])
    assert await kept(storage, scope, project) == ({}, Counter(), Counter())


async def test_what_was_said_before_is_counted_by_the_upgrade_and_by_whoever_counts_all_anew(
    open_named: Opener, url_named: Callable[[str], str]
):
    storage = await open_named("older")
    scope = Scope(an_organisation("a").id, "key_a")
    await storage.organisations.create(an_organisation("a"), an_environment("env_a"))
    await storage.projects.create(scope, a_project())
    logs = [
        replace(a_log(a_log_id(number, number * STRETCH // 2)), source=[None, "", "api"][number % 3])
        for number in range(9)
    ]
    await storage.log_writer.append(scope, logs)
    values: list[Any] = ["good", "bad", True, LONG, LONG + "y"]
    for number in range(40):
        name, value = [("rating", values[number % 5]), ("stars", number % 4), ("comment", "good")][number % 3]
        user, log = [None, "ada", "bob"][number % 7 % 3], logs[number % 8].id
        piece = a_piece(f"ann_{number}", value, name, log=log, user=user, created_at=number % 2)
        await storage.feedback.record(scope, ProjectId("pr_1"), KINDS, [piece])
    before = await kept(storage, scope, ProjectId("pr_1"))
    assert sum(before[1].values()) > sum(before[2].values()) > 10
    async with storage.logs._database.write() as connection:
        for table in (said_value, said_log, said_cell):
            await connection.execute(text(f"DROP TABLE {table.name}"))
        await connection.execute(text("UPDATE alembic_version SET version_num = '0011'"))
    await asyncio.to_thread(migrate, url_named("older"))
    assert await kept(storage, scope, ProjectId("pr_1")) == before
    async with storage.logs._database.write() as connection:
        await connection.execute(text("UPDATE said_cell SET logs = logs + 1"))
        for statement in FILL:
            await connection.execute(text(statement))
    assert await kept(storage, scope, ProjectId("pr_1")) == before
