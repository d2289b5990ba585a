"""Datapoints: given or made of logs, changed, deleted, and read as of now or of an older version."""

from collections.abc import Sequence
from typing import Final

import msgspec

from everloop.domain.dataset import Datapoint, DatapointContent, Dataset, content_of
from everloop.domain.ids import DatapointId, LogId, Prefix
from everloop.domain.log import Log
from everloop.domain.page import Page, PageRequest
from everloop.domain.scope import Scope
from everloop.errors import InvalidFields, NotFound, TooLarge
from everloop.ports.datasets import DatapointStore
from everloop.ports.logs import LogStore
from everloop.ports.system import Clock, Ids
from everloop.services.datasets import DatasetService

# Logs that are in memory at once with all that is known of them, and bytes of them that one call may copy.
_LOGS_AT_ONCE: Final = 20
MOST_BYTES: Final = 64 * 2**20


class DatapointService:
    """The use cases of datapoints. Whatever changes a dataset's datapoints makes one new version of it."""

    def __init__(
        self, *, datasets: DatasetService, datapoints: DatapointStore, logs: LogStore, clock: Clock, ids: Ids
    ) -> None:
        self._datasets = datasets
        self._datapoints = datapoints
        self._logs = logs
        self._clock = clock
        self._ids = ids

    async def add(self, scope: Scope, dataset_id: str, contents: Sequence[DatapointContent]) -> list[Datapoint]:
        """New datapoints after those that are there, all or none. Raises `NotFound`."""
        dataset = await self._datasets.get(scope, dataset_id)
        return await self._add(scope, dataset, [(each, None) for each in contents])

    async def add_logs(self, scope: Scope, dataset_id: str, log_ids: Sequence[str]) -> list[Datapoint]:
        """The same, copied from logs of the dataset's project (`domain.dataset.content_of`).

        Raises `NotFound`, `InvalidFields` for a log of another project or one without texts, and `TooLarge`.
        """
        dataset = await self._datasets.get(scope, dataset_id)
        made: list[tuple[DatapointContent, LogId | None]] = []
        size = 0
        for start in range(0, len(log_ids), _LOGS_AT_ONCE):
            some = [LogId(each) for each in log_ids[start : start + _LOGS_AT_ONCE]]
            there = await self._logs.some(scope, some)
            for place, log_id in enumerate(some, start):
                content = _copied(dataset, there.get(log_id), log_id, place)
                size += content.size
                if size > MOST_BYTES:
                    raise TooLarge(f"The logs hold more than {MOST_BYTES // 2**20} MiB together: add fewer at once.")
                made.append((content, log_id))
        return await self._add(scope, dataset, made)

    async def get(self, scope: Scope, datapoint_id: str) -> Datapoint:
        """One datapoint, as it is now. Raises `NotFound`."""
        datapoint = await self._datapoints.get(scope, DatapointId(datapoint_id))
        if datapoint is None:
            raise NotFound(f"There is no datapoint with the id {datapoint_id!r}.")
        return datapoint

    async def page(
        self, scope: Scope, dataset_id: str, request: PageRequest, version: int | None = None
    ) -> Page[Datapoint]:
        """The datapoints of now, or of a version, in order of arrival. Raises `NotFound`, `TooLarge`."""
        dataset = await self._datasets.get(scope, dataset_id)
        if version is not None and not 1 <= version <= dataset.version:
            raise NotFound(f"Dataset {dataset_id} has no version {version}: the newest is {dataset.version}.")
        return await self._datapoints.page(scope, dataset.id, request, version)

    async def update(self, scope: Scope, datapoint_id: str, content: DatapointContent) -> Datapoint:
        """Replaces what is not None. Raises `NotFound`."""

        def changed(before: DatapointContent) -> DatapointContent:
            return DatapointContent(
                before.inputs if content.inputs is None else content.inputs,
                before.messages if content.messages is None else content.messages,
                before.target if content.target is None else content.target,
            )

        return await self._datapoints.change(scope, DatapointId(datapoint_id), changed, self._clock.now())

    async def delete(self, scope: Scope, datapoint_ids: Sequence[str]) -> None:
        """Takes them out of what is there now, all or none. Raises `NotFound`."""
        if datapoint_ids:
            ids = [DatapointId(each) for each in datapoint_ids]
            await self._datapoints.remove(scope, ids, self._clock.now())

    async def _add(
        self, scope: Scope, dataset: Dataset, contents: Sequence[tuple[DatapointContent, LogId | None]]
    ) -> list[Datapoint]:
        now = self._clock.now()
        made = [
            Datapoint(DatapointId(self._ids.new(Prefix.DATAPOINT)), dataset.id, content, now, now, log_id)
            for content, log_id in contents
        ]
        if made:
            await self._datapoints.add(scope, dataset.id, made, now)
        return made


def _copied(dataset: Dataset, log: Log | None, log_id: LogId, place: int) -> DatapointContent:
    if log is None:
        raise NotFound(f"There is no log with the id {log_id!r}.")
    location = ("body", "log_ids", place)
    if log.project_id != dataset.project_id:
        raise InvalidFields.one(location, f"Log {log_id} belongs to another project than the dataset.")
    if not log.save:
        raise InvalidFields.one(location, f"Log {log_id} was kept without its texts (`save` was false).")
    return content_of(log.body, {} if log.body.inputs is None else msgspec.json.decode(log.body.inputs))
