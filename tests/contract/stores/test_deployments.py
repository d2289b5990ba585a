from collections.abc import Sequence
from dataclasses import replace

import pytest

from everloop import errors
from everloop.domain.deployment import Deployment, ExperimentTarget
from everloop.domain.ids import ConfigId, ProjectId
from everloop.domain.page import PageRequest
from everloop.domain.policy import OnDisconnect, Policy, Timeouts
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.samples import (
    ALL,
    a_deployment,
    a_project,
    a_target,
    a_version,
    an_environment,
    an_experiment,
)


@pytest.fixture
async def project(storage: Storage, scope: Scope) -> ProjectId:
    """Two configurations, two environments, nothing live."""
    await storage.projects.create(scope, a_project())
    await storage.environments.create(scope, an_environment("env_s", "staging", is_default=False))
    for number in (1, 2):
        await storage.configs.register(scope, a_version(f"config_{number}"), None)
    return a_project().id


async def history(storage: Storage, scope: Scope, project: ProjectId) -> Sequence[Deployment]:
    return (await storage.deployments.history(scope, project, ALL)).items


async def live(storage: Storage, scope: Scope, project: ProjectId) -> dict[str, str]:
    view = await storage.feed.project(scope.organisation_id, project)
    assert view is not None
    return {environment: deployment.id for environment, deployment in view.deployments.items()}


async def test_a_deployment_ends_the_one_before_it(storage: Storage, scope: Scope, project: ProjectId):
    await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target("config_1"), created_at=30)])
    await storage.deployments.deploy(scope, [a_deployment("dep_2", a_target("config_2"), created_at=40)])
    newest, oldest = await history(storage, scope, project)
    assert newest == a_deployment("dep_2", a_target("config_2"), created_at=40)
    assert (oldest.id, oldest.ended_at, oldest.created_by) == ("dep_1", 40, "key_a")
    assert await live(storage, scope, project) == {"env_a": "dep_2"}


async def test_environments_do_not_disturb_each_other(storage: Storage, scope: Scope, project: ProjectId):
    await storage.deployments.deploy(
        scope, [a_deployment("dep_1", a_target()), a_deployment("dep_2", a_target(), environment="env_s")]
    )
    await storage.deployments.deploy(scope, [a_deployment("dep_3", None, environment="env_s", created_at=50)])
    assert await live(storage, scope, project) == {"env_a": "dep_1"}


async def test_the_view_holds_the_configurations_that_are_live(storage: Storage, scope: Scope, project: ProjectId):
    await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target("config_2"))])
    view = await storage.feed.project(scope.organisation_id, project)
    assert view is not None
    assert view.configs == {"config_2": a_version("config_2")}


async def test_an_experiment_is_a_target_too(storage: Storage, scope: Scope, project: ProjectId):
    experiment = an_experiment()
    await storage.experiments.create(scope, experiment)
    deployment = a_deployment("dep_1", ExperimentTarget(experiment.id))
    await storage.deployments.deploy(scope, [deployment])
    assert await history(storage, scope, project) == (deployment,)
    view = await storage.feed.project(scope.organisation_id, project)
    assert view is not None
    assert view.deployments == {"env_a": deployment}
    assert set(view.configs) == {"config_1", "config_2"}


async def test_clearing_is_a_row_of_history_once(storage: Storage, scope: Scope, project: ProjectId):
    await storage.deployments.deploy(scope, [a_deployment("dep_0", None)])
    assert await history(storage, scope, project) == ()
    await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target())])
    await storage.deployments.deploy(scope, [a_deployment("dep_2", None, created_at=40)])
    await storage.deployments.deploy(scope, [a_deployment("dep_3", None, created_at=50)])
    assert [(each.id, each.ended_at) for each in await history(storage, scope, project)] == [
        ("dep_2", None),
        ("dep_1", 40),
    ]
    assert await live(storage, scope, project) == {}
    await storage.deployments.deploy(scope, [a_deployment("dep_4", a_target(), created_at=60)])
    assert [(each.id, each.ended_at) for each in await history(storage, scope, project)] == [
        ("dep_4", None),
        ("dep_2", 60),
        ("dep_1", 40),
    ]


@pytest.mark.parametrize(
    "impossible",
    [
        a_deployment("dep_x", a_target("config_none"), environment="env_s"),
        a_deployment("dep_x", a_target(), environment="env_none"),
        a_deployment("dep_x", a_target(), project="pr_none"),
        a_deployment("dep_x", a_target("config_of_another_project")),
    ],
)
async def test_all_or_none(storage: Storage, scope: Scope, project: ProjectId, impossible: Deployment):
    await storage.projects.create(scope, a_project("pr_2"))
    await storage.configs.register(scope, a_version("config_of_another_project", "pr_2"), None)
    await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target())])
    epoch = (await storage.feed.load()).epoch
    with pytest.raises(errors.NotFound):
        await storage.deployments.deploy(scope, [a_deployment("dep_2", a_target("config_2")), impossible])
    assert await history(storage, scope, project) == (a_deployment("dep_1", a_target()),)
    assert await storage.feed.changes_since(epoch) == ()


