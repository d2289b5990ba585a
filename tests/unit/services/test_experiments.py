"""Experiments as use cases: what may be done to them, and what then is live."""

import pytest

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.deployment import ConfigTarget, ExperimentTarget
from everloop.domain.evidence import Summary, Verdict
from everloop.domain.experiment import ExperimentStatus
from everloop.domain.ids import ConfigId, EnvironmentId
from everloop.domain.outcome import PositiveLabel
from everloop.domain.reference import ProjectReference
from everloop.domain.results import ArmResults, ArmUsage, Moment
from everloop.errors import BadRequest, Conflict, InvalidFields, NotFound
from everloop.services.configs import Labels
from everloop.services.experiment_changes import ArmChange, ExperimentChange
from everloop.services.experiments import NewExperiment
from tests.unit.services.experimenting import GOOD, Stage


@pytest.fixture
async def stage():
    return await Stage.build()


async def update(stage, **change):
    return await stage.house.experiments.update(stage.house.scope, stage.id, ExperimentChange(**change))


async def live(stage):
    """What is live in each environment."""
    places = await stage.house.deployments.live(stage.house.scope, stage.project_id)
    return {place.environment.name: place.target and place.target.id for place in places}


async def test_a_new_experiment_has_its_arms_and_is_live_nowhere(stage):
    details = await stage.house.experiments.get(stage.house.scope, stage.id)
    assert [each.arm.config_id for each in details.arms] == [stage.one.id, stage.two.id]
    assert [each.version for each in details.arms] == [stage.one, stage.two]
    assert details.live_in == ()
    assert (details.experiment.control, details.experiment.status) == (stage.one.id, ExperimentStatus.INITIALIZED)
    assert await live(stage) == {"production": stage.one.id}


async def test_it_can_be_live_from_the_start(stage):
    new = NewExperiment("at once", (GOOD,), (stage.one.id, stage.two.id), live=True)
    made = await stage.house.experiments.create(stage.house.scope, stage.project_id, new)
    assert [each.name for each in made.live_in] == ["production"]
    assert made.experiment.status is ExperimentStatus.IN_PROGRESS
    details = await stage.house.projects.get(stage.house.scope, stage.project_id)
    assert (details.active, details.experiment) == (None, made)


@pytest.mark.parametrize(
    ("new", "error", "words"),
    [
        ({"config_ids": ("config_none",)}, NotFound, "config_none"),
        ({"positive_labels": (PositiveLabel("mood", "up"),)}, InvalidFields, "'mood'"),
        ({"name": "which"}, Conflict, "taken"),
        ({"live": True}, BadRequest, "two active arms"),
    ],
)
async def test_what_cannot_be_an_experiment_leaves_nothing(stage, new, error, words):
    before = (dict(stage.house.memory.experiments), await live(stage))
    full = {"name": "new", "positive_labels": (GOOD,), "config_ids": (stage.one.id,)} | new
    with pytest.raises(error, match=words):
        await stage.house.experiments.create(stage.house.scope, stage.project_id, NewExperiment(**full))
    assert (dict(stage.house.memory.experiments), await live(stage)) == before


async def test_chat_and_completion_do_not_mix(stage):
    chat = await stage.house.deploy("p", ModelConfig(model="c", endpoint=Endpoint.CHAT, chat_template=()))
    with pytest.raises(BadRequest, match="cannot mix"):
        await update(stage, arms={chat.id: ArmChange()})
    new = NewExperiment("mixed", (), (stage.one.id, chat.id))
    with pytest.raises(BadRequest, match="cannot mix"):
        await stage.house.experiments.create(stage.house.scope, stage.project_id, new)


