"""Datasets on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from everloop.api.fields import Answer, Name, Request

Description = Annotated[str, Field(max_length=255, pattern=r"^[^\x00]*$")]


class CreateDatasetRequest(Request):
    """A new dataset."""

    name: Name
    description: Description


class UpdateDatasetRequest(Request):
    """What is absent stays as it is."""

    name: Name | None = None
    description: Description | None = None


class DatasetResponse(Answer):
    """A dataset; `updated_at` is when it, or a datapoint of it, was last changed."""

    id: str
    project_id: str
    name: str
    description: str | None
    datapoint_count: int
    created_at: datetime
    updated_at: datetime
