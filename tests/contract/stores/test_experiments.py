"""Experiments as they are kept, whatever the database."""

import asyncio
from dataclasses import replace

import pytest

from everloop import errors
from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.deployment import Deployment, ExperimentTarget
from everloop.domain.experiment import Experiment, ExperimentStatus
from everloop.domain.ids import ConfigId, ExperimentId, ProjectId, TrialId
from everloop.domain.outcome import PositiveLabel
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import (
    a_deployment,
    a_piece,
    a_project,
    a_target,
    a_trial,
    a_version,
    an_experiment,
    an_exposed_log,
)

ONE, TWO, THREE = (ConfigId(f"config_{number}") for number in (1, 2, 3))
ID = ExperimentId("exp_1")
LIVE = ExperimentTarget(ID)


@pytest.fixture
async def project(storage: Storage, scope: Scope) -> ProjectId:
    """`pr_1` with three versions, of which `config_3` is in no experiment; `pr_2` has one of its own."""
    await storage.projects.create(scope, a_project())
    await storage.projects.create(scope, a_project("pr_2"))
    for config in (ONE, TWO, THREE):
        await storage.configs.register(scope, a_version(config), None)
    await storage.configs.register(scope, a_version("config_of_pr_2", "pr_2"), None)
    return ProjectId("pr_1")


@pytest.fixture
async def kept(storage: Storage, scope: Scope, project: ProjectId) -> Experiment:
    experiment = an_experiment()
    await storage.experiments.create(scope, experiment)
    return experiment


async def live(storage: Storage, scope: Scope) -> dict[str, Deployment]:
    view = await storage.feed.project(scope.organisation_id, ProjectId("pr_1"))
    assert view is not None
    return {str(place): each for place, each in view.deployments.items()}


async def test_it_is_read_as_it_was_written(storage: Storage, scope: Scope, project: ProjectId):
    labels = (PositiveLabel("rating", "good"), PositiveLabel("action", "copied \U0001f4cb"))
    experiment = replace(
        an_experiment("exp_1", "which", "config_2", "config_1", labels=labels)
        .weighted({TWO: 0.25}, 30)
        .paused([ONE], 31),
        name="naïve ✓",
    )
    await storage.experiments.create(scope, experiment)
    assert await storage.experiments.get(scope, ID) == experiment
    concluded = await storage.experiments.change(scope, ID, lambda each: each.promoted(TWO, 99))
    assert concluded == experiment.promoted(TWO, 99) == await storage.experiments.get(scope, ID)


async def test_one_may_begin_without_arms(storage: Storage, scope: Scope, project: ProjectId):
    bare = replace(an_experiment(), arms=(), control=None)
    await storage.experiments.create(scope, bare)
    assert await storage.experiments.get(scope, ID) == bare


async def test_those_of_a_project_come_newest_first(storage: Storage, scope: Scope, kept: Experiment):
    second = an_experiment("exp_2", "second")
    await storage.experiments.create(scope, second)
    assert await storage.experiments.of_project(scope, kept.project_id) == (second, kept)
    assert await storage.experiments.of_project(scope, ProjectId("pr_2")) == ()


async def test_the_snapshot_has_them_with_their_configurations(storage: Storage, scope: Scope, kept: Experiment):
    view = await storage.feed.project(scope.organisation_id, kept.project_id)
    assert view is not None
    assert (view.experiments, set(view.configs)) == ({ID: kept}, {ONE, TWO})
    snapshot = await storage.feed.load()
    assert snapshot.organisations[scope.organisation_id].project_of_experiment(ID) == view
    concluded = await storage.experiments.change(scope, ID, lambda each: each.promoted(TWO, 99))
    view = await storage.feed.project(scope.organisation_id, kept.project_id)
    assert view is not None
    assert view.experiments == {ID: concluded}
    assert TWO in view.configs


