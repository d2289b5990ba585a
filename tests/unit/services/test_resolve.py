"""Which arm of an experiment a call gets, and what its logs say of that."""

import pytest

from everloop.domain.assignment import assign, sample_unit
from everloop.domain.config import ConfigVersion, Endpoint, ModelConfig
from everloop.domain.environment import Environment
from everloop.domain.experiment import Arm, Experiment
from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, LogId, ProjectId
from everloop.domain.project import Project
from everloop.domain.reference import LinkReference, ProjectReference
from everloop.domain.snapshot import ProjectView
from everloop.domain.trial import trial_id
from everloop.errors import BadRequest, InvalidFields, NotFound
from everloop.services.experiments import NewExperiment
from everloop.services.resolve import Caller, Place, draw, draw_each
from tests.fake_provider import generation
from tests.unit.services.experimenting import Stage


@pytest.fixture
async def stage():
    stage = await Stage.build()
    await stage.deploy()
    return stage


def answers(stage, *texts):
    for provider in (stage.house.provider, stage.second):
        provider.answers(*[generation(text) for text in texts])


async def complete(stage, **changes):
    answers(stage, "x")
    answer = await stage.house.completion.complete(stage.house.scope, stage.deployed(**changes))
    return answer.samples[0].config_id


async def test_a_user_gets_the_arm_of_the_assignment_and_the_log_says_so(stage):
    for number in range(20):
        name = f"user {number}"
        arm = assign(f"user:{name}", stage.experiment.salt, {stage.one.id: 1.0, stage.two.id: 1.0})
        assert await complete(stage, user=name) == arm
        log = stage.house.kept[-1]
        place = log.environment_id
        assert (log.experiment_id, log.config_id) == (stage.id, arm)
        assert log.trial_id == trial_id(stage.experiment.salt, place, arm, f"user:{name}")
    assert {log.config_id for log in stage.house.kept} == {stage.one.id, stage.two.id}


async def test_the_same_unit_has_one_trial_and_another_unit_another(stage):
    for user in ("ada", "ada", "bob"):
        await complete(stage, user=user)
    first, again, other = [log.trial_id for log in stage.house.kept]
    assert first == again != other
    assert len(stage.house.memory.trials) == 2


async def test_without_a_user_a_session_is_the_unit_however_it_is_named(stage):
    arms = set()
    await complete(stage, links=LinkReference(session_reference_id="talk"))
    log = stage.house.kept[0]
    for links in (
        LinkReference(session_reference_id="talk"),
        LinkReference(session_id=log.session_id),
        LinkReference(parent_id=log.id),
    ):
        arms.add(await complete(stage, links=links))
    assert arms == {log.config_id}
    assert len({each.trial_id for each in stage.house.kept}) == 1


async def test_without_either_each_call_is_a_unit_of_its_own(stage):
    for _ in range(30):
        await complete(stage)
    assert len({log.trial_id for log in stage.house.kept}) == 30
    assert {log.config_id for log in stage.house.kept} == {stage.one.id, stage.two.id}


async def test_all_samples_of_a_deployed_call_share_arm_and_trial(stage):
    for provider in (stage.house.provider, stage.second):
        provider.answers(generation("a", "b", "c"))
    answer = await stage.house.completion.complete(stage.house.scope, stage.deployed(num_samples=3))
    assert len({sample.config_id for sample in answer.samples}) == 1
    assert len({log.trial_id for log in stage.house.kept}) == 1
    assert [log.sample_index for log in stage.house.kept] == [0, 1, 2]


async def test_a_deployed_config_leaves_no_trial(stage):
    await stage.house.deployments.clear_named(stage.house.scope, stage.project_id, None)
    with pytest.raises(BadRequest, match="no active deployment"):
        await complete(stage)
    await stage.house.experiments.conclude(stage.house.scope, stage.id, stage.two.id)
    assert await complete(stage, user="ada") == stage.two.id
    (log,) = stage.house.kept
    assert (log.experiment_id, log.trial_id) == (None, None)


async def test_once_concluded_the_experiments_own_callers_get_what_took_its_place(stage):
    await stage.house.experiments.conclude(stage.house.scope, stage.id, None)
    stage.house.provider.answers(generation("a", "b"))
    answer = await stage.house.completion.complete(stage.house.scope, stage.called(num_samples=2))
    assert {sample.config_id for sample in answer.samples} == {stage.one.id}
    assert {log.trial_id for log in stage.house.kept} == {None}


