"""Projects: found by name or id, made on first use, read and changed."""

from collections.abc import Sequence
from dataclasses import replace

from everloop.domain.config import ConfigUse
from everloop.domain.deployment import ConfigTarget, ExperimentTarget, Target
from everloop.domain.feedback import FeedbackType
from everloop.domain.ids import Prefix, ProjectId
from everloop.domain.page import Page, PageRequest
from everloop.domain.project import Project, ProjectSort
from everloop.domain.reference import ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.snapshot import ProjectView
from everloop.domain.value import value
from everloop.errors import InvalidFields, NotFound
from everloop.ports.logs import FeedbackStore, LogStore
from everloop.ports.projects import ConfigStore, ProjectStore
from everloop.ports.system import Clock, Ids
from everloop.services.directory import Directory
from everloop.services.experiment_details import ExperimentCatalogue, ExperimentDetails


@value
class ProjectDetails:
    """A project with its feedback types and its number of logs.

    `active` and `experiment` say what is live in the default environment: one of them, or neither.
    """

    project: Project
    active: ConfigUse | None
    experiment: ExperimentDetails | None
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
        catalogue: ExperimentCatalogue,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._projects = projects
        self._configs = configs
        self._feedback = feedback
        self._logs = logs
        self._catalogue = catalogue
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

    async def existing(self, scope: Scope, reference: ProjectReference) -> ProjectView:
        """The project that a call refers to; none is made. Raises `NotFound`, `InvalidFields`."""
        if reference.id:
            return await self.resolve(scope, reference)
        name = reference.name or ""
        view = self._directory.organisation(scope).project_named(name)
        if view is None:
            await self._directory.refresh()
            view = self._directory.organisation(scope).project_named(name)
        if view is None:
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
        self,
        scope: Scope,
        *,
        name_part: str | None,
        user_part: str | None,
        sort: ProjectSort,
        descending: bool,
        request: PageRequest,
    ) -> Page[ProjectDetails]:
        """Projects whose name contains `name_part`, and the name of one of whose users `user_part`."""
        if user_part:
            return Page((), 0)  # no project has users yet
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

    async def delete(self, scope: Scope, project_id: str) -> None:
        """Takes it away with all that is in it; its name is free then. Raises `NotFound`.

        Calls that are under way are answered, and their logs kept: nobody sees those any more.
        """
        await self._projects.delete(scope, ProjectId(project_id), self._clock.now())
        await self._directory.refresh()

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
        live = {project_id: self._live(scope, project_id) for project_id in ids}
        targets = live.values()
        uses = await self._configs.used(scope, [each.config_id for each in targets if isinstance(each, ConfigTarget)])
        experiments = await self._catalogue.by_id(
            scope, [each.experiment_id for each in targets if isinstance(each, ExperimentTarget)]
        )
        details = []
        for project in projects:
            target = live[project.id]
            active = uses.get(target.config_id) if isinstance(target, ConfigTarget) else None
            experiment = experiments.get(target.experiment_id) if isinstance(target, ExperimentTarget) else None
            known = types.get(project.id, ())
            details.append(ProjectDetails(project, active, experiment, known, counts.get(project.id, 0)))
        return details

    def _live(self, scope: Scope, project_id: ProjectId) -> Target | None:
        organisation = self._directory.organisation(scope)
        view = organisation.projects.get(project_id)
        deployment = view.deployments.get(organisation.default_environment.id) if view else None
        return deployment.target if deployment else None
