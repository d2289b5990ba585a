"""Deployments: what is live in each environment of a project, put there, taken away, remembered."""

from collections.abc import Sequence
from dataclasses import dataclass

from everloop.domain.config import ConfigUse, ConfigVersion
from everloop.domain.deployment import ConfigTarget, Deployment, Target
from everloop.domain.environment import Environment
from everloop.domain.ids import DeploymentId, Prefix
from everloop.domain.page import Page, PageRequest
from everloop.domain.project import Project
from everloop.domain.scope import Scope
from everloop.domain.snapshot import ProjectView
from everloop.errors import BadRequest
from everloop.ports.stores import ConfigStore, DeploymentStore
from everloop.ports.system import Clock, Ids
from everloop.services.configs import ConfigService
from everloop.services.directory import Directory
from everloop.services.environments import EnvironmentService
from everloop.services.projects import ProjectService


@dataclass(frozen=True, slots=True)
class Live:
    """What is live in one environment of one project; `version` is None when nothing is."""

    project: Project
    environment: Environment
    version: ConfigVersion | None


@dataclass(frozen=True, slots=True)
class ActiveConfig:
    """The configuration that is live, with its use."""

    project: Project
    environment: Environment
    use: ConfigUse


class DeploymentService:
    """The use cases of deployments."""

    def __init__(
        self,
        *,
        directory: Directory,
        projects: ProjectService,
        environments: EnvironmentService,
        configs: ConfigService,
        config_store: ConfigStore,
        deployments: DeploymentStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._projects = projects
        self._environments = environments
        self._configs = configs
        self._config_store = config_store
        self._deployments = deployments
        self._clock = clock
        self._ids = ids

    async def deploy(
        self, scope: Scope, project_id: str, config_id: str, environment_ids: Sequence[str] | None
    ) -> tuple[Live, ...]:
        """Puts a configuration live in the environments (None: the default one), all or none. Raises `NotFound`."""
        project = (await self._projects.view(scope, project_id)).project
        version = await self._configs.within(scope, project, config_id)
        if environment_ids is None:
            environments = [await self._environments.named(scope, None)]
        else:
            environments = [await self._environments.get(scope, each) for each in dict.fromkeys(environment_ids)]
        await self._put(scope, project, environments, ConfigTarget(version.id))
        return tuple(Live(project, environment, version) for environment in environments)

    async def clear(self, scope: Scope, project_id: str, environment_id: str) -> None:
        """Leaves nothing live there. Raises `NotFound`."""
        project = (await self._projects.view(scope, project_id)).project
        await self._put(scope, project, [await self._environments.get(scope, environment_id)], None)

    async def clear_named(self, scope: Scope, project_id: str, environment: str | None) -> None:
        """The same, by the environment's name (None: the default one). Raises `NotFound`."""
        project = (await self._projects.view(scope, project_id)).project
        await self._put(scope, project, [await self._environments.named(scope, environment)], None)

    async def live(self, scope: Scope, project_id: str) -> tuple[Live, ...]:
        """Every environment, the default one first, with what is live there. Raises `NotFound`."""
        view = await self._projects.view(scope, project_id)
        environments = self._environments.all(scope)
        return tuple(Live(view.project, each, self._version_in(view, each)) for each in environments)

    async def active(self, scope: Scope, project_id: str, environment_name: str | None) -> ActiveConfig:
        """What is live in that environment (None: the default). Raises `NotFound`, and `BadRequest` for nothing."""
        view = await self._projects.view(scope, project_id)
        environment = await self._environments.named(scope, environment_name)
        version = self._version_in(view, environment)
        if version is None:
            raise nothing_live(view.project, environment)
        uses = await self._config_store.used(scope, [version.id])
        return ActiveConfig(view.project, environment, uses[version.id])

    async def history(self, scope: Scope, project_id: str, request: PageRequest) -> Page[Deployment]:
        """Every change of what is live, newest first. Raises `NotFound`."""
        view = await self._projects.view(scope, project_id)
        return await self._deployments.history(scope, view.project.id, request)

    async def _put(
        self, scope: Scope, project: Project, environments: Sequence[Environment], target: Target | None
    ) -> None:
        now = self._clock.now()
        rows = [
            Deployment(DeploymentId(self._ids.new(Prefix.DEPLOYMENT)), project.id, each.id, target, now, scope.actor)
            for each in environments
        ]
        await self._deployments.deploy(scope, rows)
        await self._directory.refresh()

    @staticmethod
    def _version_in(view: ProjectView, environment: Environment) -> ConfigVersion | None:
        deployment = view.deployments.get(environment.id)
        target = deployment.target if deployment else None
        return view.configs.get(target.config_id) if isinstance(target, ConfigTarget) else None


def nothing_live(project: Project, environment: Environment) -> BadRequest:
    """The error of a call for which nothing is deployed."""
    return BadRequest(
        f"Project {project.name!r} has no active deployment in environment {environment.name!r}."
        " Deploy a model config there first."
    )
