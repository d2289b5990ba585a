"""`/v4/projects/{id}/feedback-types`: what can be said of a project's logs."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter

from everloop.api.documentation import ERRORS, KEY, body
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.project_models import FeedbackTypeModel, FeedbackTypeRequest, FeedbackTypeRequests
from everloop.api.v4.project_view import feedback_type
from everloop.api.v4.projects import ProjectPath
from everloop.domain.feedback import FeedbackType
from everloop.domain.ids import ProjectId
from everloop.domain.scope import Scope
from everloop.services.feedback import FeedbackService

router = APIRouter(route_class=StrictRoute, tags=["Projects"], dependencies=[KEY], responses=ERRORS)

_EXAMPLE: Final = {
    "type": "tone",
    "class": "select",
    "values": [{"value": "kind", "sentiment": "positive"}, {"value": "rude", "sentiment": "negative"}],
}


@router.post(
    "/v4/projects/{id}/feedback-types", status_code=201, operation_id="Projects_createFeedbackType", deprecated=True
)
async def create(
    caller: Caller, services: Use, id: ProjectPath, request: Annotated[FeedbackTypeRequest, body(_EXAMPLE)]
) -> FeedbackTypeModel:
    """Make a feedback type. One that is there already gets the labels that it lacks."""
    project = (await services.projects.view(caller, id)).project
    types = await _defined(services.feedback, caller, project.id, [request])
    return next(feedback_type(each) for each in types if each.name == request.type)


@router.patch("/v4/projects/{id}/feedback-types", operation_id="Projects_updateFeedbackTypes", deprecated=True)
async def update(
    caller: Caller,
    services: Use,
    id: ProjectPath,
    request: Annotated[FeedbackTypeRequests | None, body([_EXAMPLE])] = None,
) -> list[FeedbackTypeModel]:
    """Make the feedback types and labels that a project lacks; all of its types, as they are then."""
    project = (await services.projects.view(caller, id)).project
    return [feedback_type(each) for each in await _defined(services.feedback, caller, project.id, request or [])]


async def _defined(
    feedback: FeedbackService, caller: Scope, project_id: ProjectId, requests: Sequence[FeedbackTypeRequest]
) -> tuple[FeedbackType, ...]:
    kinds = {each.name: each.kind for each in await feedback.types(caller, project_id)}
    types = []
    for each in requests:
        types.append(each.feedback_type(kinds.get(each.type)))
        kinds[each.type] = types[-1].kind
    await feedback.define_types(caller, project_id, types)
    return await feedback.types(caller, project_id)
