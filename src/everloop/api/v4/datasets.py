"""`/v4/datasets`: datapoints to try configurations on."""

from typing import Annotated, Final

from fastapi import APIRouter

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.paging import FirstZero, PaginatedData, Size, from_zero
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.datapoint_models import CreateDatapointsByLogsRequest, DatapointResponse, NewDatapoints
from everloop.api.v4.dataset_models import CreateDatasetRequest, DatasetResponse, UpdateDatasetRequest
from everloop.api.v4.dataset_view import datapoint, dataset
from everloop.api.v4.projects import ProjectPath

router = APIRouter(route_class=StrictRoute, tags=["Datasets"], dependencies=[KEY], responses=ERRORS)

DatasetPath = Annotated[str, path("evts_6Jp0vYc3RkX8nM2bQsW5d", "The dataset's id.")]

_EXAMPLE: Final = {"name": "hard questions", "description": "What users asked and we got wrong."}
_DATAPOINT: Final = {"inputs": {"question": "Where is my parcel?"}, "target": {"output": "It is on its way."}}


@router.post("/v4/projects/{project_id}/datasets", status_code=201, operation_id="Datasets_create")
async def create(
    caller: Caller,
    services: Use,
    project_id: ProjectPath,
    request: Annotated[CreateDatasetRequest, body(_EXAMPLE)],
) -> DatasetResponse:
    """Make an empty dataset."""
    return dataset(await services.datasets.create(caller, project_id, request.name, request.description))


@router.get("/v4/projects/{project_id}/datasets", operation_id="Datasets_listAllForProject", deprecated=True)
async def of_project(caller: Caller, services: Use, project_id: ProjectPath) -> list[DatasetResponse]:
    """List a project's datasets, newest first."""
    return [dataset(each) for each in await services.datasets.of_project(caller, project_id)]


@router.get("/v4/datasets", operation_id="Datasets_list")
async def listing(caller: Caller, services: Use) -> list[DatasetResponse]:
    """List all datasets of your organisation, newest first."""
    return [dataset(each) for each in await services.datasets.all(caller)]


@router.get("/v4/datasets/{id}", operation_id="Datasets_get")
async def get(caller: Caller, services: Use, id: DatasetPath) -> DatasetResponse:
    """Get a dataset."""
    return dataset(await services.datasets.get(caller, id))


@router.patch("/v4/datasets/{id}", operation_id="Datasets_update")
async def update(
    caller: Caller,
    services: Use,
    id: DatasetPath,
    request: Annotated[UpdateDatasetRequest, body({"name": "harder questions"})],
) -> DatasetResponse:
    """Name or describe a dataset anew."""
    changed = await services.datasets.update(caller, id, name=request.name, description=request.description)
    return dataset(changed)


@router.delete("/v4/datasets/{id}", operation_id="Datasets_delete")
async def delete(caller: Caller, services: Use, id: DatasetPath) -> DatasetResponse:
    """Delete a dataset with its datapoints and all its versions; the answer is what it was."""
    return dataset(await services.datasets.delete(caller, id))


@router.get("/v4/datasets/{dataset_id}/datapoints", operation_id="Datasets_listDatapoints")
async def datapoints(
    caller: Caller, services: Use, dataset_id: DatasetPath, page: FirstZero = 0, size: Size = 50
) -> PaginatedData[DatapointResponse]:
    """List a dataset's datapoints in order of arrival."""
    found = await services.datapoints.page(caller, dataset_id, from_zero(page, size))
    records = [datapoint(each) for each in found.items]
    return PaginatedData[DatapointResponse](records=records, page=page, size=size, total=found.total)


@router.post("/v4/datasets/{dataset_id}/datapoints", status_code=201, operation_id="Datasets_createDatapoint")
async def create_datapoint(
    caller: Caller, services: Use, dataset_id: DatasetPath, request: Annotated[NewDatapoints, body(_DATAPOINT)]
) -> list[DatapointResponse]:
    """Add one datapoint, a list of them, or (`log_ids`) copies of logs: all or none, as one new version."""
    if isinstance(request, CreateDatapointsByLogsRequest):
        made = await services.datapoints.add_logs(caller, dataset_id, request.log_ids)
    else:
        given = request if isinstance(request, list) else [request]
        made = await services.datapoints.add(caller, dataset_id, [each.content() for each in given])
    return [datapoint(each) for each in made]
