"""What every route's documentation has in common: errors, the API key, examples."""

from typing import Annotated, Any, Final

from fastapi import Body, Depends, Header, Path, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import BaseModel


class ValidationError(BaseModel):
    """One wrong field: its path in the request, what is wrong, and the kind of error."""

    loc: list[str | int]
    msg: str
    type: str


class HTTPValidationError(BaseModel):
    """The wrong fields of a request."""

    detail: list[ValidationError]


class ProviderErrorDetail(BaseModel):
    """What went wrong; `origin` is whose error it is: a provider's name, or Everloop."""

    type: str
    message: str
    code: int
    origin: str


class ErrorResponse(BaseModel):
    """Any error but wrong fields."""

    detail: ProviderErrorDetail | list[ValidationError] | str


Responses = dict[int | str, dict[str, Any]]

ERRORS: Final[Responses] = {
    422: {"model": HTTPValidationError | ErrorResponse, "description": "Something in the request is wrong."},
    "default": {"model": ErrorResponse, "description": "The call failed; `detail` says why and whose error it was."},
}

# The edge authenticates every request; this tells the page and generated clients how.
KEY: Final = Security(
    APIKeyHeader(
        name="X-API-KEY",
        scheme_name="APIKeyHeader",
        description="An API key of your organisation. `everloop keys create` or `POST /api/api-keys` makes one.",
        auto_error=False,
    )
)

# The other way, which is that of OpenAI's clients.
BEARER: Final = Security(
    HTTPBearer(
        scheme_name="BearerAuth",
        description="The same key as `Authorization: Bearer …`, on any route.",
        auto_error=False,
    )
)

KEYED_ERRORS: Final[Responses] = {
    409: {"model": ErrorResponse, "description": "The `Idempotency-Key` was used for a call with another body."},
}

STREAMED: Final[Responses] = {
    200: {
        "description": "The whole answer; with `stream: true` it comes in pieces.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string", "description": "Each `data:` line is an answer with a piece of it."}
            }
        },
    }
}


async def _idempotency_key(
    _key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Makes the call once: whoever repeats it with the same key and body, at the same time or within"
            " 24 hours, gets the same answer, with `Idempotent-Replayed: true`. 1 to 255 visible ASCII characters of"
            " your choice. Not together with `save: false`.",
            examples=["order-1042"],
        ),
    ] = None,
) -> None:
    """Documents the header; `idempotency.py` reads it."""


# For the generating routes.
IDEMPOTENCY: Final = Depends(_idempotency_key)


def body(example: Any) -> Any:  # noqa: ANN401 - FastAPI's markers are untyped, examples any JSON value
    """A request body, with the example that *Try it out* starts from."""
    return Body(openapi_examples={"example": {"value": example}})


def path(example: str, description: str) -> Any:  # noqa: ANN401 - FastAPI's markers are untyped
    """An identifier in the path."""
    return Path(description=description, examples=[example], pattern=r"^[^\x00]*$", max_length=500)
