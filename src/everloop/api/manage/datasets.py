"""`/api/datasets`: what datasets were before, which v4 keeps but does not show."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path

from everloop.api.documentation import ERRORS, KEY
from everloop.api.fields import INT64, Answer, moment
from everloop.api.paging import FirstZero, PaginatedData, Size, from_zero
from everloop.api.services import Caller, Use
from everloop.api.v4.datapoint_models import DatapointResponse
from everloop.api.v4.dataset_view import datapoint
from everloop.api.v4.datasets import DatasetPath

router = APIRouter(tags=["Datasets"], dependencies=[KEY], responses=ERRORS)


class DatasetVersionResponse(Answer):
    """What one call left behind; `created_by` is the id of the API key that made it."""

    version: int
    datapoint_count: int
    created_at: datetime
    created_by: str


@router.get("/api/datasets/{dataset_id}/versions", operation_id="Datasets_listVersions")
async def versions(
    caller: Caller, services: Use, dataset_id: DatasetPath, page: FirstZero = 0, size: Size = 50
) -> PaginatedData[DatasetVersionResponse]:
    """List a dataset's versions, newest first: one for each call that added, changed or deleted datapoints."""
    found = await services.datasets.versions(caller, dataset_id, from_zero(page, size))
    records = [
        DatasetVersionResponse(
            version=each.number,
            datapoint_count=each.datapoints,
            created_at=moment(each.created_at),
            created_by=each.created_by,
        )
        for each in found.items
    ]
    return PaginatedData[DatasetVersionResponse](records=records, page=page, size=size, total=found.total)


@router.get("/api/datasets/{dataset_id}/versions/{version}/datapoints", operation_id="Datasets_listDatapointsOfVersion")
async def datapoints(
    caller: Caller,
    services: Use,
    dataset_id: DatasetPath,
    version: Annotated[int, Path(description="The version's number, from 1.", ge=1, le=INT64, examples=[1])],
    page: FirstZero = 0,
    size: Size = 50,
) -> PaginatedData[DatapointResponse]:
    """List the datapoints of a version as they were then, in order of arrival."""
    found = await services.datapoints.page(caller, dataset_id, from_zero(page, size), version)
    records = [datapoint(each) for each in found.items]
    return PaginatedData[DatapointResponse](records=records, page=page, size=size, total=found.total)
