"""Experiments from beginning to end, in the one version that has calls for them; results are our own API's."""

from collections import Counter
from typing import Any

from tests.sdk.scenarios.projects import assert_just_now
from tests.sdk.scenarios.registry import scenario_of
from tests.sdk.scenarios.stage import Stage, acollect, refused

VERSION = "0.7.0"
GOOD = {"type": "rating", "value": "good"}
USERS = 200  # that all of them draw one of two configs has a chance of 2**-199


class _Experiment:
    """An experiment of two configs, one that says `one` and one that says `two`."""

    def __init__(self, stage: Stage, **options: Any) -> None:
        self.stage = stage
        self.project = stage.name()
        self.configs = [stage.saying(self.project, said) for said in ("one", "two")]
        self.project_id = self.configs[0].project_id
        self.arms = [each.config.id for each in self.configs]
        self.made = stage.client.experiments.create(
            project_id=self.project_id, name="which", positive_labels=[GOOD], config_ids=self.arms, **options
        )
        self.id = self.made.id

    def says(self, config_id: str) -> str:
        """What the config answers."""
        return ("one", "two")[self.arms.index(config_id)]

    def live(self) -> list[tuple[str | None, str | None]]:
        """What is live in each environment: a config or an experiment."""
        listed = self.stage.client.projects.list_deployed_configs(id=self.project_id)
        return [(each.model_config_id_, each.experiment_id) for each in listed if each.environment_tag == "default"]

    def results(self) -> dict[str, Any]:
        """The results of each arm."""
        found = self.stage.http("GET", f"/api/experiments/{self.id}/results")
        return {each["config_id"]: each for each in found["arms"]}


def assert_experiment(read: Any, wanted: _Experiment) -> None:
    """Whether it is the experiment as a typed object."""
    assert type(read).__name__ == "ExperimentResponse"
    assert read.id.startswith("exp_")
    assert (read.project_id, read.name, read.status) == (wanted.project_id, "which", "Initialized")
    assert [(each.type, each.value) for each in read.positive_labels] == [("rating", "good")]
    assert type(read.metric).__name__ == "BaseMetricResponse"
    assert read.metric.id.startswith("metric_")
    assert_just_now(wanted.stage.moment(read.created_at))
    assert [each.id for each in read.configs] == wanted.arms
    for config in read.configs:
        assert type(config).__name__ == "ExperimentConfigResponse"
        assert type(config.config).__name__ == "ModelConfigResponse"
        assert (config.config.id, config.display_name) == (config.id, "gpt-4o")
        assert (config.active, config.trials_count, config.mean, config.spread) == (True, 0, None, None)


@scenario_of(VERSION)
def an_experiment_is_made_and_listed(stage: Stage) -> None:
    experiment = _Experiment(stage)
    assert_experiment(experiment.made, experiment)
    (listed,) = stage.client.experiments.list(project_id=experiment.project_id)
    assert_experiment(listed, experiment)
    assert experiment.live() == [(experiment.arms[0], None)]
    stage.client.experiments.delete(experiment_id=experiment.id)
    assert stage.client.experiments.list(project_id=experiment.project_id) == []


@scenario_of(VERSION)
def configs_join_and_leave_an_experiment(stage: Stage) -> None:
    experiment = _Experiment(stage)
    third = stage.saying(experiment.project, "three").config.id
    changed = stage.client.experiments.update(
        experiment_id=experiment.id,
        name="which of three",
        positive_labels=[GOOD, {"type": "action", "value": "copied"}],
        config_ids_to_register=[third],
        config_ids_to_deregister=[experiment.arms[0]],
    )
    assert type(changed).__name__ == "ExperimentResponse"
    assert (changed.name, len(changed.positive_labels)) == ("which of three", 2)
    assert {each.id: each.active for each in changed.configs} == {
        experiment.arms[0]: False,
        experiment.arms[1]: True,
        third: True,
    }
    sampled = {stage.client.experiments.sample(experiment_id=experiment.id).config.id for _ in range(40)}
    assert sampled == {experiment.arms[1], third}


@scenario_of(VERSION)
def a_config_is_registered_into_an_experiment_by_its_name(stage: Stage) -> None:
    experiment = _Experiment(stage)
    third = stage.saying(experiment.project, "three")
    joined = stage.registered(experiment.project, "Four", experiment="which")
    assert type(joined).__name__ == "ProjectConfigResponse"
    (listed,) = stage.client.experiments.list(project_id=experiment.project_id)
    assert [each.id for each in listed.configs] == [*experiment.arms, joined.config.id]
    detail = refused(404, lambda: stage.registered(experiment.project, "Five", experiment="nobody's"))
    assert "nobody's" in detail["message"]
    known = stage.client.projects.list_configs(id=experiment.project_id)
    assert {each.config.id for each in known} == {*experiment.arms, third.config.id, joined.config.id}


