from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.config import ConfigVersion, Endpoint, ModelConfig
from everloop.domain.deployment import ConfigTarget, Deployment, ExperimentTarget
from everloop.domain.environment import Environment
from everloop.domain.experiment import Arm, Experiment
from everloop.domain.ids import ConfigId, DeploymentId, EnvironmentId, ExperimentId, OrganisationId, ProjectId
from everloop.domain.live_model import live_model, live_models
from everloop.domain.project import Project
from everloop.domain.snapshot import OrganisationView, ProjectView

PRODUCTION = Environment(EnvironmentId("env_1"), "production", True, 0)
STAGING = Environment(EnvironmentId("env_2"), "staging", False, 0)
ODD = Environment(EnvironmentId("env_3"), "a@b", False, 0)
EVERYWHERE = (PRODUCTION, STAGING, ODD)
LIVE = ConfigTarget(ConfigId("config_1"))


def project(name: str, *environments: Environment, target: Any = LIVE, config: ModelConfig | None = None):
    project_id = ProjectId(f"pr_{name}")
    deployed = {
        each.id: Deployment(DeploymentId("dep_1"), project_id, each.id, target, 0, "key_1") for each in environments
    }
    version = ConfigVersion(ConfigId("config_1"), project_id, config or ModelConfig("m"), "f", 0)
    return ProjectView(Project(project_id, name, 0, 0), deployed, {version.id: version})


def organisation(*views: ProjectView):
    return OrganisationView(OrganisationId("org_1"), {each.id: each for each in EVERYWHERE}).with_projects(views)


def found(organisation: OrganisationView, name: str):
    model = live_model(organisation, name)
    return model and (model.view.project.name, model.environment.name, model.name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bot", ("bot", "production", "bot")),
        ("bot@production", ("bot", "production", "bot")),
        ("bot@staging", ("bot", "staging", "bot@staging")),
        ("bot@a@b", ("bot", "a@b", "bot@a@b")),
        ("bot@", None),
        ("@bot", None),
        ("bot@nowhere", None),
        ("bot@staging@staging", None),
        ("Bot", None),
        ("", None),
        ("@" * 600, None),
    ],
)
def test_a_name_is_a_projects_with_or_without_an_environment(name, expected):
    assert found(organisation(project("bot", *EVERYWHERE), project("other", *EVERYWHERE)), name) == expected


def test_the_longest_name_that_exists_decides():
    both = organisation(project("bot", *EVERYWHERE), project("bot@staging", PRODUCTION))
    assert found(both, "bot@staging") == ("bot@staging", "production", "bot@staging")
    assert found(both, "bot@production") == ("bot", "production", "bot")
    assert found(both, "bot@staging@staging") is None, "nothing is live there, and a shorter name is another thing"


def test_where_nothing_is_live_there_is_no_model():
    cleared = organisation(project("bot", PRODUCTION, target=None), project("staged", STAGING))
    assert [found(cleared, each) for each in ("bot", "bot@staging", "staged")] == [None, None, None]
    assert found(cleared, "staged@staging") == ("staged", "staging", "staged@staging")


def test_how_it_is_called_is_how_what_is_live_is_called():
    chat, text = (ModelConfig("m", endpoint=each) for each in (Endpoint.CHAT, Endpoint.COMPLETE))
    both = organisation(project("chat", PRODUCTION, config=chat), project("text", PRODUCTION, config=text))
    models = [live_model(both, each) for each in ("chat", "text")]
    assert [each and each.endpoint for each in models] == [Endpoint.CHAT, Endpoint.COMPLETE]


def test_an_experiment_is_called_as_its_arms_are():
    arm = Arm(ConfigId("config_1"), Endpoint.CHAT, 0)
    experiment_id = ExperimentId("exp_1")
    view = project("tested", PRODUCTION, target=ExperimentTarget(experiment_id))
    experiment = Experiment(experiment_id, view.project.id, "e", "salt", (), 0, 0, arms=(arm,))
    with_it = ProjectView(view.project, view.deployments, view.configs, experiments={experiment_id: experiment})
    model = live_model(organisation(with_it), "tested")
    assert model is not None
    assert model.endpoint is Endpoint.CHAT


@pytest.mark.parametrize(
    ("config", "has"),
    [
        (ModelConfig("m"), False),
        (ModelConfig("m", tools=({"name": "f"},)), True),
        (ModelConfig("m", other={"tools": []}), True),
    ],
)
def test_whether_a_config_has_tools(config, has):
    model = live_model(organisation(project("bot", PRODUCTION, config=config)), "bot")
    assert model is not None
    assert model.has_tools(ConfigId("config_1")) is has
    assert not model.has_tools(ConfigId("config_other"))


NAMES = st.lists(st.sampled_from(["bot", "staging", "a", "b", "@", "production"]), min_size=1, max_size=5).map("".join)


@given(st.dictionaries(NAMES, st.sets(st.sampled_from(EVERYWHERE)), max_size=5))
def test_what_is_listed_is_found_by_its_name_and_listed_once(live):
    all_of_them = organisation(*(project(name, *environments) for name, environments in live.items()))
    listed = list(live_models(all_of_them))
    assert [live_model(all_of_them, each.name) for each in listed] == listed
    assert len({each.name for each in listed}) == len(listed)
    hidden = sum(map(len, live.values())) - len(listed)
    assert hidden == 0 or any("@" in name for name in live)