async def test_every_write_is_told(storage: Storage, scope: Scope, project: ProjectId):
    def rename(each: Experiment) -> Experiment:
        return each.renamed("new", 50)

    for write in (
        lambda: storage.experiments.create(scope, an_experiment()),
        lambda: storage.experiments.change(scope, ID, rename),
        lambda: storage.experiments.delete(scope, ID, 60),
    ):
        epoch = (await storage.feed.load()).epoch
        await write()
        assert {each.project_id for each in await storage.feed.changes_since(epoch)} == {project}


async def test_what_goes_live_elsewhere_is_told_there_too(storage: Storage, scope: Scope, kept: Experiment):
    epoch = (await storage.feed.load()).epoch
    elsewhere = a_deployment("dep_1", a_target("config_of_pr_2"), project="pr_2")
    await storage.experiments.change(scope, ID, lambda each: each.stopped(50), [elsewhere])
    assert [each.project_id for each in await storage.feed.changes_since(epoch)] == ["pr_1", "pr_2"]


@pytest.mark.parametrize(
    ("experiment", "error"),
    [
        (an_experiment("exp_2"), errors.Conflict),
        (an_experiment("exp_1", "other name"), errors.Conflict),
        (an_experiment("exp_2", "other", "config_none"), errors.NotFound),
        (replace(an_experiment("exp_2", "other", "config_of_pr_2")), errors.NotFound),
        (an_experiment("exp_2", "other", project="pr_none"), errors.NotFound),
    ],
)
async def test_what_cannot_be_kept_leaves_nothing(
    storage: Storage, scope: Scope, kept: Experiment, experiment: Experiment, error: type[Exception]
):
    epoch = (await storage.feed.load()).epoch
    with pytest.raises(error):
        await storage.experiments.create(scope, experiment)
    assert await storage.experiments.of_project(scope, kept.project_id) == (kept,)
    assert await storage.feed.changes_since(epoch) == ()


async def test_the_same_name_is_free_in_another_project(storage: Storage, scope: Scope, kept: Experiment):
    other = an_experiment("exp_2", kept.name, "config_of_pr_2", project="pr_2")
    await storage.experiments.create(scope, other)
    assert await storage.experiments.of_project(scope, ProjectId("pr_2")) == (other,)


async def test_a_change_adds_weighs_and_pauses_arms(storage: Storage, scope: Scope, kept: Experiment):
    def change(each: Experiment) -> Experiment:
        return (
            each.with_arm(a_version(THREE), 50, 0.5).weighted({ONE: 3}, 50).paused([TWO], 50).controlled_by(THREE, 50)
        )

    changed = await storage.experiments.change(scope, ID, change)
    assert changed == change(kept) == await storage.experiments.get(scope, ID)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda each: each.paused([ONE, TWO], 50), errors.BadRequest),
        (lambda each: each.with_arm(a_version("config_none"), 50), errors.NotFound),
        (lambda each: each.renamed("taken", 50), errors.Conflict),
    ],
)
async def test_a_change_that_fails_changes_nothing(
    storage: Storage, scope: Scope, kept: Experiment, change: object, error: type[Exception]
):
    await storage.experiments.create(scope, an_experiment("exp_2", "taken"))
    with pytest.raises(error):
        await storage.experiments.change(scope, ID, change)  # type: ignore[arg-type]
    assert await storage.experiments.get(scope, ID) == kept


async def test_a_change_of_none_is_not_found(storage: Storage, scope: Scope, kept: Experiment):
    with pytest.raises(errors.NotFound):
        await storage.experiments.change(scope, ExperimentId("exp_none"), lambda each: each)


async def test_changes_at_the_same_time_all_count(storage: Storage, open_named: Opener, scope: Scope, kept: Experiment):
    beside = await open_named("main")
    await asyncio.gather(
        *(
            store.experiments.change(scope, ID, lambda each, arm=arm, weight=weight: each.weighted({arm: weight}, 50))  # type: ignore[misc]
            for store, arm, weight in ((storage, ONE, 5.0), (beside, TWO, 7.0))
        )
    )
    changed = await storage.experiments.get(scope, ID)
    assert changed is not None
    assert changed.weights == {ONE: 5.0, TWO: 7.0}


