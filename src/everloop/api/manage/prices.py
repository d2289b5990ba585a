"""`/api/prices`: what models cost the organisation, where it knows better than the published prices."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import Answer, Name, NoBoolean, Request, moment
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.domain.price import Price
from everloop.services.prices import NewPrice

router = APIRouter(route_class=StrictRoute, tags=["Prices"], dependencies=[KEY], responses=ERRORS)

Dollars = Annotated[
    float,
    Field(ge=0, le=1_000_000, allow_inf_nan=False, description="US dollars for a million tokens."),
    NoBoolean,
]
_EXAMPLE: Final = {"provider": "openai", "model": "gpt-4o", "prompt_price": 2.25, "output_price": 9}


class PriceBody(Request):
    """What a model of a provider costs."""

    provider: Annotated[Name, Field(description="The provider's name, as in a config's `provider`.")]
    model: Annotated[Name, Field(description="The model's name, as in a config's `model`.")]
    prompt_price: Dollars
    output_price: Dollars


class PriceResponse(Answer):
    """A price: US dollars for a million tokens."""

    id: str
    provider: str
    model: str
    prompt_price: float
    output_price: float
    created_at: datetime
    updated_at: datetime


@router.get("/api/prices", operation_id="Prices_list")
async def listing(caller: Caller, services: Use) -> list[PriceResponse]:
    """List the organisation's own prices, by provider and model."""
    return [_view(each) for each in await services.prices.all(caller)]


@router.put("/api/prices", operation_id="Prices_put")
async def put(caller: Caller, services: Use, request: Annotated[PriceBody, body(_EXAMPLE)]) -> PriceResponse:
    """Say what a model costs, in place of what was said before. It goes before the published price.

    It is in force for calls that end from now on; logs keep the cost that they have.
    """
    new = NewPrice(request.provider, request.model, request.prompt_price, request.output_price)
    return _view(await services.prices.put(caller, new))


@router.delete("/api/prices/{price_id}", status_code=204, operation_id="Prices_delete")
async def delete(
    caller: Caller, services: Use, price_id: Annotated[str, path("price_9Fq2LmV6xS4kR8tWcY1nB", "The price's id.")]
) -> None:
    """Delete a price: the published one, if there is one, is in force again."""
    await services.prices.delete(caller, price_id)


def _view(price: Price) -> PriceResponse:
    return PriceResponse(
        id=price.id,
        provider=price.provider,
        model=price.model,
        prompt_price=price.prompt_price,
        output_price=price.output_price,
        created_at=moment(price.created_at),
        updated_at=moment(price.updated_at),
    )
