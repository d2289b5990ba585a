"""Configurations: registered once per content, and read back."""

from collections.abc import Callable

from everloop.domain.config import (
    AnyVersion,
    ConfigUse,
    ConfigVersion,
    LoggedConfig,
    LoggedVersion,
    ModelConfig,
    fingerprint,
)
from everloop.domain.deployment import ConfigTarget, Deployment
from everloop.domain.ids import ConfigId, DeploymentId, Prefix
from everloop.domain.project import Project
from everloop.domain.reference import ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.errors import BadRequest, NotFound
from everloop.ports.projects import ConfigStore
from everloop.ports.system import Clock, Ids
from everloop.services.directory import Directory
from everloop.services.projects import ProjectService
from everloop.services.rendering import Rendering
from everloop.services.tools import ToolService


@value
class Labels:
    """What people call a version; no part of its identity."""

    name: str | None = None
    description: str | None = None


@value
class ProjectConfig:
    """A version in its project."""

    project: Project
    use: ConfigUse


class ConfigService:
    """The use cases of configurations."""

    def __init__(
        self,
        *,
        directory: Directory,
        projects: ProjectService,
        tools: ToolService,
        rendering: Rendering,
        configs: ConfigStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._projects = projects
        self._tools = tools
        self._rendering = rendering
        self._configs = configs
        self._clock = clock
        self._ids = ids

    async def register(
        self, scope: Scope, reference: ProjectReference, config: ModelConfig, labels: Labels
    ) -> ProjectConfig:
        """Finds or makes the version; the first one ever registered in a project goes live (default environment).

        Raises `NotFound`, and `InvalidFields` when it links a tool that is not there or has a template that is wrong.
        """
        await self._tools.check_links(scope, config)
        await self._rendering.check(config)
        try:
            return await self._register(scope, reference, config, labels)
        except NotFound:
            # Another process may have deleted the project a moment ago: then its name means a new one.
            await self._directory.refresh()
            return await self._register(scope, reference, config, labels)

    async def _register(
        self, scope: Scope, reference: ProjectReference, config: ModelConfig, labels: Labels
    ) -> ProjectConfig:
        project = (await self._projects.resolve(scope, reference)).project
        version = self.draft(project, config, labels)
        first = Deployment(
            DeploymentId(self._ids.new(Prefix.DEPLOYMENT)),
            project.id,
            self._directory.organisation(scope).default_environment.id,
            ConfigTarget(version.id),
            version.created_at,
            scope.actor,
        )
        kept = await self._configs.register(scope, version, first)
        await self._directory.refresh()
        return ProjectConfig(project, (await self._configs.used(scope, [kept.id]))[kept.id])

    async def ensure(
        self, scope: Scope, project: Project, config: ModelConfig | LoggedConfig, labels: Labels
    ) -> AnyVersion:
        """Finds or makes the version without putting anything live: for configurations that come with a log."""
        if isinstance(config, ModelConfig):
            return await self.keep(scope, self.draft(project, config, labels))
        version = LoggedVersion(
            ConfigId(self._ids.new(Prefix.CONFIG)),
            project.id,
            config,
            fingerprint(config),
            self._clock.now(),
            labels.name,
            labels.description,
        )
        return await self._configs.keep_logged(scope, version)

    async def keep(self, scope: Scope, draft: ConfigVersion) -> ConfigVersion:
        """The version of the draft's content, found or made, without putting anything live."""
        return await self._configs.register(scope, draft, None)

    async def check(
        self, scope: Scope, project: Project, config: ModelConfig, rule: Callable[[ConfigVersion], object]
    ) -> None:
        """Applies a rule to the version that `register` would find or make, without making it."""
        version = self.draft(project, config, Labels())
        known = [use.version for use in await self._configs.of_project(scope, project.id)]
        same = (each for each in known if each.fingerprint == version.fingerprint and isinstance(each, ConfigVersion))
        rule(next(same, version))

    async def get(self, scope: Scope, config_id: str) -> ConfigVersion:
        """One model configuration. Raises `NotFound`, and `BadRequest` for a configuration of another type."""
        version = await self._configs.get(scope, ConfigId(config_id))
        if version is None:
            raise NotFound(f"There is no model config with the id {config_id!r}.")
        return _model(version)

    async def of_project(self, scope: Scope, project_id: str) -> tuple[ProjectConfig, ...]:
        """Every version of a project, newest first. Raises `NotFound`."""
        project = (await self._projects.view(scope, project_id)).project
        return tuple(ProjectConfig(project, use) for use in await self._configs.of_project(scope, project.id))

    async def within(self, scope: Scope, project: Project, config_id: str) -> ConfigVersion:
        """The model configuration, which must be this project's own, to be put to use. Raises as `get` does.

        Raises `BadRequest` also when it links a tool which went since.
        """
        version = _model(await self.any_within(scope, project, config_id))
        await self._tools.require_links(scope, version)
        return version

    async def any_within(self, scope: Scope, project: Project, config_id: str) -> AnyVersion:
        """The configuration of whatever type, which must be this project's own. Raises `NotFound`."""
        version = await self._configs.get(scope, ConfigId(config_id))
        if version is None or version.project_id != project.id:
            raise NotFound(f"Project {project.name!r} has no config with the id {config_id!r}.")
        return version

    def draft(self, project: Project, config: ModelConfig, labels: Labels) -> ConfigVersion:
        """A version that is not registered yet, and never will be when there is one of its content."""
        return ConfigVersion(
            ConfigId(self._ids.new(Prefix.CONFIG)),
            project.id,
            config,
            fingerprint(config),
            self._clock.now(),
            labels.name,
            labels.description,
        )


def _model(version: AnyVersion) -> ConfigVersion:
    if isinstance(version, ConfigVersion):
        return version
    raise BadRequest(
        f"Config {version.id} is of type `{version.config.type.value}`: it says what made a log, and cannot be called,"
        " deployed, tested or exported. Give the id of a model config."
    )
