"""Configurations that a call names or brings itself, so that nothing has to be deployed."""

from dataclasses import replace
from typing import Final

from everloop.domain.config import ConfigVersion, Endpoint, ModelConfig
from everloop.domain.ids import ConfigId, OrganisationId, ProjectId
from everloop.domain.project import Project
from everloop.domain.reference import ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.errors import BadRequest, NotFound
from everloop.services.configs import ConfigService, Labels
from everloop.services.projects import ProjectService
from everloop.services.resolve import Draw, Resolved

# Which content has which id never changes, so that it may be remembered; the contents themselves may be large.
_REMEMBERED: Final = 10_000


@value
class Given:
    """A version in its project. It is not called in any environment; `kept` is false until it is registered."""

    project: Project
    version: ConfigVersion
    kept: bool = True

    def require(self, endpoint: Endpoint) -> None:
        """Raises `BadRequest` when the version is called another way."""
        present = self.version.config.endpoint
        if present is not endpoint:
            raise BadRequest(
                f"Model config {self.version.id} is a {present.value} config, which cannot answer a {endpoint.value}"
                " call."
            )

    def draw(self, samples: int) -> Draw:
        """All samples of a call by this version."""
        return Draw(Resolved(self.project, None, self.version), range(samples), [None] * samples)


class GivenConfigs:
    """Finds versions by their ids, and finds or makes them by their content."""

    def __init__(self, *, projects: ProjectService, configs: ConfigService) -> None:
        self._projects = projects
        self._configs = configs
        # Two organisations may have a project of the same id: an import keeps those of where it came from.
        self._known: dict[tuple[OrganisationId, ProjectId, str], ConfigId] = {}

    async def named(self, scope: Scope, config_id: str, reference: ProjectReference | None) -> Given:
        """The version of that id, of any project unless one is named. Raises `NotFound`."""
        version = await self._configs.get(scope, config_id)
        project = (await self._projects.view(scope, version.project_id)).project
        if reference is not None and (
            reference.id not in (None, "", project.id) or reference.name not in (None, "", project.name)
        ):
            named = reference.name or reference.id
            raise NotFound(
                f"Project {named!r} has no model config with the id {config_id!r}: it is of {project.name!r}."
            )
        return Given(project, version)

    async def inline(self, scope: Scope, reference: ProjectReference, config: ModelConfig, labels: Labels) -> Given:
        """The version that such a configuration is or will be; its project is made when new. Raises `NotFound`.

        Labels and time are those of now, also for a version that has others.
        """
        project = (await self._projects.resolve(scope, reference)).project
        draft = self._configs.draft(project, config, labels)
        known = self._known.get((scope.organisation_id, project.id, draft.fingerprint))
        return Given(project, draft, kept=False) if known is None else Given(project, replace(draft, id=known))

    async def keep(self, scope: Scope, given: Given) -> Given:
        """The same, registered. Nothing goes live by it."""
        if given.kept:
            return given
        version = await self._configs.keep(scope, given.version)
        if len(self._known) >= _REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[scope.organisation_id, given.project.id, version.fingerprint] = version.id
        return Given(given.project, version)
