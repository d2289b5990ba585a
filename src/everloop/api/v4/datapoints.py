"""`/v4/datapoints`: single cases of datasets."""

from typing import Annotated, Final

from fastapi import APIRouter

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import Items, Reference
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.datapoint_models import DatapointResponse, UpdateDatapointRequest
from everloop.api.v4.dataset_view import datapoint
from everloop.domain.dataset import DatapointContent

router = APIRouter(route_class=StrictRoute, tags=["Datapoints"], dependencies=[KEY], responses=ERRORS)

DatapointPath = Annotated[str, path("evtc_8Lr5wXk1TmZ4cV7nBqJ0s", "The datapoint's id.")]

_IDS: Final = ["evtc_8Lr5wXk1TmZ4cV7nBqJ0s"]
_CHANGE: Final = {"target": {"output": "It has arrived."}}


@router.get("/v4/datapoints/{id}", operation_id="Datapoints_get")
async def get(caller: Caller, services: Use, id: DatapointPath) -> DatapointResponse:
    """Get a datapoint, as it is now."""
    return datapoint(await services.datapoints.get(caller, id))


@router.patch("/v4/datapoints/{id}", operation_id="Datapoints_update", deprecated=True)
async def update(
    caller: Caller,
    services: Use,
    id: DatapointPath,
    request: Annotated[UpdateDatapointRequest | None, body(_CHANGE)] = None,
) -> DatapointResponse:
    """Replace a datapoint's inputs, messages or target in a new version of its dataset; older versions stay.

    Without a body, as newer clients send it, nothing is replaced.
    """
    content = DatapointContent() if request is None else request.content()
    return datapoint(await services.datapoints.update(caller, id, content))


@router.delete("/v4/datapoints", status_code=204, operation_id="Datapoints_delete", deprecated=True)
async def delete(caller: Caller, services: Use, request: Annotated[Items[Reference] | None, body(_IDS)] = None) -> None:
    """Delete datapoints, all or none, from now on: older versions of their datasets keep them.

    Without a body, as newer clients send it, nothing is named and nothing is deleted.
    """
    await services.datapoints.delete(caller, request or [])
