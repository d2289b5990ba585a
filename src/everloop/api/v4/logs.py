"""`/v4/logs`: what was generated, here or elsewhere."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import OneOrMany
from everloop.api.paging import PaginatedData, from_zero
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.log_models import CreateLogResponse, LogRequest, LogResponse
from everloop.api.v4.log_query import LogQuery
from everloop.api.v4.log_view import created, log_response

router = APIRouter(route_class=StrictRoute, tags=["Logs"], dependencies=[KEY], responses=ERRORS)

_EXAMPLE: Final = {
    "project": "support-bot",
    "config": {"provider": "openai", "model": "gpt-4o", "prompt_template": "Answer kindly: {{question}}"},
    "inputs": {"question": "Where is my parcel?"},
    "output": "It is on its way.",
    "reference_id": "ticket-4711",
}


@router.post("/v4/logs", operation_id="Logs_log")
async def log(
    caller: Caller, services: Use, request: Annotated[OneOrMany[LogRequest], body(_EXAMPLE)]
) -> CreateLogResponse | list[CreateLogResponse]:
    """Keep one log, or a list of them (all or none); answers once they are on disk, in the shape that was sent."""
    if isinstance(request, list):
        commands = [each.command(("body", index)) for index, each in enumerate(request)]
        return [created(each) for each in await services.logs.create(caller, commands)]
    return created((await services.logs.create(caller, [request.command(("body",))]))[0])


@router.get("/v4/logs", operation_id="Logs_list")
async def page(
    caller: Caller, services: Use, raw: Request, query: Annotated[LogQuery, Query()]
) -> PaginatedData[LogResponse]:
    """List a project's logs, newest first unless `sort` says otherwise.

    `feedback-<type>_filter`, such as `feedback-rating_filter=good`, asks for feedback; it may be repeated.
    """
    chosen = query.filter(raw.query_params.multi_items())
    found = await services.logs.page(caller, query.project_id, from_zero(query.page, query.size), chosen)
    tools = services.tools.box(caller)
    records = [log_response(each, tools) for each in found.items]
    return PaginatedData[LogResponse](records=records, page=query.page, size=query.size, total=found.total)


@router.get("/v4/logs/{id}", operation_id="Logs_get")
async def get(
    caller: Caller,
    services: Use,
    id: Annotated[str, path("data_0VfTq3x9Lk2mZsB8cRnW4y", "The log's id.")],
) -> LogResponse:
    """Get a log."""
    return log_response(await services.logs.get(caller, id), services.tools.box(caller))
