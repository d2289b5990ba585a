"""Old logs go, of all organisations, with what hangs on them; nothing else does."""

import asyncio
from dataclasses import replace

import pytest

from everloop import errors
from everloop.domain.ids import ExperimentId, LogId, ProjectId, SessionId
from everloop.domain.log import Log
from everloop.domain.log_filter import FeedbackFilter, LogFilter
from everloop.domain.scope import Scope
from everloop.ports.logs import OldLogStore
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import (
    ALL,
    a_log,
    a_log_id,
    a_piece,
    a_project,
    a_session,
    a_trial,
    a_version,
    an_experiment,
    an_exposed_log,
)

PROJECT = ProjectId("pr_1")
CUT = 1_700_000_000_000
GOOD = LogFilter(feedback=(FeedbackFilter("rating", ("good",)),))


@pytest.fixture
def old_logs(storage: Storage) -> OldLogStore:
    return storage.old_logs


def at(milliseconds: int, number: int = 1, session: str | None = None) -> Log:
    """A log as the server makes one: its id carries the time."""
    return replace(a_log(session=session), id=a_log_id(number, milliseconds), created_at=milliseconds)


async def prepare(storage: Storage, scope: Scope) -> None:
    await storage.projects.create(scope, a_project())
    for config in ("config_1", "config_2"):
        await storage.configs.register(scope, a_version(config), None)


async def kept(storage: Storage, scope: Scope) -> set[LogId]:
    return {each.id for each in (await storage.logs.page(scope, PROJECT, ALL)).items}


async def delete_all(old_logs: OldLogStore, before: int = CUT, most: int = 3) -> int:
    gone = await old_logs.drop_logs(before)
    while count := await old_logs.delete_logs(before, most):
        assert count <= most
        gone += count
    return gone


async def test_only_old_logs_go(storage: Storage, scope: Scope, old_logs: OldLogStore):
    await prepare(storage, scope)
    old = [at(CUT - age, age) for age in (1, 2, 1_000, 10**9, CUT)]
    young = [at(CUT + age, age) for age in (0, 1, 10**9)]
    await storage.log_writer.append(scope, [*old, *young])
    assert await delete_all(old_logs) == len(old)
    assert await kept(storage, scope) == {each.id for each in young}
    assert [await storage.logs.get(scope, each.id) for each in old] == [None] * len(old)
    assert [await storage.logs.get(scope, each.id) for each in young] == young
    assert await delete_all(old_logs) == 0


@pytest.mark.parametrize("identifier", ["data_1", "zzz", "data_", "data_00000000000000000000!", "data_0", "é" * 26, ""])
async def test_an_id_without_a_time_goes_by_what_was_said(
    storage: Storage, scope: Scope, old_logs: OldLogStore, identifier: str
):
    await prepare(storage, scope)
    old, young = a_log(f"{identifier}", created_at=CUT - 1), a_log(f"{identifier}-", created_at=CUT)
    await storage.log_writer.append(scope, [old, young])
    assert await delete_all(old_logs) == 1
    assert await kept(storage, scope) == {young.id}


async def test_an_id_that_only_looks_old_does_not_go(storage: Storage, scope: Scope, old_logs: OldLogStore):
    await prepare(storage, scope)
    imported = replace(at(CUT - 10**9), created_at=CUT + 1)
    await storage.log_writer.append(scope, [imported])
    assert await delete_all(old_logs) == 0
    assert await kept(storage, scope) == {imported.id}


@pytest.mark.parametrize("time", [CUT, CUT + 1, CUT + 10**9, 62**7 - 1])
async def test_an_id_that_only_looks_young_goes(storage: Storage, scope: Scope, old_logs: OldLogStore, time: int):
    """It was made elsewhere; also when it is among the others of that time."""
    await prepare(storage, scope)
    imported, young = replace(at(time, 1), created_at=CUT - 1), at(time, 2)
    await storage.log_writer.append(scope, [imported, young])
    assert await delete_all(old_logs) == 1
    assert await kept(storage, scope) == {young.id}