async def test_one_change_adds_weighs_pauses_and_names_a_control(stage):
    three = await stage.house.deploy("p", ModelConfig(model="three", prompt_template="x"))
    arms = {stage.one.id: ArmChange(active=False), stage.two.id: ArmChange(weight=3), three.id: ArmChange(weight=0.5)}
    details = await update(stage, name="other", arms=arms, control=three.id, positive_labels=(GOOD, GOOD))
    experiment = details.experiment
    assert [(arm.config_id, arm.weight, arm.active) for arm in experiment.arms] == [
        (stage.one.id, 1.0, False), (stage.two.id, 3, True), (three.id, 0.5, True)
    ]  # fmt: skip
    assert (experiment.name, experiment.control, experiment.positive_labels) == ("other", three.id, (GOOD,))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"arms": {"config_none": ArmChange()}}, NotFound),
        ({"arms": {"config_none": ArmChange(active=False)}}, NotFound),
        ({"arms": {"one": ArmChange(active=False), "two": ArmChange(active=False)}}, BadRequest),
        ({"arms": {"one": ArmChange(weight=0), "two": ArmChange(weight=0)}}, BadRequest),
        ({"arms": {"one": ArmChange(weight=-1)}}, InvalidFields),
        ({"arms": {"one": ArmChange(weight=float("nan"))}}, InvalidFields),
        ({"control": "config_none"}, NotFound),
        ({"positive_labels": (PositiveLabel("mood", "up"),)}, InvalidFields),
    ],
)
async def test_a_wrong_change_changes_nothing(stage, change, error):
    before = stage.experiment
    named = {"one": stage.one.id, "two": stage.two.id}
    arms = {named.get(name, name): arm for name, arm in change.get("arms", {}).items()}
    with pytest.raises(error):
        await update(stage, **(change | {"name": "changed", "arms": arms}))
    assert stage.experiment == before


async def test_a_config_of_another_project_is_no_arm_here(stage):
    other = await stage.house.deploy("q", ModelConfig(model="m", prompt_template="x"))
    with pytest.raises(NotFound, match=other.id):
        await update(stage, arms={other.id: ArmChange()})


async def test_promoting_puts_the_winner_where_the_experiment_was_live(stage):
    staging = await stage.house.environments.create(stage.house.scope, "staging")
    await stage.deploy()
    target = ExperimentTarget(stage.id)
    await stage.house.deployments.deploy(stage.house.scope, stage.project_id, target, [staging.id])
    details = await stage.house.experiments.conclude(stage.house.scope, stage.id, stage.two.id)
    assert await live(stage) == {"production": stage.two.id, "staging": stage.two.id}
    assert (details.experiment.status, details.experiment.winner) == (ExperimentStatus.CONCLUDED, stage.two.id)
    assert details.experiment.concluded_at is not None


async def test_promoting_what_is_live_nowhere_deploys_to_the_default_environment(stage):
    await stage.house.experiments.conclude(stage.house.scope, stage.id, stage.two.id)
    assert await live(stage) == {"production": stage.two.id}


async def test_promoting_can_name_environments(stage):
    staging = await stage.house.environments.create(stage.house.scope, "staging")
    await stage.house.experiments.conclude(stage.house.scope, stage.id, stage.two.id, [staging.id])
    assert await live(stage) == {"production": stage.one.id, "staging": stage.two.id}


async def test_stopping_leaves_the_control_where_the_experiment_was_live(stage):
    await stage.deploy()
    await update(stage, control=stage.two.id)
    details = await stage.house.experiments.conclude(stage.house.scope, stage.id, None)
    assert await live(stage) == {"production": stage.two.id}
    assert details.experiment.winner is None


async def test_stopping_what_is_live_nowhere_deploys_nothing(stage):
    await stage.house.experiments.conclude(stage.house.scope, stage.id, None)
    assert await live(stage) == {"production": stage.one.id}


async def test_a_concluded_experiment_stays_concluded(stage):
    await stage.house.experiments.conclude(stage.house.scope, stage.id, None)
    for again in (stage.one.id, None):
        with pytest.raises(BadRequest, match="concluded"):
            await stage.house.experiments.conclude(stage.house.scope, stage.id, again)
    with pytest.raises(BadRequest, match="concluded"):
        await stage.deploy()
    with pytest.raises(BadRequest, match="concluded"):
        await update(stage, arms={stage.one.id: ArmChange(weight=2)})
    assert (await update(stage, name="renamed")).experiment.name == "renamed"


