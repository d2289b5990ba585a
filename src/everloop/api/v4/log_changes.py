"""`/v4/logs`: what was kept is completed later, or deleted."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import MAX_ITEMS, Number, Reference, Request
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.log_models import LogResponse
from everloop.api.v4.log_view import log_response
from everloop.domain.log import LogCompletion

router = APIRouter(route_class=StrictRoute, tags=["Logs"], dependencies=[KEY], responses=ERRORS)

_EXAMPLE: Final = {"output": "It has arrived.", "duration": 1.25}


class UpdateLogRequest(Request):
    """What came of a call that was logged before it ended. What is absent stays as it is."""

    output: str | None = None
    error: str | None = None
    duration: Number | None = Field(None, description="Seconds.")

    def change(self) -> LogCompletion:
        """What to change."""
        return LogCompletion(self.output, self.error, self.duration)


@router.patch("/v4/logs", operation_id="Logs_updateByRef")
async def update_by_reference(
    caller: Caller,
    services: Use,
    reference_id: Annotated[Reference, Query(description="Your own name of the log.", examples=["ticket-4711"])],
    request: Annotated[UpdateLogRequest, body(_EXAMPLE)],
) -> LogResponse:
    """Change the output, error or duration of the newest log that has your reference."""
    log = await services.logs.update_by_reference(caller, reference_id, request.change())
    return log_response(log, services.tools.box(caller))


@router.patch("/v4/logs/{id}", operation_id="Logs_update")
async def update(
    caller: Caller,
    services: Use,
    id: Annotated[str, path("data_0VfTq3x9Lk2mZsB8cRnW4y", "The log's id.")],
    request: Annotated[UpdateLogRequest, body(_EXAMPLE)],
) -> LogResponse:
    """Change the output, error or duration of a log."""
    return log_response(await services.logs.update(caller, id, request.change()), services.tools.box(caller))


@router.delete("/v4/logs", status_code=204, operation_id="Logs_delete")
async def delete(
    caller: Caller,
    services: Use,
    id: Annotated[
        list[Reference] | None,
        Query(max_length=MAX_ITEMS, description="The logs' ids.", examples=["data_0VfTq3x9Lk2mZsB8cRnW4y"]),
    ] = None,
) -> None:
    """Delete logs, with their feedback. Ids that are not there are passed over; results of experiments stay."""
    await services.logs.delete(caller, id or [])
