"""Live models: what callers name who name a model and nothing else."""

from collections.abc import Iterator
from typing import Final

from everloop.domain.config import Endpoint
from everloop.domain.deployment import ConfigTarget, Target
from everloop.domain.environment import Environment
from everloop.domain.ids import ConfigId
from everloop.domain.snapshot import OrganisationView, ProjectView
from everloop.domain.tool import has_tools
from everloop.domain.value import value

_AT: Final = "@"


@value
class LiveModel:
    """What is live in one environment of one project, named for both."""

    view: ProjectView
    environment: Environment
    target: Target

    @property
    def name(self) -> str:
        """The project's name, and after an `@` that of the environment, unless it is the default one."""
        project = self.view.project.name
        return project if self.environment.is_default else f"{project}{_AT}{self.environment.name}"

    @property
    def endpoint(self) -> Endpoint | None:
        """How it is called; None for an experiment without arms."""
        if isinstance(self.target, ConfigTarget):
            return self.view.configs[self.target.config_id].config.endpoint
        return self.view.experiments[self.target.experiment_id].endpoint

    def has_tools(self, config_id: ConfigId) -> bool:
        """Whether one of its configurations has tools of its own."""
        version = self.view.configs.get(config_id)
        return version is not None and has_tools(version.config)


def live_model(organisation: OrganisationView, name: str) -> LiveModel | None:
    """What a name means: the longest beginning of it that is a project's name decides, and after an `@` comes the rest.

    None when there is no such project, no such environment, or nothing is live there.
    """
    for project_name, environment_name in _readings(name):
        view = organisation.project_named(project_name)
        if view is None:
            continue
        environment = (
            organisation.default_environment
            if environment_name is None
            else organisation.environment_named(environment_name)
        )
        return None if environment is None else _live(view, environment)
    return None


def live_models(organisation: OrganisationView) -> Iterator[LiveModel]:
    """All that are live, each under the one name that leads to it."""
    environments = organisation.environments.values()
    for view in organisation.projects.values():
        for environment in environments:
            found = _live(view, environment)
            if found is not None and live_model(organisation, found.name) == found:
                yield found


def _readings(name: str) -> Iterator[tuple[str, str | None]]:
    yield name, None
    end = name.rfind(_AT)
    while end >= 0:
        yield name[:end], name[end + 1 :]
        end = name.rfind(_AT, 0, end)


def _live(view: ProjectView, environment: Environment) -> LiveModel | None:
    deployment = view.deployments.get(environment.id)
    if deployment is None or deployment.target is None:
        return None
    return LiveModel(view, environment, deployment.target)
