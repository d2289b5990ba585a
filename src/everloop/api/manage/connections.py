"""`/api/connections`: the servers that configs may name as their provider, and those that an organisation adds."""

from typing import Annotated, Final

from fastapi import APIRouter

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.manage.connection_models import (
    ConnectionChangeBody,
    ConnectionCreateBody,
    ConnectionResponse,
    connection_view,
)
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["Connections"], dependencies=[KEY], responses=ERRORS)

NamePath = Annotated[str, path("our-vllm", "The connection's name.")]

_NEW: Final = {
    "name": "our-vllm",
    "format": "openai",
    "base_url": "https://llm.example.com/v1",
    "needs_key": True,
    "lacks": ["suffix"],
    "key": "sk-…",
}


@router.get("/api/connections", operation_id="Connections_list")
async def listing(caller: Caller, services: Use) -> list[ConnectionResponse]:
    """List the connections: the well-known ones, then the organisation's own by name."""
    return [connection_view(each) for each in await services.connections.all(caller)]


@router.post("/api/connections", status_code=201, operation_id="Connections_create")
async def create(
    caller: Caller, services: Use, request: Annotated[ConnectionCreateBody, body(_NEW)]
) -> ConnectionResponse:
    """Make a connection to a server of your own; configs then name it as their `provider`.

    Calls go to public addresses, and to those that the operator lists in `EVERLOOP_ALLOWED_HOSTS`. The names of
    well-known connections are taken (409).
    """
    return connection_view(await services.connections.create(caller, request.new(), request.key))


@router.get("/api/connections/{name}", operation_id="Connections_get")
async def get(caller: Caller, services: Use, name: NamePath) -> ConnectionResponse:
    """Get a connection."""
    return connection_view(await services.connections.get(caller, name))


@router.patch("/api/connections/{name}", operation_id="Connections_update")
async def update(
    caller: Caller,
    services: Use,
    name: NamePath,
    request: Annotated[ConnectionChangeBody, body({"base_url": "https://llm-2.example.com/v1", "key": "sk-…"})],
) -> ConnectionResponse:
    """Change a connection of your own, for all configs that name it.

    A base URL at another host, port or scheme forgets the key that is kept, unless the request brings a new one.
    """
    return connection_view(await services.connections.update(caller, name, request.change(), request.key))


@router.delete("/api/connections/{name}", status_code=204, operation_id="Connections_delete")
async def delete(caller: Caller, services: Use, name: NamePath) -> None:
    """Delete a connection of your own and its key. One that is in use by what is live, or by an experiment, stays."""
    await services.connections.delete(caller, name)
