"""Resolve: from a project and an environment to the configuration that answers the call."""

from dataclasses import dataclass

from everloop.domain.config import ConfigVersion, Endpoint
from everloop.domain.deployment import ConfigTarget, ExperimentTarget, Target
from everloop.domain.environment import Environment
from everloop.domain.project import Project
from everloop.domain.reference import ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.snapshot import ProjectView
from everloop.errors import BadRequest
from everloop.services.deployments import nothing_live
from everloop.services.environments import EnvironmentService
from everloop.services.projects import ProjectService


@dataclass(frozen=True, slots=True)
class Resolved:
    """What answers a call, and where it was found."""

    project: Project
    environment: Environment
    version: ConfigVersion


class Resolver:
    """Reads the snapshot; the database only when a project is new or was made a moment ago by another process."""

    def __init__(self, *, projects: ProjectService, environments: EnvironmentService) -> None:
        self._projects = projects
        self._environments = environments

    async def deployed(
        self, scope: Scope, reference: ProjectReference, environment_name: str | None, endpoint: Endpoint
    ) -> Resolved:
        """What is live there. Raises `NotFound`, and `BadRequest` when nothing is or when it is called another way."""
        view = await self._projects.resolve(scope, reference)
        environment = await self._environments.named(scope, environment_name)
        deployment = view.deployments.get(environment.id)
        if deployment is None or deployment.target is None:
            raise nothing_live(view.project, environment)
        version = _version(view, deployment.target)
        if version.config.endpoint is not endpoint:
            raise BadRequest(
                f"Project {view.project.name!r} has a {version.config.endpoint.value} config deployed in environment"
                f" {environment.name!r}, which cannot answer a {endpoint.value} call."
            )
        return Resolved(view.project, environment, version)


def _version(view: ProjectView, target: Target) -> ConfigVersion:
    match target:
        case ConfigTarget(config_id):
            return view.configs[config_id]
        case ExperimentTarget(experiment_id):
            raise BadRequest(f"Experiment {experiment_id} is deployed here; this server cannot run experiments yet.")
