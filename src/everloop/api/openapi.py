"""The OpenAPI document of all routes, as the framework makes it, with limits that are exact."""

from typing import Any, Final

from fastapi import FastAPI

from everloop.api.fields import INT64

_LIMITS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


class Documented(FastAPI):
    """The framework, which writes every limit as a float: the largest integer that we take as one that we refuse."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            _make_exact(super().openapi())
        return super().openapi()


def _make_exact(part: Any) -> None:  # noqa: ANN401 - any JSON value
    for each in part.values() if isinstance(part, dict) else part:
        if isinstance(each, (dict, list)):
            _make_exact(each)
    if isinstance(part, dict):
        part.update({name: _exact(part[name]) for name in _LIMITS if isinstance(part.get(name), float)})


def _exact(limit: float) -> int | float:
    if limit == float(INT64):
        return INT64
    return int(limit) if limit.is_integer() else limit
