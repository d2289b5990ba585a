"""Datasets and their datapoints."""

from datetime import datetime
from typing import Final

import msgspec

from everloop.domain.dataset import Datapoint, DatapointContent, Dataset, input_texts
from everloop.domain.ids import DatapointId, DatasetId, ProjectId
from everloop.domain.imported import LeftOut
from everloop.imports.humanloop.messages import spoken
from everloop.imports.humanloop.shapes import Id, Name, Object, Text, keys, milliseconds, shaped, unplaced

_encode: Final = msgspec.json.Encoder().encode


class _File(msgspec.Struct):
    id: Id
    path: Name
    created_at: datetime
    description: Text | None = None


class _Version(msgspec.Struct):
    version_id: Id
    created_at: datetime


class _Datapoint(msgspec.Struct):
    id: Id
    inputs: Object | None = None
    messages: list[Object] | None = None
    target: Object | None = None


_TOLD: Final = keys(_Datapoint, "dataset_id")


def dataset(value: Object) -> Dataset:
    """The dataset, named by its path and still empty. Raises `Unmappable`."""
    read = shaped(value, _File)
    created_at = milliseconds(read.created_at)
    return Dataset(DatasetId(read.id), ProjectId(""), read.path, read.description or "", created_at, created_at)


def version(value: Object) -> tuple[str, int]:
    """The id of a version and when it was made, in Unix milliseconds. Raises `Unmappable`."""
    read = shaped(value, _Version)
    return read.version_id, milliseconds(read.created_at)


def datapoint(dataset_id: DatasetId, created_at: int, value: Object) -> Datapoint:
    """One datapoint. Raises `Unmappable`."""
    read = shaped(value, _Datapoint)
    content = DatapointContent(
        None if read.inputs is None else _encode(input_texts(read.inputs)),
        None if read.messages is None else _encode([spoken(each) for each in read.messages]),
        None if read.target is None else _encode(read.target),
    )
    return Datapoint(DatapointId(read.id), dataset_id, content, created_at, created_at)


def left_of_datapoint(value: Object) -> tuple[LeftOut, ...]:
    """What a datapoint has that has no place here."""
    return unplaced(value, "a datapoint", _TOLD)