async def test_a_stranger_cannot_win(stage):
    await stage.deploy()
    stranger = await stage.house.deploy("p", ModelConfig(model="stranger", prompt_template="x"))
    for config_id in (stranger.id, "config_none"):
        with pytest.raises(NotFound, match=config_id):
            await stage.house.experiments.conclude(stage.house.scope, stage.id, config_id)
    with pytest.raises(InvalidFields, match="winner"):
        await stage.house.experiments.conclude(stage.house.scope, stage.id, None, ["env_1"])
    with pytest.raises(NotFound, match="env_none"):
        await stage.house.experiments.conclude(stage.house.scope, stage.id, stage.two.id, ["env_none"])
    assert (await live(stage), stage.experiment.status) == ({"production": stage.id}, ExperimentStatus.IN_PROGRESS)


async def test_undeploying_an_experiment_leaves_a_config_alone(stage):
    await stage.house.deployments.clear_experiment(stage.house.scope, stage.project_id, None)
    assert await live(stage) == {"production": stage.one.id}
    await stage.deploy()
    await stage.house.deployments.clear_experiment(stage.house.scope, stage.project_id, None)
    assert await live(stage) == {"production": None}


async def test_an_experiment_of_another_project_cannot_go_live_here(stage):
    other = (await stage.house.projects.named(stage.house.scope, "q")).project
    for target in (ExperimentTarget(stage.id), ConfigTarget(stage.one.id)):
        with pytest.raises(NotFound, match="'q' has no"):
            await stage.house.deployments.deploy(stage.house.scope, other.id, target, None)


async def test_registering_into_an_experiment_makes_an_arm_once(stage):
    config = ModelConfig(model="three", prompt_template="x")
    first, again = [
        await stage.house.experiments.register(
            stage.house.scope, ProjectReference("p"), "which", config, Labels("third")
        )
        for _ in range(2)
    ]
    assert first.use.version == again.use.version
    assert [arm.config_id for arm in stage.experiment.arms] == [stage.one.id, stage.two.id, first.use.version.id]


async def test_registering_a_paused_arm_takes_it_up_again(stage):
    await update(stage, arms={stage.one.id: ArmChange(active=False)})
    await stage.house.experiments.register(
        stage.house.scope, ProjectReference("p"), "which", stage.one.config, Labels()
    )
    assert stage.experiment.arm(stage.one.id).active


@pytest.mark.parametrize(
    ("project", "name", "config", "error"),
    [
        ("p", "unheard of", ModelConfig(model="new", prompt_template="x"), NotFound),
        ("nowhere", "which", ModelConfig(model="new", prompt_template="x"), NotFound),
        ("p", "which", ModelConfig(model="new", endpoint=Endpoint.CHAT, chat_template=()), BadRequest),
    ],
)
async def test_what_cannot_be_an_arm_is_not_registered_either(stage, project, name, config, error):
    before = (dict(stage.house.memory.configs), dict(stage.house.memory.projects))
    with pytest.raises(error):
        await stage.house.experiments.register(stage.house.scope, ProjectReference(project), name, config, Labels())
    assert (stage.house.memory.configs, stage.house.memory.projects) == before


async def test_a_sample_is_an_arm_with_a_trial_that_is_kept(stage):
    samples = [await stage.house.sampling.of_experiment(stage.house.scope, stage.id) for _ in range(20)]
    assert {each.use.version.id for each in samples} == {stage.one.id, stage.two.id}
    assert len({each.trial_id for each in samples}) == 20
    trials = stage.house.memory.trials
    for each in samples:
        trial = trials[stage.house.scope.organisation_id, each.trial_id]
        assert (trial.experiment_id, trial.config_id) == (each.experiment_id, each.use.version.id)


