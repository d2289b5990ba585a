"""`/api/environments`: the places in which something of each project can be live."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import Answer, Name, Request, moment
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.domain.environment import Environment

router = APIRouter(route_class=StrictRoute, tags=["Environments"], dependencies=[KEY], responses=ERRORS)

EnvironmentPath = Annotated[str, path("env_5Nf8pGt3LxM6yQ2uCaZ9h", "The environment's id.")]


class EnvironmentBody(Request):
    """An environment's name, unique in the organisation."""

    name: Name


class EnvironmentResponse(Answer):
    """An environment. `tag` is `default` for the one that calls without an environment mean, else `other`."""

    id: str
    name: str
    tag: str
    created_at: datetime


@router.get("/api/environments", operation_id="Environments_list")
async def listing(caller: Caller, services: Use) -> list[EnvironmentResponse]:
    """List the environments, the default one first."""
    return [_view(each) for each in services.environments.all(caller)]


@router.post("/api/environments", status_code=201, operation_id="Environments_create")
async def create(
    caller: Caller, services: Use, request: Annotated[EnvironmentBody, body({"name": "staging"})]
) -> EnvironmentResponse:
    """Make an environment."""
    return _view(await services.environments.create(caller, request.name))


@router.patch("/api/environments/{environment_id}", operation_id="Environments_rename")
async def rename(
    caller: Caller,
    services: Use,
    environment_id: EnvironmentPath,
    request: Annotated[EnvironmentBody, body({"name": "testing"})],
) -> EnvironmentResponse:
    """Rename an environment. Calls by the old name are answered 404 from now on."""
    return _view(await services.environments.rename(caller, environment_id, request.name))


@router.put("/api/environments/{environment_id}/default", operation_id="Environments_makeDefault")
async def make_default(caller: Caller, services: Use, environment_id: EnvironmentPath) -> EnvironmentResponse:
    """Make an environment the one that calls without an environment mean."""
    return _view(await services.environments.make_default(caller, environment_id))


@router.delete("/api/environments/{environment_id}", status_code=204, operation_id="Environments_delete")
async def delete(caller: Caller, services: Use, environment_id: EnvironmentPath) -> None:
    """Delete an environment and end what is live in it; the default one cannot be deleted."""
    await services.environments.delete(caller, environment_id)


def _view(environment: Environment) -> EnvironmentResponse:
    return EnvironmentResponse(
        id=environment.id, name=environment.name, tag=environment.tag, created_at=moment(environment.created_at)
    )
