"""`/v4/feedback`: what people say of logs."""

from typing import Annotated

from fastapi import APIRouter

from everloop.api.documentation import ERRORS, KEY, body
from everloop.api.fields import OneOrMany
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.feedback_models import FeedbackRequest, FeedbackResponse, Location
from everloop.api.v4.feedback_view import feedback as feedback_response
from everloop.services.feedback import FeedbackCommand

router = APIRouter(route_class=StrictRoute, tags=["Feedback"], dependencies=[KEY], responses=ERRORS)

_EXAMPLE = {"type": "rating", "value": "good", "data_id": "data_0VfTq3x9Lk2mZsB8cRnW4y", "user": "ada"}


@router.post("/v4/feedback", operation_id="Feedback_feedback")
async def feedback(
    caller: Caller, services: Use, request: Annotated[OneOrMany[FeedbackRequest], body(_EXAMPLE)]
) -> FeedbackResponse | list[FeedbackResponse]:
    """Keep or (`unset`) take back feedback: one piece or a list; the answer has the shape that was sent."""
    if isinstance(request, list):
        commands = [_command(each, ("body", index)) for index, each in enumerate(request)]
        return [feedback_response(each) for each in await services.feedback.submit(caller, commands)]
    return feedback_response((await services.feedback.submit(caller, [_command(request, ("body",))]))[0])


def _command(request: FeedbackRequest, location: Location) -> FeedbackCommand:
    return request.command(request.data_id, location, unset=request.unset is True)
