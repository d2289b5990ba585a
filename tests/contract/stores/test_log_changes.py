from collections.abc import Sequence
from dataclasses import replace

import pytest

from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, LogId, ProjectId
from everloop.domain.latency import bucket_of
from everloop.domain.log import REPORTED, LogBody, LogCompletion
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.samples import (
    ALL,
    a_log,
    a_log_id,
    a_piece,
    a_project,
    a_version,
    an_experiment,
    an_exposed_log,
)

WHOLE = LogCompletion("late", "and wrong", 1.5)


@pytest.fixture
async def kept(storage: Storage, scope: Scope) -> list[LogId]:
    """Five logs of a project and a config."""
    await storage.projects.create(scope, a_project())
    await storage.configs.register(scope, a_version(), None)
    ids = [a_log_id(number) for number in range(5)]
    await storage.log_writer.append(scope, [a_log(each, created_at=40) for each in ids])
    return ids


async def left(storage: Storage, scope: Scope) -> Sequence[LogId]:
    """The ids of the project's logs, oldest first, which all counts of logs agree with."""
    page = await storage.logs.page(scope, ProjectId("pr_1"), ALL)
    assert page.total == len(page.items)
    assert await storage.logs.count(scope, [ProjectId("pr_1")]) == {ProjectId("pr_1"): page.total}
    assert (await storage.configs.used(scope, [ConfigId("config_1")]))[ConfigId("config_1")].logs == page.total
    return [each.id for each in reversed(page.items)]


async def test_what_is_told_is_changed_and_nothing_else(storage: Storage, scope: Scope, kept: list[LogId]):
    before = await storage.logs.some(scope, kept)

    assert await storage.logs.update(scope, kept[0], WHOLE, 99)
    assert await storage.logs.update(scope, kept[1], LogCompletion(duration=0.0), 98)

    after = await storage.logs.some(scope, kept)
    first, second = after[kept[0]], after[kept[1]]
    assert (first.body.output, first.body.raw_output, first.body.error) == ("late", "late", "and wrong")
    assert (first.error_kind, first.duration, first.updated_at) == (REPORTED, 1.5, 99)
    assert (first.body.inputs, first.created_at) == (before[kept[0]].body.inputs, before[kept[0]].created_at)
    assert (second.duration, second.updated_at, second.error_kind) == (0.0, 98, None)
    assert second.body == before[kept[1]].body
    assert [after[each] for each in kept[2:]] == [before[each] for each in kept[2:]]


async def test_a_log_that_keeps_no_text_gets_none(storage: Storage, scope: Scope):
    log = replace(a_log(body=LogBody(metadata=b"{}")), save=False)
    await storage.log_writer.append(scope, [log])

    assert await storage.logs.update(scope, log.id, WHOLE, 99)

    changed = await storage.logs.get(scope, log.id)
    assert changed is not None
    assert changed.body == log.body
    assert (changed.error_kind, changed.duration) == (REPORTED, 1.5)


async def test_what_is_not_there_is_not_changed(storage: Storage, scope: Scope):
    assert not await storage.logs.update(scope, LogId("data_none"), WHOLE, 99)


async def test_logs_are_deleted_with_their_feedback(storage: Storage, scope: Scope, kept: list[LogId]):
    pieces = [a_piece(f"ann_{number}", "good", log=each) for number, each in enumerate(kept)]
    await storage.feedback.record(scope, ProjectId("pr_1"), [], pieces)

    await storage.logs.delete(scope, [kept[1], kept[4], LogId("data_none")])

    assert await left(storage, scope) == [kept[0], kept[2], kept[3]]
    assert sorted(await storage.logs.some(scope, kept)) == [kept[0], kept[2], kept[3]]
    said = await storage.feedback.of_logs(scope, kept)
    assert [len(said[each]) for each in kept] == [1, 0, 1, 1, 0]


async def test_logs_are_kept_and_counted_after_others_were_deleted(storage: Storage, scope: Scope, kept: list[LogId]):
    await storage.logs.delete(scope, kept)
    assert await left(storage, scope) == []
    await storage.logs.delete(scope, kept)
    more = [a_log_id(number) for number in range(5, 8)]
    await storage.log_writer.append(scope, [a_log(each) for each in more])

    assert await left(storage, scope) == more


async def test_experiments_go_on_telling_of_logs_as_they_were(storage: Storage, scope: Scope):
    """Also of those that are in no sum yet: on SQLite the first log is at once, and these two would be later."""
    await storage.projects.create(scope, a_project())
    for config in ("config_1", "config_2"):
        await storage.configs.register(scope, a_version(config), None)
    await storage.experiments.create(scope, an_experiment())
    await storage.log_writer.append(scope, [an_exposed_log("data_first", duration=2.0)])
    logs = [an_exposed_log(f"data_{number}", duration=2.0) for number in range(2)]
    await storage.log_writer.append(scope, logs)

    await storage.logs.update(scope, logs[0].id, LogCompletion(error="wrong", duration=50.0), 99)
    await storage.logs.delete(scope, [logs[1].id])

    experiment, place = ExperimentId("exp_1"), EnvironmentId("env_a")
    usage = (await storage.experiments.results(scope, [experiment]))[experiment][place][ConfigId("config_1")].usage
    assert (usage.logs, usage.errors, usage.latencies) == (3, 0, {bucket_of(2.0): 3})


async def test_logs_after_the_newest_was_deleted_count_in_their_experiment(storage: Storage, scope: Scope):
    await storage.projects.create(scope, a_project())
    for config in ("config_1", "config_2"):
        await storage.configs.register(scope, a_version(config), None)
    await storage.experiments.create(scope, an_experiment())
    for number in range(3):
        log = an_exposed_log(f"data_{number}")
        await storage.log_writer.append(scope, [log])
        await storage.logs.delete(scope, [log.id])
    await storage.log_writer.append(scope, [an_exposed_log("data_last")])
    results = (await storage.experiments.results(scope, [ExperimentId("exp_1")]))[ExperimentId("exp_1")]
    assert results[EnvironmentId("env_a")][ConfigId("config_1")].usage.logs == 4
