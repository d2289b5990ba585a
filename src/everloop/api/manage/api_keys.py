"""`/api/api-keys`: what callers authenticate with."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import Answer, Name, Request, moment
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.domain.keys import ApiKey

router = APIRouter(route_class=StrictRoute, tags=["API keys"], dependencies=[KEY], responses=ERRORS)


class ApiKeyBody(Request):
    """What the key is for."""

    name: Name


class ApiKeyResponse(Answer):
    """A key without the key: `hint` is its last four characters; `revoked_at` is null while it works."""

    id: str
    name: str
    hint: str
    created_at: datetime
    revoked_at: datetime | None


class NewApiKeyResponse(ApiKeyResponse):
    """A new key, with the key itself."""

    key: str = Field(description="Told this once; only its hash is kept.")


@router.get("/api/api-keys", operation_id="ApiKeys_list")
async def listing(caller: Caller, services: Use) -> list[ApiKeyResponse]:
    """List the API keys, newest first, the revoked ones included."""
    return [ApiKeyResponse(**_fields(each)) for each in await services.api_keys.all(caller)]


@router.post("/api/api-keys", status_code=201, operation_id="ApiKeys_create")
async def create(
    caller: Caller,
    services: Use,
    response: Response,
    request: Annotated[ApiKeyBody, body({"name": "checkout service"})],
) -> NewApiKeyResponse:
    """Make an API key. The key itself is in this answer and nowhere else."""
    response.headers["Cache-Control"] = "no-store"
    key, plain = await services.api_keys.create(caller, request.name)
    return NewApiKeyResponse(**_fields(key), key=plain)


@router.delete("/api/api-keys/{key_id}", operation_id="ApiKeys_revoke")
async def revoke(
    caller: Caller, services: Use, key_id: Annotated[str, path("key_8Jt4hVy6NqE1oS5wMbD3k", "The key's id.")]
) -> ApiKeyResponse:
    """Revoke an API key: from now on nobody gets in with it."""
    return ApiKeyResponse(**_fields(await services.api_keys.revoke(caller, key_id)))


def _fields(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "created_at": moment(key.created_at),
        "revoked_at": None if key.revoked_at is None else moment(key.revoked_at),
    }
