"""`/api/tools`: functions that configs link, and snippets that templates call."""

from typing import Annotated, Final

from fastapi import APIRouter

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.manage.tool_models import OrganisationToolResponse, ToolChangeBody, ToolCreateBody, tool_view
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["Tools"], dependencies=[KEY], responses=ERRORS)

ToolPath = Annotated[str, path("oc_3Kd9Zx5MtN1yRb7Wv2Qe8", "The tool's id.")]

_FUNCTION: Final = {
    "kind": "json_schema",
    "name": "get_weather",
    "description": "The weather of today in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@router.get("/api/tools", operation_id="Tools_list")
async def listing(caller: Caller, services: Use) -> list[OrganisationToolResponse]:
    """List the organisation's tools, by name."""
    return [tool_view(each) for each in await services.tools.all(caller)]


@router.post("/api/tools", status_code=201, operation_id="Tools_create")
async def create(
    caller: Caller, services: Use, request: Annotated[ToolCreateBody, body(_FUNCTION)]
) -> OrganisationToolResponse:
    """Make a tool: a function of kind `json_schema`, or a collection of texts of kind `snippet`.

    A config links a function by `{"id": "oc_…", "source": "organization"}` among its `tools`; a template takes a text
    in by `{{ name("key") }}`.
    """
    return tool_view(await services.tools.create(caller, request.new()))


@router.get("/api/tools/{tool_id}", operation_id="Tools_get")
async def get(caller: Caller, services: Use, tool_id: ToolPath) -> OrganisationToolResponse:
    """Get a tool."""
    return tool_view(await services.tools.get(caller, tool_id))


@router.patch("/api/tools/{tool_id}", operation_id="Tools_update")
async def update(
    caller: Caller,
    services: Use,
    tool_id: ToolPath,
    request: Annotated[ToolChangeBody, body({"description": "The weather of today in a city, in °C."})],
) -> OrganisationToolResponse:
    """Change a tool, for all configs and templates that use it: no new version of any config comes of it."""
    return tool_view(await services.tools.update(caller, tool_id, request.change()))


@router.delete("/api/tools/{tool_id}", status_code=204, operation_id="Tools_delete")
async def delete(caller: Caller, services: Use, tool_id: ToolPath) -> None:
    """Delete a tool. One that is in use by what is live, or by an experiment, is kept (409)."""
    await services.tools.delete(caller, tool_id)