async def test_a_taken_id_is_a_conflict(storage: Storage, scope: Scope, project: ProjectId):
    await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target())])
    with pytest.raises(errors.Conflict):
        await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target("config_2"))])
    assert await history(storage, scope, project) == (a_deployment("dep_1", a_target()),)


async def test_history_is_paged_newest_first_also_within_one_millisecond(
    storage: Storage, scope: Scope, project: ProjectId
):
    for number in range(5):
        await storage.deployments.deploy(scope, [a_deployment(f"dep_{number}", a_target())])
    page = await storage.deployments.history(scope, project, PageRequest(1, 2))
    assert ([each.id for each in page.items], page.total) == (["dep_3", "dep_2"], 5)
    assert (await storage.deployments.history(scope, ProjectId("pr_none"), ALL)).total == 0


async def test_a_live_configuration_is_found_in_the_snapshot(storage: Storage, scope: Scope, project: ProjectId):
    await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target("config_2"))])
    snapshot = await storage.feed.load()
    view = snapshot.organisations[scope.organisation_id].projects[project]
    assert view == await storage.feed.project(scope.organisation_id, project)
    assert list(view.configs) == [ConfigId("config_2")]


POLICY = Policy(Timeouts(1, 2, 3.5, 4), (ConfigId("config_2"),), OnDisconnect.DRAIN)


def a_policy(identifier: str, policy: Policy | None = POLICY, created_at: int = 35) -> Deployment:
    return replace(a_deployment(identifier, None, created_at=created_at), policy=policy)


async def test_a_policy_is_a_row_of_history_with_the_same_target(storage: Storage, scope: Scope, project: ProjectId):
    await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target())])
    epoch = (await storage.feed.load()).epoch
    assert await storage.deployments.change_policy(scope, a_policy("dep_2"))
    newest, oldest = await history(storage, scope, project)
    assert (newest.id, newest.target, newest.policy, newest.ended_at) == ("dep_2", a_target(), POLICY, None)
    assert (oldest.id, oldest.target, oldest.policy, oldest.ended_at) == ("dep_1", a_target(), None, 35)
    assert [each.project_id for each in await storage.feed.changes_since(epoch)] == [project]


async def test_a_place_keeps_its_policy(storage: Storage, scope: Scope, project: ProjectId):
    """Whatever is deployed there, and also while nothing is."""
    await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target())])
    await storage.deployments.change_policy(scope, a_policy("dep_2"))
    experiment = an_experiment()
    await storage.experiments.create(scope, experiment, [a_deployment("dep_3", ExperimentTarget(experiment.id))])
    await storage.deployments.deploy(scope, [a_deployment("dep_4", None)])
    await storage.deployments.deploy(scope, [a_deployment("dep_5", a_target(), environment="env_s")])
    await storage.deployments.deploy(scope, [a_deployment("dep_6", a_target())])
    found = {each.id: each.policy for each in await history(storage, scope, project)}
    assert found == {"dep_1": None, "dep_2": POLICY, "dep_3": POLICY, "dep_4": POLICY, "dep_5": None, "dep_6": POLICY}
    assert await storage.deployments.change_policy(scope, a_policy("dep_7", None))
    assert (await history(storage, scope, project))[0].policy is None


async def test_no_policy_where_nothing_is_live(storage: Storage, scope: Scope, project: ProjectId):
    assert not await storage.deployments.change_policy(scope, a_policy("dep_1"))
    await storage.deployments.deploy(scope, [a_deployment("dep_2", a_target())])
    await storage.deployments.deploy(scope, [a_deployment("dep_3", None)])
    assert not await storage.deployments.change_policy(scope, a_policy("dep_4"))
    assert [each.id for each in await history(storage, scope, project)] == ["dep_3", "dep_2"]


@pytest.mark.parametrize("of", ["config_none", "config_of_another_project"])
async def test_a_fallback_is_of_the_same_project(storage: Storage, scope: Scope, project: ProjectId, of: str):
    await storage.projects.create(scope, a_project("pr_2"))
    await storage.configs.register(scope, a_version("config_of_another_project", "pr_2"), None)
    await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target())])
    with pytest.raises(errors.NotFound):
        await storage.deployments.change_policy(scope, a_policy("dep_2", Policy(fallbacks=(ConfigId(of),))))
    assert [each.id for each in await history(storage, scope, project)] == ["dep_1"]


async def test_the_view_holds_the_fallbacks(storage: Storage, scope: Scope, project: ProjectId):
    await storage.deployments.deploy(scope, [a_deployment("dep_1", a_target())])
    await storage.deployments.change_policy(scope, a_policy("dep_2"))
    view = await storage.feed.project(scope.organisation_id, project)
    assert view is not None
    assert view.configs == {each: a_version(each) for each in ("config_1", "config_2")}
    assert [each.id for each in view.answering()] == ["config_1", "config_2"]
    whole = (await storage.feed.load()).organisations[scope.organisation_id].projects[project]
    assert whole == view
    await storage.deployments.deploy(scope, [a_deployment("dep_3", None)])
    cleared = await storage.feed.project(scope.organisation_id, project)
    assert cleared is not None
    assert cleared.configs == {}
