"""Projects: found by name or id, made on first use, read and changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from everloop.domain.config import ConfigUse
from everloop.domain.deployment import ConfigTarget
from everloop.domain.feedback import FeedbackType
from everloop.domain.ids import ConfigId, Prefix, ProjectId
from everloop.domain.page import Page, PageRequest
from everloop.domain.project import Project, ProjectSort
from everloop.domain.reference import ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.snapshot import ProjectView
from everloop.errors import InvalidFields, NotFound
from everloop.ports.stores import ConfigStore, FeedbackStore, LogStore, ProjectStore
from everloop.ports.system import Clock, Ids
from everloop.services.directory import Directory


@dataclass(frozen=True, slots=True)
class ProjectDetails:
    """A project with what is live in the default environment, its feedback types and its number of logs."""

    project: Project
    active: ConfigUse | None
    feedback_types: tuple[FeedbackType, ...]
    logs: int


class ProjectService:
    """The use cases of projects."""

    def __init__(
        self,
        *,
        directory: Directory,
        projects: ProjectStore,
        configs: ConfigStore,
        feedback: FeedbackStore,
        logs: LogStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._projects = projects
        self._configs = configs
        self._feedback = feedback
        self._logs = logs
        self._clock = clock
        self._ids = ids

    async def view(self, scope: Scope, project_id: str) -> ProjectView:
        """The project of that id as calls see it. Raises `NotFound`."""
        view = self._directory.organisation(scope).projects.get(ProjectId(project_id))
        if view is None:
            # Another process may have made it a moment ago: one read before saying no.
            await self._directory.refresh()
            view = self._directory.organisation(scope).projects.get(ProjectId(project_id))
        if view is None:
            raise NotFound(f"There is no project with the id {project_id!r}.")
        return view

    async def named(self, scope: Scope, name: str) -> ProjectView:
        """The project of that name, made when new."""
        view = self._directory.organisation(scope).project_named(name)
        if view is None:
            await self._create(scope, name, None)
            view = self._directory.organisation(scope).project_named(name)
        if view is None:  # renamed by somebody else in this very moment
            raise NotFound(f"There is no project named {name!r}.")
        return view

    async def resolve(self, scope: Scope, reference: ProjectReference) -> ProjectView:
        """The project that a call refers to. Raises `NotFound`, and `InvalidFields` when name and id disagree."""
        if not reference.id:
            return await self.named(scope, reference.name or "")
        view = await self.view(scope, reference.id)
        if reference.name and reference.name != view.project.name:
            message = f"`project` and `project_id` disagree: {reference.id} is named {view.project.name!r}."
            raise InvalidFields.one(("body", "project"), message)
        return view

    async def create(self, scope: Scope, name: str, directory_id: str | None) -> ProjectDetails:
        """The project of that name, made when new: creating it twice gives the same one."""
        project = await self._create(scope, name, directory_id)
        return (await self._details(scope, [project]))[0]

    async def get(self, scope: Scope, project_id: str) -> ProjectDetails:
        """One project. Raises `NotFound`."""
        view = await self.view(scope, project_id)
        return (await self._details(scope, [view.project]))[0]

    async def page(
        self, scope: Scope, *, name_part: str | None, sort: ProjectSort, descending: bool, request: PageRequest
    ) -> Page[ProjectDetails]:
        """Projects whose name contains `name_part`."""
        page = await self._projects.page(scope, name_part, sort, descending, request)
        return Page(tuple(await self._details(scope, page.items)), page.total)

    async def update(
        self, scope: Scope, project_id: str, *, name: str | None = None, directory_id: str | None = None
    ) -> ProjectDetails:
        """Renames or moves it; None leaves a field as it is. Raises `NotFound`, and `Conflict` for a taken name."""
        project = (await self.view(scope, project_id)).project
        changed = replace(
            project,
            name=name or project.name,
            directory_id=directory_id or project.directory_id,
            updated_at=self._clock.now(),
        )
        await self._projects.update(scope, changed)
        await self._directory.refresh()
        return await self.get(scope, project_id)

    async def _create(self, scope: Scope, name: str, directory_id: str | None) -> Project:
        now = self._clock.now()
        project = Project(ProjectId(self._ids.new(Prefix.PROJECT)), name, now, now, directory_id)
        kept = await self._projects.create(scope, project)
        await self._directory.refresh()
        return kept

    async def _details(self, scope: Scope, projects: Sequence[Project]) -> list[ProjectDetails]:
        ids = [project.id for project in projects]
        types = await self._feedback.types(scope, ids)
        counts = await self._logs.count(scope, ids)
        live = {project_id: self._live_config(scope, project_id) for project_id in ids}
        uses = await self._configs.used(scope, [config_id for config_id in live.values() if config_id is not None])
        return [
            ProjectDetails(
                project,
                uses.get(live[project.id] or ConfigId("")),
                types.get(project.id, ()),
                counts.get(project.id, 0),
            )
            for project in projects
        ]

    def _live_config(self, scope: Scope, project_id: ProjectId) -> ConfigId | None:
        organisation = self._directory.organisation(scope)
        view = organisation.projects.get(project_id)
        deployment = view.deployments.get(organisation.default_environment.id) if view else None
        target = deployment.target if deployment else None
        return target.config_id if isinstance(target, ConfigTarget) else None
