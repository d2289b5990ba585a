"""JSON as it comes from outside, read strictly: what cannot be kept unaltered is refused.

`NaN`, `Infinity`, numbers beyond a double, lone surrogates, invalid UTF-8 and absurd nesting are refused; whole
numbers of any size are kept as they are. A byte order mark is accepted.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
from fastapi import Request, Response
from fastapi.routing import APIRoute

from everloop.domain.depth import MAX_DEPTH, too_deep
from everloop.errors import FieldIssue, InvalidFields

_decode = msgspec.json.Decoder().decode
_BOM: Final = b"\xef\xbb\xbf"
_DEEP: Final = f"nested deeper than {MAX_DEPTH} levels"


def decode(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The value in `body`. Raises `InvalidFields` in the shape of a validation error."""
    try:
        value = _decode(body.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(_reason(error)) from None
    if too_deep(body, value):
        raise invalid(_DEEP)
    return value


def invalid(reason: str) -> InvalidFields:
    """The error of a body that is not JSON."""
    return InvalidFields([FieldIssue(("body",), f"The body is not valid JSON: {reason}.", "value_error.jsondecode")])


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return _DEEP
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(error).removeprefix("JSON is malformed: ").rstrip(".")


class _StrictRequest(Request):
    """FastAPI reads bodies through `json()`; a `JSONDecodeError` becomes its 422."""

    async def json(self) -> Any:  # noqa: ANN401 - any JSON value
        try:
            return decode(await self.body())
        except InvalidFields as error:
            raise json.JSONDecodeError(error.message, "", 0) from None


class StrictRoute(APIRoute):
    """A route whose body is read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, given the strict request."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict
