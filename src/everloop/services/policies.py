"""Policies: how the calls of a place are made, read and changed."""

from collections.abc import Sequence

from everloop.domain.config import Endpoint
from everloop.domain.deployment import ConfigTarget, Deployment
from everloop.domain.environment import Environment
from everloop.domain.ids import ConfigId, DeploymentId, Prefix
from everloop.domain.policy import DEFAULT_POLICY, MOST_FALLBACKS, Policy
from everloop.domain.project import Project
from everloop.domain.scope import Scope
from everloop.domain.snapshot import ProjectView
from everloop.domain.value import value
from everloop.errors import BadRequest, FieldIssue, InvalidFields, NotFound
from everloop.ports.projects import DeploymentStore
from everloop.ports.system import Clock, Ids
from everloop.services.configs import ConfigService
from everloop.services.deployments import nothing_live
from everloop.services.directory import Directory
from everloop.services.environments import EnvironmentService
from everloop.services.projects import ProjectService

_FIELD = ("body", "fallbacks")


@value
class PlacePolicy:
    """The policy of one environment of one project."""

    project: Project
    environment: Environment
    policy: Policy


class PolicyService:
    """The use cases of policies."""

    def __init__(
        self,
        *,
        directory: Directory,
        projects: ProjectService,
        environments: EnvironmentService,
        configs: ConfigService,
        deployments: DeploymentStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._projects = projects
        self._environments = environments
        self._configs = configs
        self._deployments = deployments
        self._clock = clock
        self._ids = ids

    async def get(self, scope: Scope, project_id: str, environment_id: str) -> PlacePolicy:
        """The policy there. Raises `NotFound`, and `BadRequest` when nothing is deployed there."""
        view, environment, live = await self._place(scope, project_id, environment_id)
        return PlacePolicy(view.project, environment, live.policy or DEFAULT_POLICY)

    async def put(self, scope: Scope, project_id: str, environment_id: str, policy: Policy) -> PlacePolicy:
        """Replaces the policy there, all of it, as a row of history.

        Raises `NotFound`, `BadRequest` when nothing is deployed there, `InvalidFields` for fallbacks that cannot be.
        """
        view, environment, live = await self._place(scope, project_id, environment_id)
        await self._check(scope, view, live, policy.fallbacks)
        change = Deployment(
            DeploymentId(self._ids.new(Prefix.DEPLOYMENT)),
            view.project.id,
            environment.id,
            None,
            self._clock.now(),
            scope.actor,
            policy=None if policy == DEFAULT_POLICY else policy,
        )
        if not await self._deployments.change_policy(scope, change):
            raise nothing_live(view.project, environment)
        await self._directory.refresh()
        return PlacePolicy(view.project, environment, policy)

    async def _place(
        self, scope: Scope, project_id: str, environment_id: str
    ) -> tuple[ProjectView, Environment, Deployment]:
        view = await self._projects.view(scope, project_id)
        environment = await self._environments.get(scope, environment_id)
        live = view.deployments.get(environment.id)
        if live is None or live.target is None:
            # Another process may have deployed the first thing here a moment ago: one read before saying no.
            await self._directory.refresh()
            view = await self._projects.view(scope, project_id)
            live = view.deployments.get(environment.id)
        if live is None or live.target is None:
            raise nothing_live(view.project, environment)
        return view, environment, live

    async def _check(self, scope: Scope, view: ProjectView, live: Deployment, fallbacks: Sequence[ConfigId]) -> None:
        if len(fallbacks) > MOST_FALLBACKS:
            raise InvalidFields.one(_FIELD, f"At most {MOST_FALLBACKS} fallbacks: the caller waits for each of them.")
        issues = []
        for place, config_id in enumerate(fallbacks):
            wrong = await self._wrong(scope, view, live, config_id, fallbacks[:place])
            if wrong:
                issues.append(FieldIssue((*_FIELD, place), wrong))
        if issues:
            raise InvalidFields(issues)

    async def _wrong(
        self, scope: Scope, view: ProjectView, live: Deployment, config_id: ConfigId, before: Sequence[ConfigId]
    ) -> str | None:
        """What is wrong with a fallback, in words for whoever gave it."""
        if config_id in before:
            return f"Config {config_id} is listed twice: when it failed once there is no use in asking it again."
        if live.target == ConfigTarget(config_id):
            return f"Config {config_id} is what is live there: a fallback is what answers when that one does not."
        try:
            version = await self._configs.within(scope, view.project, config_id)
        except (NotFound, BadRequest) as error:
            return error.message
        endpoint = _endpoint(view, live)
        if endpoint is not None and version.config.endpoint is not endpoint:
            return (
                f"Config {config_id} is a {version.config.endpoint.value} config, and what is live there is called by"
                f" {endpoint.value}: a fallback must be of the same kind."
            )
        return None


def _endpoint(view: ProjectView, live: Deployment) -> Endpoint | None:
    """How what is live is called; None for an experiment without arms."""
    if isinstance(live.target, ConfigTarget):
        return view.configs[live.target.config_id].config.endpoint
    return None if live.target is None else view.experiments[live.target.experiment_id].endpoint