@scenario_of(VERSION)
def users_of_a_live_experiment_keep_their_config_until_one_is_promoted(stage: Stage) -> None:
    experiment = _Experiment(stage)
    project = stage.client.projects.update(id=experiment.project_id, active_experiment_id=experiment.id)
    assert project.active_config is None
    assert type(project.active_experiment).__name__ == "ExperimentResponse"
    assert (project.active_experiment.id, project.active_experiment.status) == (experiment.id, "In progress")
    met = {}
    for n in range(USERS):
        (sample,) = stage.client.complete_deployed(project=experiment.project, user=f"user {n}").data
        assert sample.output == experiment.says(sample.model_config_id_)
        met[n] = sample
    for n in range(0, USERS, 10):
        (again,) = stage.client.complete_deployed(project=experiment.project, user=f"user {n}").data
        assert again.model_config_id_ == met[n].model_config_id_
    counts = Counter(sample.model_config_id_ for sample in met.values())
    assert set(counts) == set(experiment.arms)

    values = dict(zip(experiment.arms, ("bad", "good"), strict=True))
    stage.client.feedback(
        [{"type": "rating", "value": values[each.model_config_id_], "data_id": each.id} for each in met.values()]
    )
    results = experiment.results()
    assert {arm: each["trials"] for arm, each in results.items()} == counts
    assert [results[arm]["mean"] for arm in experiment.arms] == [0.0, 1.0]
    stage.client.feedback(type="rating", data_id=met[0].id, unset=True)
    assert sum(each["rated_units"] for each in experiment.results().values()) == USERS - 1
    (listed,) = stage.client.experiments.list(project_id=experiment.project_id)
    assert {each.id: each.trials_count for each in listed.configs} == counts
    assert [each.mean for each in listed.configs] == [0.0, 1.0]
    assert all(0 < each.spread < 1 for each in listed.configs)

    stage.http("POST", f"/api/experiments/{experiment.id}/conclude", {"winner": experiment.arms[1]})
    (sample,) = stage.client.complete_deployed(project=experiment.project, user="user 0").data
    assert sample.model_config_id_ == experiment.arms[1]
    active = stage.client.projects.get(id=experiment.project_id)
    assert (active.active_config.config.id, active.active_experiment) == (experiment.arms[1], None)
    assert {arm: each["trials"] for arm, each in experiment.results().items()} == counts


@scenario_of(VERSION)
def an_experiment_is_deployed_and_taken_down(stage: Stage) -> None:
    experiment, staging = _Experiment(stage), stage.environment()
    deployed = stage.client.projects.deploy_config(
        project_id=experiment.project_id, experiment_id=experiment.id, environments=[{"id": staging["id"]}]
    )
    assert [type(each).__name__ for each in deployed] == ["EnvironmentProjectConfigResponse"]
    assert (deployed[0].experiment_id, deployed[0].experiment_name) == (experiment.id, "which")
    assert (deployed[0].environment_id, deployed[0].model_config_id_) == (staging["id"], None)
    there = stage.client.complete_deployed(project=experiment.project, environment=staging["name"])
    assert there.data[0].model_config_id_ in experiment.arms
    refused(409, lambda: stage.client.experiments.delete(experiment_id=experiment.id))
    left = stage.client.projects.deactivate_experiment(id=experiment.project_id, environment=staging["name"])
    assert type(left).__name__ == "ProjectResponse"
    refused(400, lambda: stage.client.complete_deployed(project=experiment.project, environment=staging["name"]))
    assert experiment.live() == [(experiment.arms[0], None)]
    stage.client.projects.deploy_config(project_id=experiment.project_id, experiment_id=experiment.id)
    assert experiment.live() == [(None, experiment.id)]
    stage.client.projects.deactivate_experiment(id=experiment.project_id)
    assert experiment.live() == [(None, None)]


@scenario_of(VERSION)
def an_experiment_can_be_live_from_the_start(stage: Stage) -> None:
    experiment = _Experiment(stage, set_active=True)
    assert experiment.live() == [(None, experiment.id)]
    assert experiment.made.status == "In progress"
    active = stage.client.projects.get_active_config(id=experiment.project_id)
    assert type(active).__name__ == "GetModelConfigResponse"
    assert (active.experiment_id, active.config.id in experiment.arms) == (experiment.id, True)
    assert active.trial_id


@scenario_of(VERSION)
def samples_of_an_experiment_draw_a_config_each(stage: Stage) -> None:
    experiment = _Experiment(stage)
    answer = stage.client.complete_experiment(experiment_id=experiment.id, num_samples=32, user="ada")
    assert type(answer).__name__ == "CompletionResponse"
    assert (answer.project_id, answer.num_samples) == (experiment.project_id, 32)
    assert [each.index for each in answer.data] == list(range(32))
    assert {each.model_config_id_ for each in answer.data} == set(experiment.arms)
    for sample in answer.data:
        assert sample.output == experiment.says(sample.model_config_id_)
    records = stage.client.logs.list(project_id=experiment.project_id).records
    assert {each.id for each in records} == {each.id for each in answer.data}
    assert len({each.trial_id for each in records}) == 32
    again = stage.client.completions.create_experiment(
        project=experiment.project, experiment_id=experiment.id, num_samples=32, user="ada"
    )
    assert [each.model_config_id_ for each in again.data] == [each.model_config_id_ for each in answer.data]


