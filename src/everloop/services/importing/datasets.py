"""Datasets, version by version.

Each step from one version to the next is one version here, or two when datapoints both go and come. So the number of
versions that are there tells how far an earlier import came.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from everloop.domain.dataset import Datapoint, Dataset
from everloop.domain.ids import DatapointId
from everloop.domain.imported import DatasetState, ImportedDataset, LeftOut, Problem
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.errors import Conflict, NotFound
from everloop.ports.datasets import DatapointStore, DatasetStore
from everloop.services.importing.account import Account
from everloop.services.projects import ProjectService

# v4's datasets belong to a project, v5's to none.
PROJECT: Final = "Imported datasets"
_Points = Mapping[DatapointId, Datapoint]


@value
class _Step:
    """One version to make at `now`: either some datapoints go, or some come. `total` is how many there are then."""

    gone: Sequence[DatapointId]
    new: Sequence[Datapoint]
    now: int
    total: int


class DatasetImport:
    """Nothing that is there is changed."""

    def __init__(self, *, projects: ProjectService, datasets: DatasetStore, datapoints: DatapointStore) -> None:
        self._projects = projects
        self._datasets = datasets
        self._datapoints = datapoints

    async def keep(
        self,
        scope: Scope,
        found: ImportedDataset,
        states: Iterator[DatasetState | Problem],
        account: Account,
        *,
        dry: bool,
    ) -> None:
        """Keeps the dataset and the versions that are not there. Raises `Unavailable`."""
        account.note(found.remarks)
        dataset = await self._dataset(scope, found, account, dry=dry)
        if dataset is None:
            return
        for number, step in enumerate(_steps(states, account), 1):
            if number <= dataset.version:
                account.there["dataset versions"] += 1
                if number == dataset.version and step.total != dataset.datapoints:
                    account.fail(found.place, "Its later versions are left out: the dataset was changed here.")
                    return
            elif not await self._make(scope, dataset, step, found.place, account, dry=dry):
                return

    async def _dataset(self, scope: Scope, found: ImportedDataset, account: Account, *, dry: bool) -> Dataset | None:
        wanted = found.dataset
        there = await self._datasets.get(scope, wanted.id)
        if there is not None:
            account.there["datasets"] += 1
            return there
        if dry:
            account.kept["datasets"] += 1
            return wanted
        project = (await self._projects.named(scope, PROJECT)).project
        made = replace(wanted, project_id=project.id)
        try:
            await self._datasets.create(scope, made)
        except Conflict:
            account.fail(found.place, "The dataset is left out: it was deleted here, with its project.")
            return None
        account.kept["datasets"] += 1
        return made

    async def _make(
        self, scope: Scope, dataset: Dataset, step: _Step, place: str, account: Account, *, dry: bool
    ) -> bool:
        try:
            if step.gone and not dry:
                await self._datapoints.remove(scope, step.gone, step.now)
            if step.new and not dry:
                await self._datapoints.add(scope, dataset.id, step.new, step.now)
        except (Conflict, NotFound) as error:
            account.fail(place, f"Its later versions are left out. {error}")
            return False
        account.kept["dataset versions"] += 1
        account.kept["datapoints"] += len(step.new)
        return True


def _steps(states: Iterator[DatasetState | Problem], account: Account) -> Iterator[_Step]:
    before: _Points = {}
    for state in states:
        if isinstance(state, Problem):
            account.note([state])
            continue
        account.note(state.remarks)
        account.note([LeftOut("id of a dataset version", "versions have numbers here, the oldest the first")])
        after = {each.id: each for each in state.datapoints}
        yield from _between(before, after, state.created_at)
        before = after


def _between(before: _Points, after: _Points, now: int) -> Iterator[_Step]:
    same = {each for each, point in after.items() if each in before and before[each].content == point.content}
    gone = [each for each in before if each not in same]
    new = [point for each, point in after.items() if each not in same]
    if gone:
        yield _Step(gone, (), now, len(same))
    if new:
        yield _Step((), new, now, len(after))