async def test_those_of_all_organisations_go(storage: Storage, scope: Scope, other: Scope, old_logs: OldLogStore):
    """The ids of both are the same."""
    for each in (scope, other):
        await prepare(storage, each)
        await storage.log_writer.append(each, [at(CUT - number, number) for number in range(5)])
    assert await delete_all(old_logs) == 8
    for each in (scope, other):
        assert await kept(storage, each) == {a_log_id(0, CUT)}


async def test_feedback_goes_with_its_log_only(storage: Storage, scope: Scope, other: Scope, old_logs: OldLogStore):
    old, young = at(CUT - 1), at(CUT)
    for each in (scope, other):
        await prepare(storage, each)
        logs = [old, young] if each is scope else [replace(old, created_at=CUT)]
        await storage.log_writer.append(each, logs)
        pieces = [a_piece(f"ann_{number}", "good", log=log.id) for number, log in enumerate(logs)]
        await storage.feedback.record(each, PROJECT, [], pieces)
    await delete_all(old_logs)
    said = await storage.feedback.of_logs(scope, [old.id, young.id])
    assert [[piece.id for piece in said.get(log.id, ())] for log in (old, young)] == [[], ["ann_1"]]
    assert [piece.id for piece in (await storage.feedback.of_logs(other, [old.id]))[old.id]] == ["ann_0"]
    for each, left in ((scope, young.id), (other, old.id)):
        found = await storage.logs.find(each, PROJECT, GOOD, ALL)
        assert ([log.id for log in found.items], found.total) == ([left], 1)
    with pytest.raises(errors.NotFound):
        await storage.feedback.record(scope, PROJECT, [], [a_piece("ann_9", "good", log=old.id)])


async def test_a_session_goes_with_its_last_log(storage: Storage, scope: Scope, other: Scope, old_logs: OldLogStore):
    for each in (scope, other):
        await prepare(storage, each)
        for name in ("sesh_1", "sesh_2"):
            await storage.sessions.create(each, a_session(name))
    ended = [at(CUT - number, number, "sesh_1") for number in range(1, 9)]
    going_on = [at(CUT - 9, 9, "sesh_2"), at(CUT, 10, "sesh_2")]
    await storage.log_writer.append(scope, [*ended, *going_on])
    await storage.log_writer.append(other, [at(CUT, 1, "sesh_1")])
    await delete_all(old_logs)
    assert await storage.sessions.get(scope, SessionId("sesh_1")) is None
    assert await storage.sessions.get(scope, SessionId("sesh_2")) is not None
    assert await storage.sessions.get(other, SessionId("sesh_1")) is not None


async def test_those_of_deleted_projects_go_too(storage: Storage, scope: Scope, old_logs: OldLogStore):
    await prepare(storage, scope)
    await storage.log_writer.append(scope, [at(CUT - 1, 1), at(CUT, 2)])
    await storage.feedback.record(scope, PROJECT, [], [a_piece("ann_1", "good", log=a_log_id(1, CUT - 1))])
    await storage.projects.delete(scope, PROJECT, CUT + 1)
    assert await delete_all(old_logs) == 1
    assert await storage.logs.count(scope, [PROJECT]) == {PROJECT: 1}
    assert await storage.feedback.of_logs(scope, [a_log_id(1, CUT - 1)]) == {a_log_id(1, CUT - 1): ()}


async def test_a_session_that_never_had_a_log_goes_by_its_own_time(
    storage: Storage, scope: Scope, other: Scope, old_logs: OldLogStore
):
    for each in (scope, other):
        await prepare(storage, each)
        for name, created_at in (("sesh_1", CUT - 1), ("sesh_2", CUT), ("sesh_3", CUT - 1)):
            await storage.sessions.create(each, a_session(name, created_at=created_at))
        await storage.log_writer.append(each, [at(CUT, 1, "sesh_3")])
    assert await delete_all(old_logs) == 0
    assert [await old_logs.delete_sessions(CUT, 10) for _ in range(3)] == [1, 1, 0]
    for each in (scope, other):
        there = [await storage.sessions.get(each, SessionId(f"sesh_{number}")) is not None for number in (1, 2, 3)]
        assert there == [False, True, True]


