"""What an operator's machines ask: whether the server lives, whether it can work, and its numbers."""

from typing import Final, Literal

from fastapi import APIRouter, Response

from everloop.api.documentation import ERRORS, KEY, ErrorResponse, Responses
from everloop.api.fields import Answer
from everloop.api.services import Use

router = APIRouter(tags=["Operation"])

_NOT_READY: Final[Responses] = {503: {"model": ErrorResponse, "description": "`detail` says what is missing."}}


class State(Answer):
    """How the server is."""

    status: Literal["ok", "ready"]


@router.get("/healthz", operation_id="Operation_health")
async def health() -> State:
    """Say that the process is up."""
    return State(status="ok")


@router.get("/readyz", operation_id="Operation_ready", responses=_NOT_READY)
async def ready(services: Use) -> State:
    """Say whether the database is writable and its migrations are current."""
    await services.health.ready()
    return State(status="ready")


@router.get("/metrics", operation_id="Operation_metrics", dependencies=[KEY], responses=ERRORS, response_class=Response)
async def metrics(services: Use) -> Response:
    """Tell the server's numbers in the Prometheus text format."""
    content, media_type = services.metrics.render()
    return Response(content, media_type=media_type)