async def test_the_active_config_is_a_sample_while_an_experiment_is_live(stage):
    plain = await stage.house.sampling.active(stage.house.scope, stage.project_id, None)
    assert (plain.use.version, plain.trial_id, plain.experiment_id) == (stage.one, None, None)
    await stage.deploy()
    drawn = await stage.house.sampling.active(stage.house.scope, stage.project_id, None)
    assert drawn.experiment_id == stage.id
    assert drawn.trial_id is not None


def known(units, positive):
    return Summary(units, float(positive), float(positive))


async def test_results_are_of_the_environment_with_most_trials_unless_one_is_named(stage):
    staging = await stage.house.environments.create(stage.house.scope, "staging")
    production = stage.house.directory.organisation(stage.house.scope).default_environment.id
    few, many = ArmResults(ArmUsage(trials=3)), ArmResults(ArmUsage(trials=40, logs=50, errors=5), known(30, 20))
    results = {production: {stage.one.id: few}, staging.id: {stage.two.id: many}}
    stage.house.memory.results[stage.house.scope.organisation_id, stage.id] = results
    read = stage.house.experiment_results.results
    busiest = await read(stage.house.scope, stage.id, None)
    assert (busiest.environment_id, busiest.arms) == (staging.id, {stage.one.id: ArmResults(), stage.two.id: many})
    assert [(each.name, each.trials) for each in busiest.environments] == [("production", 3), ("staging", 40)]
    assert busiest.evidence.arms[stage.two.id].mean == pytest.approx(2 / 3)
    named = await read(stage.house.scope, stage.id, "production")
    assert named.arms[stage.one.id] == few
    with pytest.raises(NotFound, match="'staging'"):
        await read(stage.house.scope, stage.id, "nowhere")
    await stage.house.environments.delete(stage.house.scope, staging.id)
    assert (await read(stage.house.scope, stage.id, "staging")).arms[stage.two.id] == many


async def test_the_timeline_carries_every_arm_forward(stage):
    place = EnvironmentId("env_x")
    results = {place: {stage.one.id: ArmResults(ArmUsage(trials=1))}}
    stage.house.memory.results[stage.house.scope.organisation_id, stage.id] = results
    moments = [
        Moment(10, stage.one.id, known(1, 1)),
        Moment(20, stage.two.id, known(1, 0)),
        Moment(20, stage.one.id, known(2, 1)),
        Moment(30, stage.two.id, known(400, 40)),
        Moment(40, stage.one.id, known(400, 300)),
    ]
    stage.house.memory.moments[stage.house.scope.organisation_id, stage.id] = {place: moments}
    timeline = await stage.house.experiment_results.timeline(stage.house.scope, stage.id, None, 100)
    assert [point.at for point in timeline.points] == [10, 20, 30, 40]
    units = [
        [point.evidence.arms[ConfigId(each.id)].units for each in (stage.one, stage.two)] for point in timeline.points
    ]
    assert units == [[1, 0], [2, 1], [2, 400], [400, 400]]
    verdicts = [point.evidence.comparisons[stage.two.id].verdict for point in timeline.points]
    assert verdicts == [Verdict.OPEN, Verdict.OPEN, Verdict.OPEN, Verdict.WORSE]
    thinned = await stage.house.experiment_results.timeline(stage.house.scope, stage.id, None, 2)
    assert [point.at for point in thinned.points][-1] == 40
    assert len(thinned.points) == 2


async def test_an_experiment_that_nobody_met_has_empty_results(stage):
    results = await stage.house.experiment_results.results(stage.house.scope, stage.id, None)
    assert (results.environment_id, results.environments) == (None, ())
    assert results.arms == {stage.one.id: ArmResults(), stage.two.id: ArmResults()}
    assert (await stage.house.experiment_results.timeline(stage.house.scope, stage.id, None, 9)).points == ()