async def test_deploying_starts_it(storage: Storage, scope: Scope, kept: Experiment):
    await storage.deployments.deploy(scope, [a_deployment("dep_1", LIVE, created_at=70)])
    assert await storage.experiments.get(scope, ID) == kept.started(70)
    assert [each.target for each in (await live(storage, scope)).values()] == [LIVE]


async def test_it_can_be_live_from_its_creation(storage: Storage, scope: Scope, project: ProjectId):
    await storage.experiments.create(scope, an_experiment(), [a_deployment("dep_1", LIVE)])
    assert [each.target for each in (await live(storage, scope)).values()] == [LIVE]


@pytest.mark.parametrize(
    ("experiment", "deployment", "error"),
    [
        (an_experiment("exp_1", "which", "config_1"), a_deployment("dep_1", LIVE), errors.BadRequest),
        (an_experiment().weighted({ONE: 0}, 30), a_deployment("dep_1", LIVE), errors.BadRequest),
        (an_experiment().stopped(30), a_deployment("dep_1", LIVE), errors.BadRequest),
        (an_experiment(), a_deployment("dep_1", LIVE, project="pr_2"), errors.NotFound),
        (an_experiment(), a_deployment("dep_1", ExperimentTarget(ExperimentId("exp_none"))), errors.NotFound),
        (an_experiment(), a_deployment("dep_1", LIVE, environment="env_none"), errors.NotFound),
    ],
)
async def test_what_cannot_go_live_is_not_created_either(
    storage: Storage,
    scope: Scope,
    project: ProjectId,
    experiment: Experiment,
    deployment: Deployment,
    error: type[Exception],
):
    with pytest.raises(error):
        await storage.experiments.create(scope, experiment, [deployment])
    assert await storage.experiments.of_project(scope, project) == ()
    await storage.experiments.create(scope, experiment)
    with pytest.raises(error):
        await storage.deployments.deploy(scope, [deployment])
    assert await storage.experiments.get(scope, ID) == experiment
    assert await live(storage, scope) == {}


async def test_concluding_deploys_in_the_same_transaction(storage: Storage, scope: Scope, kept: Experiment):
    await storage.deployments.deploy(scope, [a_deployment("dep_1", LIVE)])
    impossible = [a_deployment("dep_2", a_target(TWO)), a_deployment("dep_3", a_target(TWO), environment="env_none")]
    with pytest.raises(errors.NotFound):
        await storage.experiments.change(scope, ID, lambda each: each.promoted(TWO, 80), impossible)
    assert [each.target for each in (await live(storage, scope)).values()] == [LIVE]
    await storage.experiments.change(scope, ID, lambda each: each.promoted(TWO, 80), impossible[:1])
    assert [each.target for each in (await live(storage, scope)).values()] == [a_target(TWO)]
    concluded = await storage.experiments.get(scope, ID)
    assert concluded is not None
    assert concluded.status is ExperimentStatus.CONCLUDED


async def test_a_live_one_is_not_deleted(storage: Storage, scope: Scope, kept: Experiment):
    await storage.deployments.deploy(scope, [a_deployment("dep_1", LIVE)])
    with pytest.raises(errors.Conflict, match="live"):
        await storage.experiments.delete(scope, ID, 90)
    await storage.deployments.deploy(scope, [a_deployment("dep_2", None, created_at=91)])
    await storage.experiments.delete(scope, ID, 92)
    assert await storage.experiments.get(scope, ID) is None
    assert await storage.experiments.of_project(scope, kept.project_id) == ()
    view = await storage.feed.project(scope.organisation_id, kept.project_id)
    assert view is not None
    assert (view.experiments, view.configs) == ({}, {})
    with pytest.raises(errors.NotFound):
        await storage.experiments.delete(scope, ID, 93)
    with pytest.raises(errors.NotFound):
        await storage.deployments.deploy(scope, [a_deployment("dep_3", LIVE)])
    await storage.experiments.create(scope, an_experiment("exp_2", kept.name))


