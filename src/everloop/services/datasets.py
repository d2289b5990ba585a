"""Datasets: made in a project, read, described anew, deleted."""

from everloop.domain.dataset import Dataset, DatasetVersion
from everloop.domain.ids import DatasetId, Prefix
from everloop.domain.page import Page, PageRequest
from everloop.domain.scope import Scope
from everloop.errors import NotFound
from everloop.ports.datasets import DatasetStore
from everloop.ports.system import Clock, Ids
from everloop.services.projects import ProjectService


class DatasetService:
    """The use cases of datasets. All that name one raise `NotFound`."""

    def __init__(self, *, projects: ProjectService, datasets: DatasetStore, clock: Clock, ids: Ids) -> None:
        self._projects = projects
        self._datasets = datasets
        self._clock = clock
        self._ids = ids

    async def create(self, scope: Scope, project_id: str, name: str, description: str) -> Dataset:
        """A new, empty dataset; its name need not be the only one. Raises `NotFound` without the project."""
        project = (await self._projects.view(scope, project_id)).project
        now = self._clock.now()
        dataset = Dataset(DatasetId(self._ids.new(Prefix.DATASET)), project.id, name, description, now, now)
        await self._datasets.create(scope, dataset)
        return dataset

    async def get(self, scope: Scope, dataset_id: str) -> Dataset:
        """One dataset."""
        dataset = await self._datasets.get(scope, DatasetId(dataset_id))
        if dataset is None:
            raise NotFound(f"There is no dataset with the id {dataset_id!r}.")
        return dataset

    async def all(self, scope: Scope) -> tuple[Dataset, ...]:
        """All of the organisation, newest first."""
        return await self._datasets.all(scope)

    async def of_project(self, scope: Scope, project_id: str) -> tuple[Dataset, ...]:
        """Those of one project, newest first. Raises `NotFound` without the project."""
        project = (await self._projects.view(scope, project_id)).project
        return await self._datasets.of_project(scope, project.id)

    async def update(self, scope: Scope, dataset_id: str, *, name: str | None, description: str | None) -> Dataset:
        """Names or describes it anew; None leaves a field as it is."""
        if name is None and description is None:
            return await self.get(scope, dataset_id)
        return await self._datasets.rename(scope, DatasetId(dataset_id), name, description, self._clock.now())

    async def delete(self, scope: Scope, dataset_id: str) -> Dataset:
        """Deletes it with its datapoints and all its versions; what it was."""
        return await self._datasets.delete(scope, DatasetId(dataset_id))

    async def versions(self, scope: Scope, dataset_id: str, request: PageRequest) -> Page[DatasetVersion]:
        """Its versions, newest first."""
        dataset = await self.get(scope, dataset_id)
        return await self._datasets.versions(scope, dataset.id, request)
