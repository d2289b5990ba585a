"""A dataset: datapoints to try configurations on, in versions."""

import json
from collections.abc import Mapping
from typing import Any

from everloop.domain.ids import DatapointId, DatasetId, LogId, ProjectId
from everloop.domain.log import LogBody
from everloop.domain.value import value


@value
class Dataset:
    """`version` counts what was done to the datapoints (0 when nothing was yet), `datapoints` how many there are.

    Times are Unix milliseconds; `updated_at` is that of the newest version, name or description.
    """

    id: DatasetId
    project_id: ProjectId
    name: str
    description: str
    created_at: int
    updated_at: int
    version: int = 0
    datapoints: int = 0


@value
class DatasetVersion:
    """What adding to, changing or deleting from a dataset left behind: so many datapoints. Whose key did it, and when.

    Datapoints that were changed or deleted since are in it as they were.
    """

    number: int
    datapoints: int
    created_at: int
    created_by: str


@value
class DatapointContent:
    """Each is one UTF-8 JSON value or None: `inputs` an object of texts, `messages` a list, `target` an object.

    `target` is what the output is to be compared with.
    """

    inputs: bytes | None = None
    messages: bytes | None = None
    target: bytes | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(len(each) for each in (self.inputs, self.messages, self.target) if each is not None)


@value
class Datapoint:
    """One case to try. `source_log_id` is the log that it was made from. Times are Unix milliseconds."""

    id: DatapointId
    dataset_id: DatasetId
    content: DatapointContent
    created_at: int
    updated_at: int
    source_log_id: LogId | None = None


def input_texts(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Inputs as a datapoint has them: the texts that a template puts in their place (`template.Template.render`).

    Null counts as missing there, so that it is left out here.
    """
    return {name: each if isinstance(each, str) else str(each) for name, each in inputs.items() if each is not None}


def content_of(body: LogBody, inputs: Mapping[str, Any]) -> DatapointContent:
    """What a log with these inputs was asked, and its output as the target.

    Without an output, as of a failed call, there is no target.
    """
    target = None if body.output is None else _json({"output": body.output})
    return DatapointContent(_json(input_texts(inputs)), body.messages, target)


def _json(each: object) -> bytes:
    return json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode()
