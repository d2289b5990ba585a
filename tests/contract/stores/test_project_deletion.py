"""A deleted project is not there any more, nor is what was in it; the rows stay, for calls that were under way."""

import asyncio

import pytest

from everloop import errors
from everloop.domain.dataset import DatapointContent
from everloop.domain.deployment import ExperimentTarget
from everloop.domain.ids import (
    ConfigId,
    DatapointId,
    DatasetId,
    ExperimentId,
    LogId,
    ProjectId,
    SessionId,
    TrialId,
)
from everloop.domain.log import LogCompletion
from everloop.domain.project import ProjectSort
from everloop.domain.scope import Scope
from everloop.storage import changes
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import (
    ALL,
    a_datapoint,
    a_dataset,
    a_deployment,
    a_log,
    a_piece,
    a_project,
    a_session,
    a_target,
    a_trial,
    a_version,
    an_environment,
    an_experiment,
    an_exposed_log,
)

GONE, KEPT = ProjectId("pr_1"), ProjectId("pr_2")
NAME = a_project().name
EXPERIMENT, DATASET, DATAPOINT = ExperimentId("exp_1"), DatasetId("evts_1"), DatapointId("evtc_1")


async def fill(storage: Storage, scope: Scope) -> None:
    """Something of everything in `pr_1`, of which a config and an experiment are live, and a little in `pr_2`."""
    await storage.environments.create(scope, an_environment("env_s", "staging", is_default=False))
    await storage.projects.create(scope, a_project())
    await storage.projects.create(scope, a_project("pr_2", "kept"))
    await storage.configs.register(scope, a_version(), a_deployment())
    await storage.configs.register(scope, a_version("config_2"), None)
    await storage.configs.register(scope, a_version("config_9", "pr_2"), a_deployment("dep_9", project="pr_2"))
    await storage.experiments.create(scope, an_experiment())
    live = a_deployment("dep_2", ExperimentTarget(EXPERIMENT), environment="env_s")
    await storage.deployments.deploy(scope, [live])
    await storage.sessions.create(scope, a_session())
    here = an_exposed_log("data_1", session_id=SessionId("sesh_1"), reference_id="mine")
    there = a_log("data_9", "pr_2", config="config_9", session="sesh_1")
    await storage.log_writer.append(scope, [here, there])
    await storage.feedback.record(scope, GONE, [], [a_piece("ann_1", "good")])
    for dataset, project in (("evts_1", "pr_1"), ("evts_9", "pr_2")):
        await storage.datasets.create(scope, a_dataset(dataset, project=project))
    await storage.datapoints.add(scope, DATASET, [a_datapoint()], 61)


@pytest.fixture
async def house(storage: Storage, scope: Scope) -> Storage:
    await fill(storage, scope)
    return storage


async def test_it_is_not_found_by_id_by_name_nor_in_a_list(house: Storage, scope: Scope):
    await house.projects.delete(scope, GONE, 90)
    assert await house.projects.get(scope, GONE) is None
    assert await house.projects.named(scope, NAME) is None
    for part in (None, NAME):
        page = await house.projects.page(scope, part, ProjectSort.NAME, False, ALL)
        assert [each.id for each in page.items] == ([KEPT] if part is None else [])
        assert page.total == len(page.items)
    assert await house.projects.deleted(scope, GONE)
    assert not await house.projects.deleted(scope, KEPT)
    assert not await house.projects.deleted(scope, ProjectId("pr_none"))


async def test_it_is_deleted_once(house: Storage, scope: Scope):
    await house.projects.delete(scope, GONE, 90)
    for project_id in (GONE, ProjectId("pr_none")):
        with pytest.raises(errors.NotFound, match=project_id):
            await house.projects.delete(scope, project_id, 91)


