"""`/v4/sessions`: logs that belong together."""

from typing import Annotated

from fastapi import APIRouter, Query

from everloop.api.documentation import ERRORS, KEY, path
from everloop.api.fields import Text
from everloop.api.paging import FirstOne, PaginatedData, Size, from_one
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.session_models import CreateSessionResponse, SessionResponse
from everloop.api.v4.session_view import session

router = APIRouter(route_class=StrictRoute, tags=["Sessions"], dependencies=[KEY], responses=ERRORS)


@router.post("/v4/sessions", status_code=201, operation_id="Sessions_create")
async def create(caller: Caller, services: Use) -> CreateSessionResponse:
    """Make an empty session. A call can also make one by naming a `session_reference_id` of yours."""
    return CreateSessionResponse(id=(await services.sessions.create(caller)).id)


@router.get("/v4/sessions", operation_id="Sessions_list")
async def page(
    caller: Caller,
    services: Use,
    project_id: Annotated[Text, Query(description="The project's id.", examples=["pr_2Zx0cLq9RkT4vB7nYpW1e"])],
    page: FirstOne = 1,
    size: Size = 10,
) -> PaginatedData[SessionResponse]:
    """List the sessions that have a log of a project, newest first."""
    project = (await services.projects.view(caller, project_id)).project
    found = await services.sessions.page(caller, project.id, from_one(page, size))
    records = [session(each) for each in found.items]
    return PaginatedData[SessionResponse](records=records, page=page, size=size, total=found.total)


@router.get("/v4/sessions/{id}", operation_id="Sessions_get")
async def get(
    caller: Caller,
    services: Use,
    id: Annotated[str, path("sesh_1Wd6bEo4KsU9jF3xPiY7r", "The session's id.")],
) -> SessionResponse:
    """Get a session."""
    return session(await services.sessions.summary(caller, id))
