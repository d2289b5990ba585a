"""Deployments: what is live in each environment of a project, put there, taken away, remembered."""

from collections.abc import Sequence

from everloop.domain.config import ConfigVersion
from everloop.domain.deployment import ConfigTarget, Deployment, ExperimentTarget, Target
from everloop.domain.environment import Environment
from everloop.domain.experiment import Experiment
from everloop.domain.ids import DeploymentId, Prefix
from everloop.domain.page import Page, PageRequest
from everloop.domain.project import Project
from everloop.domain.scope import Scope
from everloop.domain.snapshot import ProjectView
from everloop.domain.value import value
from everloop.errors import BadRequest, NotFound
from everloop.ports.projects import DeploymentStore, ExperimentStore
from everloop.ports.system import Clock, Ids
from everloop.services.configs import ConfigService
from everloop.services.directory import Directory
from everloop.services.environments import EnvironmentService
from everloop.services.projects import ProjectService


@value
class Live:
    """What is live in one environment of one project: a configuration, an experiment, or None."""

    project: Project
    environment: Environment
    target: ConfigVersion | Experiment | None


class DeploymentService:
    """The use cases of deployments."""

    def __init__(
        self,
        *,
        directory: Directory,
        projects: ProjectService,
        environments: EnvironmentService,
        configs: ConfigService,
        experiments: ExperimentStore,
        deployments: DeploymentStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._projects = projects
        self._environments = environments
        self._configs = configs
        self._experiments = experiments
        self._deployments = deployments
        self._clock = clock
        self._ids = ids

    async def deploy(
        self, scope: Scope, project_id: str, target: Target, environment_ids: Sequence[str] | None
    ) -> tuple[Live, ...]:
        """Puts the target live in the environments (None: the default one), all or none.

        Raises `NotFound`, and `BadRequest` for an experiment that is concluded or has fewer than two arms to give, and
        for a configuration that links a tool which went since.
        """
        project = (await self._projects.view(scope, project_id)).project
        found = await self.find(scope, project, target)
        if environment_ids is None:
            environments = [await self._environments.named(scope, None)]
        else:
            environments = [await self._environments.get(scope, each) for each in dict.fromkeys(environment_ids)]
        await self._put(scope, project, environments, target)
        return tuple(Live(project, environment, found) for environment in environments)

    async def find(self, scope: Scope, project: Project, target: Target) -> ConfigVersion | Experiment:
        """What a target means in the project. Raises `NotFound`."""
        match target:
            case ConfigTarget(config_id):
                return await self._configs.within(scope, project, config_id)
            case ExperimentTarget(experiment_id):
                experiment = await self._experiments.get(scope, experiment_id)
                if experiment is None or experiment.project_id != project.id:
                    raise NotFound(f"Project {project.name!r} has no experiment with the id {experiment_id!r}.")
                return experiment

    async def clear(self, scope: Scope, project_id: str, environment_id: str) -> None:
        """Leaves nothing live there. Raises `NotFound`."""
        project = (await self._projects.view(scope, project_id)).project
        await self._put(scope, project, [await self._environments.get(scope, environment_id)], None)

    async def clear_named(self, scope: Scope, project_id: str, environment: str | None) -> None:
        """The same, by the environment's name (None: the default one). Raises `NotFound`."""
        project = (await self._projects.view(scope, project_id)).project
        await self._put(scope, project, [await self._environments.named(scope, environment)], None)

    async def clear_experiment(self, scope: Scope, project_id: str, environment: str | None) -> None:
        """Leaves nothing live in that environment (None: the default one) if an experiment is. Raises `NotFound`."""
        view = await self._projects.view(scope, project_id)
        place = await self._environments.named(scope, environment)
        deployment = view.deployments.get(place.id)
        if deployment is not None and isinstance(deployment.target, ExperimentTarget):
            await self._put(scope, view.project, [place], None)

    async def live(self, scope: Scope, project_id: str) -> tuple[Live, ...]:
        """Every environment, the default one first, with what is live there. Raises `NotFound`."""
        view = await self._projects.view(scope, project_id)
        environments = self._environments.all(scope)
        return tuple(Live(view.project, each, self._target_in(view, each)) for each in environments)

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
    def _target_in(view: ProjectView, environment: Environment) -> ConfigVersion | Experiment | None:
        deployment = view.deployments.get(environment.id)
        match deployment.target if deployment else None:
            case ConfigTarget(config_id):
                return view.configs.get(config_id)
            case ExperimentTarget(experiment_id):
                return view.experiments.get(experiment_id)
            case None:
                return None


def nothing_live(project: Project, environment: Environment) -> BadRequest:
    """The error of a call for which nothing is deployed."""
    return BadRequest(
        f"Project {project.name!r} has no active deployment in environment {environment.name!r}."
        " Deploy a model config or an experiment there first."
    )
