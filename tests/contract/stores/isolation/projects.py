"""What the stores of projects, configurations, deployments and environments show of another organisation: nothing."""

from dataclasses import replace

from everloop import errors
from everloop.domain.config import ModelConfig
from everloop.domain.environment import Environment
from everloop.domain.ids import EnvironmentId, ProjectId
from everloop.domain.policy import Policy
from everloop.domain.project import ProjectSort
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.isolation.things import (
    CONFIG,
    GONE,
    NOTHING,
    PROJECT,
    STAGING,
    Making,
    Seeing,
    Steps,
    Touching,
    a_config,
)
from tests.contract.stores.samples import (
    ALL,
    a_deployment,
    a_logged_version,
    a_project,
    a_target,
    a_version,
    an_environment,
)

SEEING_NOTHING: Seeing = {
    "ProjectStore.get": (lambda s, who: s.projects.get(who, PROJECT), None),
    "ProjectStore.named": (lambda s, who: s.projects.named(who, a_project().name), None),
    "ProjectStore.deleted": (lambda s, who: s.projects.deleted(who, GONE), False),
    "ProjectStore.page": (lambda s, who: s.projects.page(who, None, ProjectSort.NAME, False, ALL), NOTHING),
    "ConfigStore.get": (lambda s, who: s.configs.get(who, CONFIG), None),
    "ConfigStore.versions": (lambda s, who: s.configs.versions(who, [CONFIG]), {}),
    "ConfigStore.used": (lambda s, who: s.configs.used(who, [CONFIG]), {}),
    "ConfigStore.of_project": (lambda s, who: s.configs.of_project(who, PROJECT), ()),
    "DeploymentStore.history": (lambda s, who: s.deployments.history(who, PROJECT, ALL), NOTHING),
    "EnvironmentStore.names": (lambda s, who: s.environments.names(who), {"env_b": "somewhere"}),
}

TOUCHING_NOTHING: Touching = {
    "ProjectStore.update": (lambda s, who: s.projects.update(who, a_project("pr_1", "stolen")), errors.NotFound),
    "ProjectStore.delete": (lambda s, who: s.projects.delete(who, PROJECT, 99), errors.NotFound),
    "ConfigStore.register": (
        lambda s, who: s.configs.register(who, a_version("config_2"), a_deployment("dep_3")),
        errors.NotFound,
    ),
    "ConfigStore.keep_logged": (
        lambda s, who: s.configs.keep_logged(who, a_logged_version("config_2")),
        errors.NotFound,
    ),
    "DeploymentStore.deploy": (
        lambda s, who: s.deployments.deploy(who, [a_deployment("dep_3", None)]),
        errors.NotFound,
    ),
    "DeploymentStore.change_policy": (
        lambda s, who: s.deployments.change_policy(who, a_deployment("dep_3", None)),
        errors.NotFound,
    ),
    "EnvironmentStore.rename": (lambda s, who: s.environments.rename(who, STAGING, "stolen"), errors.NotFound),
    "EnvironmentStore.make_default": (lambda s, who: s.environments.make_default(who, STAGING), errors.NotFound),
    "EnvironmentStore.delete": (lambda s, who: s.environments.delete(who, STAGING, 99), errors.NotFound),
}

MAKING_OWN: Making = {
    "ProjectStore.create": lambda s, who: s.projects.create(who, a_project()),
    "EnvironmentStore.create": lambda s, who: s.environments.create(
        who, an_environment("env_s", "staging", is_default=True)
    ),
}

STEPS: Steps = {
    "project": lambda s, who, pick: s.projects.create(who, a_project(pick.project, f"name {pick.two}", pick.now)),
    "rename project": lambda s, who, pick: s.projects.update(
        who, a_project(pick.project, f"name {pick.two}", pick.now)
    ),
    "delete project": lambda s, who, pick: s.projects.delete(who, pick.project, pick.now),
    "environment": lambda s, who, pick: s.environments.create(
        who, Environment(pick.environment, f"e{pick.one}", False, pick.now)
    ),
    "rename environment": lambda s, who, pick: s.environments.rename(who, pick.environment, f"e{pick.one}"),
    "default": lambda s, who, pick: s.environments.make_default(who, pick.environment),
    "delete environment": lambda s, who, pick: s.environments.delete(who, pick.environment, pick.now),
    "register": lambda s, who, pick: s.configs.register(
        who,
        a_version(a_config(pick.now), pick.project, ModelConfig(f"m{pick.two}"), pick.now),
        a_deployment(f"dep_{pick.now}", project=pick.project, environment="env_0"),
    ),
    "deploy": lambda s, who, pick: _deploy(s, who, pick.project, pick.environment, pick.now),
    "policy": lambda s, who, pick: _policy(s, who, pick.project, pick.environment, pick.now),
    "clear": lambda s, who, pick: s.deployments.deploy(
        who, [a_deployment(f"dep_{pick.now}", None, pick.project, pick.environment, pick.now)]
    ),
}


async def _policy(s: Storage, who: Scope, project: str, environment: EnvironmentId, now: int) -> None:
    uses = await s.configs.of_project(who, ProjectId(project))
    policy = Policy(fallbacks=tuple(each.version.id for each in uses[:1]))
    row = replace(a_deployment(f"dep_{now}", None, project, environment, now), policy=policy)
    await s.deployments.change_policy(who, row)


async def _deploy(s: Storage, who: Scope, project: str, environment: EnvironmentId, now: int) -> None:
    uses = await s.configs.of_project(who, ProjectId(project))
    target = a_target(uses[-1].version.id) if uses else a_target("config_none")
    await s.deployments.deploy(who, [a_deployment(f"dep_{now}", target, project, environment, now)])
