"""JSON as it comes from outside, read strictly: what cannot be kept unaltered is refused.

`NaN`, `Infinity`, numbers beyond a double, lone surrogates, invalid UTF-8 and absurd nesting are refused; whole
numbers of any size are kept as they are. A byte order mark is accepted.
"""

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import msgspec
from fastapi import Request, Response
from fastapi.routing import APIRoute

from everloop.errors import FieldIssue, InvalidFields

_decode = msgspec.json.Decoder().decode
_BOM: Final = b"\xef\xbb\xbf"
# Deeper nesting than this is no honest input; it also keeps every later walk of the value from running out of stack.
_MAX_DEPTH: Final = 200


def decode(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The value in `body`. Raises `InvalidFields` in the shape of a validation error."""
    try:
        value = _decode(body.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(_reason(error)) from None
    if body.count(b"[") + body.count(b"{") > _MAX_DEPTH and _deeper_than(value, _MAX_DEPTH):
        raise invalid(f"nested deeper than {_MAX_DEPTH} levels")
    return value


def invalid(reason: str) -> InvalidFields:
    """The error of a body that is not JSON."""
    return InvalidFields([FieldIssue(("body",), f"The body is not valid JSON: {reason}.", "value_error.jsondecode")])


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"nested deeper than {_MAX_DEPTH} levels"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(error).removeprefix("JSON is malformed: ").rstrip(".")


def _deeper_than(value: Any, depth: int) -> bool:  # noqa: ANN401 - any JSON value
    level = _children([value])
    for _ in range(depth):
        if not level:
            return False
        level = _children(child for each in level for child in (each.values() if isinstance(each, dict) else each))
    return bool(level)


def _children(values: Iterable[Any]) -> list[Any]:
    return [each for each in values if isinstance(each, (dict, list))]


class _StrictRequest(Request):
    """FastAPI reads bodies through `json()`; a `JSONDecodeError` becomes its 422."""

    async def json(self) -> Any:  # noqa: ANN401 - any JSON value
        try:
            return decode(await self.body())
        except InvalidFields as error:
            raise json.JSONDecodeError(error.message, "", 0) from None


class StrictRoute(APIRoute):
    """A route whose body is read strictly."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """FastAPI's handler, given the strict request."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict
