"""`/api/provider-keys`: the organisation's keys for model providers, encrypted and never shown again."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import Answer, Request, moment
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.domain.keys import ProviderKey

router = APIRouter(route_class=StrictRoute, tags=["Provider keys"], dependencies=[KEY], responses=ERRORS)

ProviderPath = Annotated[str, path("openai", "The provider's name, as in a config's `provider`.")]


class ProviderKeyBody(Request):
    """A key as the provider gave it: visible ASCII, since it goes into a header."""

    key: Annotated[str, Field(min_length=1, max_length=10_000, pattern=r"^[\x21-\x7e]*$", repr=False)]


class ProviderKeyResponse(Answer):
    """What may be told of a key: `hint` is its last four characters."""

    provider: str
    hint: str
    created_at: datetime
    updated_at: datetime


@router.get("/api/provider-keys", operation_id="ProviderKeys_list")
async def listing(caller: Caller, services: Use) -> list[ProviderKeyResponse]:
    """List the providers that a key is kept for."""
    return [_view(each) for each in await services.provider_keys.all(caller)]


@router.put("/api/provider-keys/{provider}", operation_id="ProviderKeys_put")
async def put(
    caller: Caller, services: Use, provider: ProviderPath, request: Annotated[ProviderKeyBody, body({"key": "sk-…"})]
) -> ProviderKeyResponse:
    """Keep a key for a provider, in place of the one before."""
    return _view(await services.provider_keys.put(caller, provider, request.key))


@router.delete("/api/provider-keys/{provider}", status_code=204, operation_id="ProviderKeys_delete")
async def delete(caller: Caller, services: Use, provider: ProviderPath) -> None:
    """Forget the key for a provider."""
    await services.provider_keys.delete(caller, provider)


def _view(key: ProviderKey) -> ProviderKeyResponse:
    return ProviderKeyResponse(
        provider=key.provider, hint=key.hint, created_at=moment(key.created_at), updated_at=moment(key.updated_at)
    )
