"""`/api/limits`: what the calls of an API key, or of a project, may use in a minute or in a day."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import Field

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import Answer, NoBoolean, Reference, Request, moment
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.domain.ids import ApiKeyId, ProjectId
from everloop.domain.limit import Measure, Period, Subject, SubjectKind
from everloop.errors import InvalidFields
from everloop.services.limits import LimitState

router = APIRouter(route_class=StrictRoute, tags=["Limits"], dependencies=[KEY], responses=ERRORS)

LimitPath = Annotated[str, path("lim_5Wc8Xn3KvT0pQ7rZyB2mJ", "The limit's id.")]
Amount = Annotated[
    float,
    Field(
        gt=0,
        le=1_000_000_000_000,
        allow_inf_nan=False,
        description="Of requests and tokens a whole number; of `cost` US dollars.",
    ),
    NoBoolean,
]
_EXAMPLE: Final = {
    "project_id": "pr_2Lk7Yt4QwE9sD6fGhJ1zX",
    "measure": "requests",
    "period": "minute",
    "amount": 100,
}


class LimitBody(Request):
    """A new limit, of an API key or of a project."""

    api_key_id: Reference | None = None
    project_id: Reference | None = None
    measure: Literal["requests", "tokens", "cost"]
    period: Literal["minute", "day"]
    amount: Amount

    def subject(self) -> Subject:
        """What is limited. Raises `InvalidFields` unless one thing is named."""
        if self.api_key_id and not self.project_id:
            return Subject(SubjectKind.API_KEY, ApiKeyId(self.api_key_id))
        if self.project_id and not self.api_key_id:
            return Subject(SubjectKind.PROJECT, ProjectId(self.project_id))
        raise InvalidFields.one(("body", "project_id"), "Name either an API key (`api_key_id`) or a project.")


class LimitChangeBody(Request):
    """The amount from now on."""

    amount: Amount


class LimitResponse(Answer):
    """A limit, and what is used of it in the present minute or day, which ends at `ends_at`."""

    id: str
    api_key_id: str | None
    project_id: str | None
    measure: Literal["requests", "tokens", "cost"]
    period: Literal["minute", "day"]
    amount: float
    used: float
    ends_at: datetime
    created_at: datetime
    updated_at: datetime


@router.get("/api/limits", operation_id="Limits_list")
async def listing(caller: Caller, services: Use) -> list[LimitResponse]:
    """List the limits, oldest first, with what is used of each at the moment."""
    return [_view(each) for each in await services.limits.all(caller)]


@router.post("/api/limits", status_code=201, operation_id="Limits_create")
async def create(caller: Caller, services: Use, request: Annotated[LimitBody, body(_EXAMPLE)]) -> LimitResponse:
    """Limit the calls of an API key or of a project: their number, their tokens, or their cost in US dollars.

    Minutes and days are those of UTC. A call over a limit gets a 429 with `Retry-After`, and no log.
    """
    measure, period = Measure(request.measure), Period(request.period)
    return _view(await services.limits.create(caller, request.subject(), measure, period, request.amount))


@router.get("/api/limits/{limit_id}", operation_id="Limits_get")
async def get(caller: Caller, services: Use, limit_id: LimitPath) -> LimitResponse:
    """Get a limit, with what is used of it at the moment."""
    return _view(await services.limits.get(caller, limit_id))


@router.patch("/api/limits/{limit_id}", operation_id="Limits_update")
async def update(
    caller: Caller, services: Use, limit_id: LimitPath, request: Annotated[LimitChangeBody, body({"amount": 500})]
) -> LimitResponse:
    """Change the amount of a limit. What was used in the present minute or day stays used."""
    return _view(await services.limits.update(caller, limit_id, request.amount))


@router.delete("/api/limits/{limit_id}", status_code=204, operation_id="Limits_delete")
async def delete(caller: Caller, services: Use, limit_id: LimitPath) -> None:
    """Delete a limit."""
    await services.limits.delete(caller, limit_id)


def _view(state: LimitState) -> LimitResponse:
    limit = state.limit
    of_key = limit.subject.kind is SubjectKind.API_KEY
    return LimitResponse(
        id=limit.id,
        api_key_id=limit.subject.id if of_key else None,
        project_id=None if of_key else limit.subject.id,
        measure=limit.measure.value,
        period=limit.period.value,
        amount=limit.amount,
        used=state.used,
        ends_at=moment(state.ends_at),
        created_at=moment(limit.created_at),
        updated_at=moment(limit.updated_at),
    )
