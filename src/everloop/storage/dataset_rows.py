"""Datasets and datapoints as rows and back."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from everloop.domain.dataset import Datapoint, DatapointContent, Dataset, DatasetVersion
from everloop.domain.ids import DatapointId, DatasetId, LogId, OrganisationId, ProjectId
from everloop.storage.log_rows import json_bytes, json_text

Values = dict[str, str | int | None]


def dataset_values(organisation_id: OrganisationId, dataset: Dataset) -> Values:
    """The row of `dataset`."""
    return {
        "organisation_id": organisation_id,
        "id": dataset.id,
        "project_id": dataset.project_id,
        "name": dataset.name,
        "description": dataset.description,
        "version": dataset.version,
        "datapoints": dataset.datapoints,
        "created_at": dataset.created_at,
        "updated_at": dataset.updated_at,
    }


def dataset_of(row: Row[Any]) -> Dataset:
    """The dataset in a row."""
    return Dataset(
        DatasetId(row.id),
        ProjectId(row.project_id),
        row.name,
        row.description,
        row.created_at,
        row.updated_at,
        row.version,
        row.datapoints,
    )


def version_of(row: Row[Any]) -> DatasetVersion:
    """The version in a row."""
    return DatasetVersion(row.version, row.datapoints, row.created_at, row.created_by)


def datapoint_values(
    organisation_id: OrganisationId, datapoints: Sequence[Datapoint], *, position: int, since: int
) -> list[Values]:
    """The rows of `datapoint`, from that position on, good from that version on."""
    return [
        {
            "organisation_id": organisation_id,
            "id": each.id,
            "dataset_id": each.dataset_id,
            "position": position + place,
            "since": since,
            "until": None,
            "inputs": json_text(each.content.inputs),
            "messages": json_text(each.content.messages),
            "target": json_text(each.content.target),
            "source_log_id": each.source_log_id,
            "created_at": each.created_at,
            "updated_at": each.updated_at,
        }
        for place, each in enumerate(datapoints)
    ]


def datapoint_of(row: Row[Any]) -> Datapoint:
    """The datapoint in a row."""
    return Datapoint(
        DatapointId(row.id),
        DatasetId(row.dataset_id),
        DatapointContent(json_bytes(row.inputs), json_bytes(row.messages), json_bytes(row.target)),
        row.created_at,
        row.updated_at,
        None if row.source_log_id is None else LogId(row.source_log_id),
    )