async def test_what_came_of_a_deleted_one_is_not_there_either(storage: Storage, scope: Scope, kept: Experiment):
    trial, late = a_trial(), an_exposed_log("data_2", a_trial("trial_2"))
    await storage.log_writer.append(scope, [an_exposed_log("data_1", trial)])
    await storage.feedback.record(scope, kept.project_id, [], [a_piece("ann_1", "good")])
    assert await storage.experiments.timeline(scope, ID, trial.environment_id)
    await storage.experiments.delete(scope, ID, 90)
    await storage.log_writer.append(scope, [late])
    await storage.feedback.record(scope, kept.project_id, [], [a_piece("ann_2", "good", log="data_2")])
    assert await storage.logs.get(scope, late.id) == late, "calls that were under way are logged all the same"
    assert await storage.experiments.results(scope, [ID]) == {ID: {}}
    assert await storage.experiments.timeline(scope, ID, trial.environment_id) == ()
    assert await storage.experiments.trial(scope, trial.id) is None
    with pytest.raises(errors.NotFound):
        await storage.experiments.expose(scope, a_trial("trial_3"))


async def test_logs_of_an_experiment_that_nobody_knows_are_kept(storage: Storage, scope: Scope, project: ProjectId):
    log = an_exposed_log("data_1", a_trial(experiment="exp_none"))
    await storage.log_writer.append(scope, [log])
    assert await storage.logs.get(scope, log.id) == log
    await storage.feedback.record(scope, project, [], [a_piece("ann_1", "good")])


async def test_a_trial_is_kept_once_and_counted_once(storage: Storage, scope: Scope, kept: Experiment):
    trial = a_trial()
    assert await storage.experiments.trial(scope, trial.id) is None
    for _ in range(2):
        await storage.experiments.expose(scope, trial)
    await storage.experiments.expose(scope, a_trial("trial_2", "config_2"))
    await storage.log_writer.append(scope, [an_exposed_log("data_1", trial)])
    assert await storage.experiments.trial(scope, trial.id) == trial
    found = (await storage.experiments.results(scope, [ID]))[ID]["env_a"]  # type: ignore[index]
    assert {arm: each.usage.trials for arm, each in found.items()} == {ONE: 1, TWO: 1}
    assert found[ONE].usage.logs == 1


@pytest.mark.parametrize("trial", [a_trial(config="config_3"), a_trial(experiment="exp_none")])
async def test_a_trial_is_of_an_arm(storage: Storage, scope: Scope, kept: Experiment, trial: object):
    with pytest.raises(errors.NotFound):
        await storage.experiments.expose(scope, trial)  # type: ignore[arg-type]
    assert await storage.experiments.trial(scope, TrialId("trial_1")) is None


async def test_a_log_makes_its_trial_when_it_is_the_first(storage: Storage, scope: Scope, kept: Experiment):
    log = an_exposed_log()
    await storage.log_writer.append(scope, [log])
    assert await storage.experiments.trial(scope, TrialId("trial_1")) == a_trial()
    assert await storage.logs.get(scope, log.id) == log


async def test_chat_and_completion_are_told_apart_when_read(storage: Storage, scope: Scope, project: ProjectId):
    config = ModelConfig("gpt", endpoint=Endpoint.CHAT, chat_template=())
    version = await storage.configs.register(scope, a_version("config_chat", config=config), None)
    empty = replace(an_experiment(), arms=(), control=None)
    await storage.experiments.create(scope, empty.with_arm(version, 30))
    read = await storage.experiments.get(scope, ID)
    assert read is not None
    assert read.endpoint is Endpoint.CHAT
