"""Datasets and datapoints as v4 shows them."""

from typing import Any, Final

import msgspec

from everloop.api.fields import moment
from everloop.api.v4.datapoint_models import DatapointResponse
from everloop.api.v4.dataset_models import DatasetResponse
from everloop.api.v4.message_models import message_view
from everloop.domain.dataset import Datapoint, Dataset

_decode: Final = msgspec.json.Decoder().decode


def dataset(kept: Dataset) -> DatasetResponse:
    """A dataset, as it is now."""
    return DatasetResponse(
        id=kept.id,
        project_id=kept.project_id,
        name=kept.name,
        description=kept.description,
        datapoint_count=kept.datapoints,
        created_at=moment(kept.created_at),
        updated_at=moment(kept.updated_at),
    )


def datapoint(kept: Datapoint) -> DatapointResponse:
    """A datapoint."""
    content = kept.content
    messages = _value(content.messages)
    return DatapointResponse(
        id=kept.id,
        dataset_id=kept.dataset_id,
        inputs=_value(content.inputs),
        messages=None if messages is None else [message_view(each) for each in messages],
        target=_value(content.target),
        created_at=moment(kept.created_at),
        updated_at=moment(kept.updated_at),
        source_project_data_id=kept.source_log_id,
    )


def _value(text: bytes | None) -> Any:  # noqa: ANN401 - any JSON value
    return None if text is None else _decode(text)
