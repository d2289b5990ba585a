"""The ports to datasets and their datapoints."""

from collections.abc import Callable, Sequence
from typing import Protocol

from everloop.domain.dataset import Datapoint, DatapointContent, Dataset, DatasetVersion
from everloop.domain.ids import DatapointId, DatasetId, ProjectId
from everloop.domain.page import Page, PageRequest
from everloop.domain.scope import Scope


class DatasetStore(Protocol):
    """Datasets and their versions. `now` is in Unix milliseconds."""

    async def create(self, scope: Scope, dataset: Dataset) -> None:
        """Raises `errors.NotFound` without the project, `errors.Conflict` when the id is taken."""
        ...

    async def get(self, scope: Scope, dataset_id: DatasetId) -> Dataset | None: ...

    async def all(self, scope: Scope) -> tuple[Dataset, ...]:
        """Newest first."""
        ...

    async def of_project(self, scope: Scope, project_id: ProjectId) -> tuple[Dataset, ...]:
        """Newest first."""
        ...

    async def rename(
        self, scope: Scope, dataset_id: DatasetId, name: str | None, description: str | None, now: int
    ) -> Dataset:
        """Replaces what is not None; the dataset as it is then. Raises `errors.NotFound`."""
        ...

    async def delete(self, scope: Scope, dataset_id: DatasetId) -> Dataset:
        """Deletes it with all versions and datapoints; what it was. Raises `errors.NotFound`."""
        ...

    async def versions(self, scope: Scope, dataset_id: DatasetId, request: PageRequest) -> Page[DatasetVersion]:
        """Newest first."""
        ...


class DatapointStore(Protocol):
    """Datapoints. Whatever changes those of a dataset makes one new version of it, in the same transaction.

    `now`, in Unix milliseconds, is the time of that version.
    """

    async def get(self, scope: Scope, datapoint_id: DatapointId) -> Datapoint | None: ...

    async def add(self, scope: Scope, dataset_id: DatasetId, datapoints: Sequence[Datapoint], now: int) -> None:
        """Keeps the datapoints, one at least, after those that are there; all or none.

        Raises `errors.NotFound`, and `errors.Conflict` when an id is taken.
        """
        ...

    async def page(
        self, scope: Scope, dataset_id: DatasetId, request: PageRequest, version: int | None = None
    ) -> Page[Datapoint]:
        """The datapoints of a version, or of now, in order of arrival; nothing for what is not there.

        Who reads page after page meets each of them once, also while others are added.
        Raises `TooLarge` for a page that holds too much, unless it is of one datapoint.
        """
        ...

    async def change(
        self,
        scope: Scope,
        datapoint_id: DatapointId,
        change: Callable[[DatapointContent], DatapointContent],
        now: int,
    ) -> Datapoint:
        """Replaces the content by what `change` makes of it, alone with it; no new version when that is the same.

        Raises `errors.NotFound`.
        """
        ...

    async def remove(self, scope: Scope, datapoint_ids: Sequence[DatapointId], now: int) -> None:
        """Takes the datapoints, of any datasets, out of what is there now; all or none. Raises `errors.NotFound`."""
        ...