@scenario_of(VERSION)
async def samples_of_an_experiment_are_streamed_side_by_side(stage: Stage) -> None:
    experiment = _Experiment(stage)
    stream = stage.client.complete_experiment_stream(experiment_id=experiment.id, num_samples=32)
    chunks = await acollect(stream)
    told: dict[int, list[dict[str, Any]]] = {}
    for chunk in chunks:
        told.setdefault(chunk["index"], []).append(chunk)
    assert sorted(told) == list(range(32))
    drawn = set()
    for of_sample in told.values():
        (config_id,) = {chunk["model_config_id"] for chunk in of_sample}
        assert "".join(chunk["output"] for chunk in of_sample) == experiment.says(config_id)
        assert of_sample[-1]["finish_reason"] == "stop"
        drawn.add(config_id)
    assert drawn == set(experiment.arms)


@scenario_of(VERSION)
def a_sampled_config_is_logged_under_its_trial(stage: Stage) -> None:
    experiment = _Experiment(stage)
    sampled = stage.client.experiments.sample(experiment_id=experiment.id)
    assert type(sampled).__name__ == "GetModelConfigResponse"
    assert type(sampled.config).__name__ == "ModelConfigResponse"
    assert (sampled.experiment_id, sampled.project_id) == (experiment.id, experiment.project_id)
    kept = stage.client.log(
        project=experiment.project, trial_id=sampled.trial_id, inputs={"name": "Ada"}, output="made elsewhere"
    )
    log = stage.log(experiment.project_id, kept.id)
    assert (log.trial_id, log.config.id) == (sampled.trial_id, sampled.config.id)
    stage.client.feedback(type="rating", value="good", data_id=kept.id)
    arm = experiment.results()[sampled.config.id]
    assert (arm["trials"], arm["logs"], arm["rated_units"], arm["mean"]) == (1, 1, 1, 1.0)
    other = next(each for each in experiment.arms if each != sampled.config.id)
    issues = refused(
        422, lambda: stage.client.log(project=experiment.project, trial_id=sampled.trial_id, config_id=other)
    )
    assert issues[0]["loc"] == ["body", "config_id"]


@scenario_of(VERSION)
def what_an_experiment_cannot_be_is_told(stage: Stage) -> None:
    experiment, client = _Experiment(stage), stage.client
    project_id, one = experiment.project_id, experiment.arms[0]

    def create(**new: Any) -> Any:
        given = {"name": "new", "positive_labels": [GOOD], "config_ids": experiment.arms, **new}
        return client.experiments.create(project_id=project_id, **given)

    assert "which" in refused(409, lambda: create(name="which"))["message"]
    assert "config_0" in refused(404, lambda: create(config_ids=[one, "config_0"]))["message"]
    assert "two active arms" in refused(400, lambda: create(config_ids=[one], set_active=True))["message"]
    issues = refused(422, lambda: create(positive_labels=[{"type": "mood", "value": "up"}]))
    assert issues[0]["loc"] == ["body", "positive_labels", 0, "type"]
    detail = refused(
        400,
        lambda: client.experiments.update(experiment_id=experiment.id, config_ids_to_deregister=experiment.arms),
    )
    assert detail["type"] == "bad_request_error"
    for call in (
        lambda: client.projects.deploy_config(project_id=project_id, experiment_id="exp_0"),
        lambda: client.projects.update(id=project_id, active_experiment_id="exp_0"),
        lambda: client.experiments.update(experiment_id="exp_0", name="x"),
        lambda: client.experiments.delete(experiment_id="exp_0"),
        lambda: client.experiments.sample(experiment_id="exp_0"),
        lambda: client.complete_experiment(experiment_id="exp_0"),
    ):
        assert "exp_0" in refused(404, call)["message"]
    assert len(client.experiments.list(project_id=project_id)) == 1


@scenario_of(VERSION)
def the_clients_own_validation_accepts_experiments(stage: Stage) -> None:
    client, experiment = stage.client, _Experiment(stage, validate=True)
    project_id, experiment_id = experiment.project_id, experiment.id
    client.experiments.update(experiment_id=experiment_id, name="other", validate=True)
    sampled = client.experiments.sample(experiment_id=experiment_id, validate=True)
    client.logs.log(project=experiment.project, trial_id=sampled.trial_id, output="x", validate=True)
    client.projects.deploy_config(project_id=project_id, experiment_id=experiment_id, validate=True)
    client.projects.list_deployed_configs(id=project_id, validate=True)
    client.projects.get_active_config(id=project_id, validate=True)
    answer = client.completions.create_experiment(experiment_id=experiment_id, num_samples=2, validate=True)
    client.feedback_api.feedback(type="rating", value="good", data_id=answer.data[0].id, validate=True)
    client.experiments.list(project_id=project_id, validate=True)
    client.projects.update(id=project_id, active_experiment_id=experiment_id, validate=True)
    client.projects.get(id=project_id, validate=True)
    client.projects.deactivate_experiment(id=project_id, validate=True)