async def test_two_who_delete_it_at_once_delete_it_once(house: Storage, scope: Scope, open_named: Opener):
    elsewhere = await open_named("main")
    outcomes = await asyncio.gather(
        *(each.projects.delete(scope, GONE, 90) for each in (house, elsewhere) for _ in range(3)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["NoneType", *["NotFound"] * 5]


async def test_nothing_that_was_in_it_is_there(house: Storage, scope: Scope):
    await house.projects.delete(scope, GONE, 90)
    assert await house.configs.get(scope, ConfigId("config_1")) is None
    assert await house.experiments.get(scope, EXPERIMENT) is None
    assert await house.experiments.of_project(scope, GONE) == ()
    assert await house.experiments.trial(scope, TrialId("trial_1")) is None
    assert await house.experiments.results(scope, [EXPERIMENT]) == {EXPERIMENT: {}}
    assert await house.logs.get(scope, LogId("data_1")) is None
    assert set(await house.logs.some(scope, [LogId("data_1"), LogId("data_9")])) == {"data_9"}
    assert await house.logs.link(scope, LogId("data_1")) is None
    assert await house.logs.link_by_reference(scope, "mine") is None
    assert await house.datasets.get(scope, DATASET) is None
    assert [each.id for each in await house.datasets.all(scope)] == ["evts_9"]
    assert await house.datasets.of_project(scope, GONE) == ()
    assert (await house.datasets.versions(scope, DATASET, ALL)).total == 0
    assert await house.datapoints.get(scope, DATAPOINT) is None
    assert (await house.datapoints.page(scope, DATASET, ALL)).total == 0


async def test_nothing_that_was_in_it_can_be_changed(house: Storage, scope: Scope):
    await house.projects.delete(scope, GONE, 90)
    assert not await house.logs.update(scope, LogId("data_1"), LogCompletion("new"), 91)
    writes = [
        house.projects.update(scope, a_project()),
        house.configs.register(scope, a_version("config_3"), None),
        house.deployments.deploy(scope, [a_deployment("dep_3", a_target())]),
        house.experiments.create(scope, an_experiment("exp_2", "another")),
        house.experiments.change(scope, EXPERIMENT, lambda each: each.renamed("new", 91)),
        house.experiments.delete(scope, EXPERIMENT, 91),
        house.experiments.expose(scope, a_trial("trial_2")),
        house.feedback.record(scope, GONE, [], [a_piece("ann_2", "bad")]),
        house.datasets.create(scope, a_dataset("evts_2")),
        house.datasets.rename(scope, DATASET, "new", None, 91),
        house.datasets.delete(scope, DATASET),
        house.datapoints.add(scope, DATASET, [a_datapoint("evtc_2")], 91),
        house.datapoints.change(scope, DATAPOINT, lambda _: DatapointContent(b"{}"), 91),
        house.datapoints.remove(scope, [DATAPOINT], 91),
    ]
    for write in writes:
        with pytest.raises(errors.NotFound):
            await write


async def test_what_was_live_has_ended(house: Storage, scope: Scope):
    await house.projects.delete(scope, GONE, 90)
    history = (await house.deployments.history(scope, GONE, ALL)).items
    assert {each.id: each.ended_at for each in history} == {"dep_1": 90, "dep_2": 90}
    assert [each.ended_at for each in (await house.deployments.history(scope, KEPT, ALL)).items] == [None]


async def test_calls_do_not_see_it(house: Storage, scope: Scope):
    await house.projects.delete(scope, GONE, 90)
    assert await house.feed.project(scope.organisation_id, GONE) is None
    view = (await house.feed.load()).organisations[scope.organisation_id]
    assert set(view.projects) == {KEPT}


async def test_who_was_away_for_long_is_told(house: Storage, scope: Scope, monkeypatch: pytest.MonkeyPatch):
    """The record of changes does not reach back to the deletion any more: then all that there ever was counts."""
    monkeypatch.setattr(changes, "KEPT", 3)
    monkeypatch.setattr(changes, "_TRIM_EVERY", 1)
    epoch = (await house.feed.load()).epoch
    await house.projects.delete(scope, GONE, 90)
    for number in range(4):
        await house.projects.update(scope, a_project("pr_2", f"kept {number}"))
    assert GONE in {each.project_id for each in await house.feed.changes_since(epoch)}


async def test_the_name_is_free(house: Storage, scope: Scope):
    """Again and again: each time it is another project, with nothing in it."""
    new = a_project()
    for number in range(3):
        await house.projects.delete(scope, new.id, 90 + number)
        new = a_project(f"pr_new_{number}", NAME)
        assert await house.projects.create(scope, new) == new
        assert await house.projects.named(scope, NAME) == new
    assert await house.configs.of_project(scope, new.id) == ()
    assert await house.logs.count(scope, [new.id]) == {new.id: 0}
    await house.configs.register(scope, a_version("config_new", new.id), a_deployment("dep_new", project=new.id))
    view = await house.feed.project(scope.organisation_id, new.id)
    assert view is not None
    assert set(view.configs) == {"config_new"}, "the first config goes live, as in any new project"


async def test_another_project_may_be_renamed_to_its_name(house: Storage, scope: Scope):
    with pytest.raises(errors.Conflict):
        await house.projects.update(scope, a_project("pr_2", NAME))
    await house.projects.delete(scope, GONE, 90)
    await house.projects.update(scope, a_project("pr_2", NAME))
    assert await house.projects.named(scope, NAME) == a_project("pr_2", NAME)


async def test_its_id_is_never_given_again(house: Storage, scope: Scope):
    await house.projects.delete(scope, GONE, 90)
    with pytest.raises(errors.Conflict, match=GONE):
        await house.projects.create(scope, a_project())


async def test_logs_of_calls_that_were_under_way_are_kept_and_not_seen(house: Storage, scope: Scope):
    await house.projects.delete(scope, GONE, 90)
    late = [a_log("data_2", session="sesh_1"), an_exposed_log("data_3", a_trial("trial_3"))]
    await house.log_writer.append(scope, late)
    assert await house.logs.some(scope, [LogId("data_2"), LogId("data_3")]) == {}
    assert await house.logs.count(scope, [GONE]) == {GONE: 3}, "they are on disk"


async def test_a_session_tells_of_the_other_projects(house: Storage, scope: Scope):
    before = await house.sessions.summary(scope, SessionId("sesh_1"))
    assert before is not None
    assert (before.logs, {each for each, _ in before.projects}) == (2, {GONE, KEPT})
    await house.projects.delete(scope, GONE, 90)
    after = await house.sessions.summary(scope, SessionId("sesh_1"))
    assert after is not None
    assert (after.logs, after.projects, after.last_output) == (1, ((KEPT, "kept"),), "out of data_9")
    await house.projects.delete(scope, KEPT, 91)
    empty = await house.sessions.summary(scope, SessionId("sesh_1"))
    assert empty is not None
    assert (empty.logs, empty.projects, empty.last_output) == (0, (), None)


async def test_its_logs_can_be_erased(house: Storage, scope: Scope):
    await house.projects.delete(scope, GONE, 90)
    await house.logs.delete(scope, [LogId("data_1")])
    assert await house.logs.count(scope, [GONE, KEPT]) == {GONE: 0, KEPT: 1}


async def test_another_organisations_project_of_the_same_id_stays(house: Storage, scope: Scope, other: Scope):
    await fill(house, other)
    await house.projects.delete(scope, GONE, 90)
    assert await house.projects.named(other, NAME) == a_project()
    assert not await house.projects.deleted(other, GONE)
    assert await house.configs.get(other, ConfigId("config_1")) is not None
    assert await house.logs.get(other, LogId("data_1")) is not None
    assert await house.datapoints.get(other, DATAPOINT) is not None
    assert await house.experiments.get(other, EXPERIMENT) is not None
    view = await house.feed.project(other.organisation_id, GONE)
    assert view is not None
    assert set(view.deployments) == {"env_a", "env_s"}