async def test_each_sample_of_an_experiments_call_draws_for_itself(stage):
    count = 12
    unit = "user:ada"
    salt, weights = stage.experiment.salt, stage.experiment.weights
    wanted = [assign(sample_unit(unit, index), salt, weights) for index in range(count)]
    for arm, provider in ((stage.one.id, stage.house.provider), (stage.two.id, stage.second)):
        provider.answers(generation(*[f"{arm} {index}" for index in range(wanted.count(arm))]))
    called = stage.called(user="ada", num_samples=count)
    answer = await stage.house.completion.complete(stage.house.scope, called)

    assert [sample.config_id for sample in answer.samples] == wanted
    assert [sample.index for sample in answer.samples] == list(range(count))
    assert all(sample.output.startswith(sample.config_id) for sample in answer.samples)
    logs = {log.sample_index: log for log in stage.house.kept}
    assert [logs[index].config_id for index in range(count)] == wanted
    assert [logs[sample.index].id for sample in answer.samples] == [sample.log_id for sample in answer.samples]
    assert [logs[index].body.raw_output for index in range(count)] == [each.raw_output for each in answer.samples]
    assert len({log.trial_id for log in logs.values()}) == count
    assert len(answer.provider_responses) == 2


async def test_an_experiment_that_is_not_live_can_be_called():
    stage = await Stage.build()
    answers(stage, "x")
    answer = await stage.house.completion.complete(stage.house.scope, stage.called(user="ada"))
    (log,) = stage.house.kept
    assert (answer.project_id, log.experiment_id) == (stage.project_id, stage.id)
    assert log.environment_id == stage.house.directory.organisation(stage.house.scope).default_environment.id


@pytest.mark.parametrize("reference", [ProjectReference("other"), ProjectReference(id="pr_none")])
async def test_an_experiment_belongs_to_its_project(stage, reference):
    await stage.house.projects.named(stage.house.scope, "other")
    with pytest.raises(InvalidFields, match="belongs to project 'p'"):
        await stage.house.completion.complete(stage.house.scope, stage.called(project=reference))
    assert stage.house.kept == []


async def test_the_experiments_own_project_may_be_named(stage):
    answers(stage, "x")
    reference = ProjectReference("p", stage.project_id)
    await stage.house.completion.complete(stage.house.scope, stage.called(project=reference))


async def test_an_unknown_experiment_is_not_found(stage):
    with pytest.raises(NotFound, match="exp_none"):
        await stage.house.completion.complete(stage.house.scope, stage.called(experiment_id="exp_none"))


async def test_an_experiment_made_by_another_process_is_found_at_once(stage):
    beside = await stage.house.beside()
    made = await stage.house.experiments.create(
        stage.house.scope, stage.project_id, NewExperiment("late", (), (stage.one.id,))
    )
    place = await beside.resolver.experiment(beside.scope, made.experiment.id)
    assert place.target == stage.house.memory.experiments[stage.house.scope.organisation_id, made.experiment.id]


async def test_the_first_thing_that_another_process_deploys_is_found_at_once(stage):
    await stage.house.deployments.clear_named(stage.house.scope, stage.project_id, None)
    beside = await stage.house.beside()
    with pytest.raises(BadRequest, match="no active deployment"):
        await beside.resolver.deployed(beside.scope, ProjectReference("p"), None)
    await stage.deploy()
    place = await beside.resolver.deployed(beside.scope, ProjectReference("p"), None)
    assert place.target == stage.experiment


async def test_an_experiment_without_arms_has_nothing_to_give(stage):
    new = NewExperiment("empty", ())
    made = await stage.house.experiments.create(stage.house.scope, stage.project_id, new)
    with pytest.raises(BadRequest, match="no active arm"):
        await stage.house.completion.complete(stage.house.scope, stage.called(experiment_id=made.experiment.id))


async def test_chat_arms_cannot_answer_a_completion(stage):
    chat = ModelConfig(model="c", provider="fake", endpoint=Endpoint.CHAT, chat_template=())
    version = await stage.house.deploy("p", chat)
    made = await stage.house.experiments.create(
        stage.house.scope, stage.project_id, NewExperiment("chat", (), (version.id,))
    )
    with pytest.raises(BadRequest, match="chat configs"):
        await stage.house.completion.complete(stage.house.scope, stage.called(experiment_id=made.experiment.id))


def test_drawing_alone_and_together_need_no_house():
    arm = ConfigId("config_a")
    project = Project(ProjectId("pr_1"), "p", 0, 0)
    experiment = Experiment(
        ExperimentId("exp_1"), project.id, "e", "salt", (), 0, 0, (Arm(arm, Endpoint.COMPLETE, 0),), arm
    )
    version = ConfigVersion(arm, project.id, ModelConfig(model="m"), "print", 0)
    view = ProjectView(project, {}, {arm: version}, {experiment.id: experiment})
    place = Place(view, Environment(EnvironmentId("env_1"), "production", True, 0), experiment)
    caller = Caller("u", None, [LogId("data_1"), LogId("data_2")])
    together = draw(place, caller, 7)
    (apart,) = draw_each(place, caller, 7)
    assert together.resolved.version is apart.resolved.version is version
    assert (list(together.indices), list(apart.indices)) == ([0, 1], [0, 1])
    assert together.trials[0] is together.trials[1]
    first, second = apart.trials
    assert first
    assert second
    assert first.id != second.id
    assert first.created_at == second.created_at == 7