async def test_a_session_that_goes_while_a_call_names_it_is_there_with_its_log(
    storage: Storage, scope: Scope, old_logs: OldLogStore
):
    """Logs are written as long as the sweep lasts, each to a session that its caller made long ago."""
    await prepare(storage, scope)
    sessions = [a_session(f"sesh_{number}", created_at=CUT - 1) for number in range(60)]
    for session in sessions:
        await storage.sessions.create(scope, session)

    async def write() -> None:
        for number, session in enumerate(sessions):
            await storage.log_writer.append(scope, [at(CUT + number, number, session.id)])

    writing = asyncio.create_task(write())
    gone = 0
    while not writing.done():
        gone += await old_logs.delete_sessions(CUT, 5)
        await asyncio.sleep(0)
    await writing
    assert gone
    for number, session in enumerate(sessions):
        there = await storage.sessions.get(scope, session.id)
        assert there in (session, replace(session, created_at=CUT + number))


async def test_what_came_of_experiments_stays(storage: Storage, scope: Scope, old_logs: OldLogStore):
    await prepare(storage, scope)
    experiment = an_experiment()
    await storage.experiments.create(scope, experiment)
    trials = [a_trial(f"trial_{number}", f"config_{number % 2 + 1}") for number in range(6)]
    logs = [
        replace(an_exposed_log(trial=trial, duration=0.5), id=a_log_id(number, CUT - 5), created_at=CUT - 5)
        for number, trial in enumerate(trials)
    ]
    await storage.log_writer.append(scope, logs)
    pieces = [a_piece(f"ann_{number}", "good", log=logs[number].id) for number in range(4)]
    await storage.feedback.record(scope, PROJECT, [], pieces)
    before = await everything_of(storage, scope, experiment.id)
    assert await delete_all(old_logs) == 6
    assert await old_logs.delete_sessions(CUT, 10) == 0
    assert await everything_of(storage, scope, experiment.id) == before
    results = (await storage.experiments.results(scope, [experiment.id]))[experiment.id]
    assert sum(arm.outcomes.units for arms in results.values() for arm in arms.values()) == 4
    assert sum(arm.usage.logs for arms in results.values() for arm in arms.values()) == 6


async def test_what_comes_after_the_newest_log_went_counts(storage: Storage, scope: Scope, old_logs: OldLogStore):
    await prepare(storage, scope)
    experiment = an_experiment()
    await storage.experiments.create(scope, experiment)
    for number, time in enumerate([CUT - 2, CUT - 1, CUT]):
        log = replace(an_exposed_log(trial=a_trial(f"trial_{number}")), id=a_log_id(number, time), created_at=time)
        await storage.log_writer.append(scope, [log])
        await delete_all(old_logs)
    assert await kept(storage, scope) == {a_log_id(2, CUT)}
    usage = (await storage.experiments.results(scope, [experiment.id]))[experiment.id]
    assert [(arm.usage.trials, arm.usage.logs) for arms in usage.values() for arm in arms.values()] == [(3, 3)]


async def everything_of(storage: Storage, scope: Scope, experiment_id: ExperimentId) -> list[object]:
    return [
        await storage.experiments.results(scope, [experiment_id]),
        await storage.experiments.timeline(scope, experiment_id, a_trial().environment_id),
        [await storage.experiments.trial(scope, a_trial(f"trial_{number}").id) for number in range(6)],
    ]


async def test_one_at_a_time(open_named: Opener):
    """Of all processes."""
    one, other = (await open_named("main")).old_logs, (await open_named("main")).old_logs
    async with one.alone() as first:
        assert first
        async with one.alone() as second, other.alone() as third:
            assert (second, third) == (False, False)
    async with other.alone() as fourth:
        assert fourth
