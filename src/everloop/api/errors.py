"""The one table that turns errors into statuses and into v4's shapes."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import msgspec

from everloop.errors import (
    BadRequest,
    Conflict,
    EverloopError,
    FailureKind,
    InvalidFields,
    LimitReached,
    NotFound,
    NotOffered,
    ProviderFailure,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unprocessable,
)

ORIGIN: Final = "Everloop"

_STATUS: Final[Mapping[type[EverloopError], HTTPStatus]] = {
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    BadRequest: HTTPStatus.BAD_REQUEST,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    InvalidFields: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unprocessable: HTTPStatus.UNPROCESSABLE_ENTITY,
    LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    NotOffered: HTTPStatus.NOT_IMPLEMENTED,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

# v4 documents 400, 401, 404, 422, 429, 500 and 503; a provider's trouble is never our own 500.
_PROVIDER_STATUS: Final[Mapping[FailureKind, HTTPStatus]] = {
    FailureKind.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    FailureKind.AUTHENTICATION: HTTPStatus.UNAUTHORIZED,
    FailureKind.PERMISSION: HTTPStatus.UNAUTHORIZED,
    FailureKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    FailureKind.TOO_LARGE: HTTPStatus.BAD_REQUEST,
    FailureKind.UNPROCESSABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
    FailureKind.RATE_LIMIT: HTTPStatus.TOO_MANY_REQUESTS,
    FailureKind.OVERLOADED: HTTPStatus.SERVICE_UNAVAILABLE,
    FailureKind.SERVER_ERROR: HTTPStatus.SERVICE_UNAVAILABLE,
    FailureKind.TIMEOUT: HTTPStatus.SERVICE_UNAVAILABLE,
    FailureKind.CONNECTION: HTTPStatus.SERVICE_UNAVAILABLE,
    FailureKind.MALFORMED: HTTPStatus.SERVICE_UNAVAILABLE,
}

_TYPE: Final[Mapping[int, str]] = {
    HTTPStatus.BAD_REQUEST: "bad_request_error",
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed_error",
    HTTPStatus.REQUEST_TIMEOUT: "request_timeout_error",
    HTTPStatus.CONFLICT: "conflict_error",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request_too_large_error",
    HTTPStatus.UNPROCESSABLE_ENTITY: "unprocessable_entity_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal_server_error",
    HTTPStatus.NOT_IMPLEMENTED: "not_implemented_error",
    HTTPStatus.SERVICE_UNAVAILABLE: "service_unavailable_error",
}


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An error on the wire."""

    status: int
    content: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The content as JSON."""
        return msgspec.json.encode(self.content)

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as ASGI has them."""
        return [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]


def answer_to(error: EverloopError) -> ErrorAnswer:
    """What the caller gets: a list of fields for `InvalidFields`, an object for everything else."""
    match error:
        case InvalidFields(issues=issues):
            return field_errors([(list(each.location), each.message, each.kind) for each in issues])
        case ProviderFailure():
            return detail(_PROVIDER_STATUS[error.kind], error.message, error.origin, _retry(error.retry_after))
        case LimitReached() | Unavailable():
            return detail(_status(error), error.message, headers=_retry(error.retry_after))
        case _:
            return detail(_status(error), error.message)


def detail(status: int, message: str, origin: str = ORIGIN, headers: Mapping[str, str] | None = None) -> ErrorAnswer:
    """v4's object: what kind of error, what happened, and whose it was."""
    kind = _TYPE.get(status, "error")
    content = {"detail": {"type": kind, "message": message, "code": int(status), "origin": origin}}
    return ErrorAnswer(int(status), content, headers or {})


def field_errors(issues: list[tuple[list[str | int], str, str]]) -> ErrorAnswer:
    """v4's list: for each wrong field where it is, what is wrong, and the kind of error."""
    listed = [{"loc": location, "msg": message, "type": kind} for location, message, kind in issues]
    return ErrorAnswer(int(HTTPStatus.UNPROCESSABLE_ENTITY), {"detail": listed})


@dataclass(frozen=True, slots=True)
class Wording:
    """How one API says errors: one of the tree, a bare status in words, and what goes before an error in a stream."""

    answer: Callable[[EverloopError], ErrorAnswer]
    plain: Callable[[int, str], ErrorAnswer]
    event: bytes


# Named events, so that careful clients see them; the SDKs pass over them.
V4: Final = Wording(answer_to, detail, b"event: error\n")


def _status(error: EverloopError) -> HTTPStatus:
    return next(_STATUS[each] for each in type(error).__mro__ if each in _STATUS)


def _retry(seconds: float | None) -> dict[str, str]:
    """Whole seconds (RFC 9110, 10.2.3); left out when a provider asked for more of them than there are numbers."""
    if seconds is None or not math.isfinite(seconds):
        return {}
    return {"Retry-After": str(max(1, math.ceil(seconds)))}
