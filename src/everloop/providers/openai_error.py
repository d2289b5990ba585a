"""Errors in the OpenAI wire format: a status with a body, or an `error` where an answer should be."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from everloop.domain.depth import too_deep
from everloop.errors import FailureKind, ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.retry import AttemptFailed, retry_after

LONGEST_MESSAGE: Final = 2000

_STATUSES: Final = {
    400: FailureKind.BAD_REQUEST,
    401: FailureKind.AUTHENTICATION,
    403: FailureKind.PERMISSION,
    404: FailureKind.NOT_FOUND,
    408: FailureKind.TIMEOUT,
    413: FailureKind.TOO_LARGE,
    422: FailureKind.UNPROCESSABLE,
    429: FailureKind.RATE_LIMIT,
    503: FailureKind.OVERLOADED,
    529: FailureKind.OVERLOADED,
}
_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504, 529})

# `code` and `type` of error objects: https://platform.openai.com/docs/guides/error-codes, and the names that
# compatible servers use for the same.
_NAMES: Final = {
    "authentication_error": FailureKind.AUTHENTICATION,
    "context_length_exceeded": FailureKind.BAD_REQUEST,
    "insufficient_quota": FailureKind.RATE_LIMIT,
    "invalid_api_key": FailureKind.AUTHENTICATION,
    "invalid_request_error": FailureKind.BAD_REQUEST,
    "model_not_found": FailureKind.NOT_FOUND,
    "not_found_error": FailureKind.NOT_FOUND,
    "overloaded_error": FailureKind.OVERLOADED,
    "permission_error": FailureKind.PERMISSION,
    "rate_limit_error": FailureKind.RATE_LIMIT,
    "rate_limit_exceeded": FailureKind.RATE_LIMIT,
    "timeout": FailureKind.TIMEOUT,
}


def decoded(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value of a body, or None when it is not JSON (an error page, a torn answer) or nested absurdly deep."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return None if too_deep(body, value) else value


def malformed(origin: str, message: str, status: int | None = 200) -> ProviderFailure:
    """The provider answered, but not in its own format."""
    return ProviderFailure(FailureKind.MALFORMED, f"{origin} {message}", origin=origin, upstream_code=status)


def from_status(origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
    """The failure that an answer with another status than 2xx stands for; the body is already redacted."""
    value = decoded(body)
    failure = ProviderFailure(
        _kind(status),
        _message(value) or f"{origin} answered with status {status} ({_phrase(status)}) and no explanation.",
        origin=origin,
        upstream_code=status,
        retry_after=retry_after(headers.get("Retry-After"), clock),
    )
    return AttemptFailed(failure, retryable=status in _RETRIED and not _final(headers, value))


def from_object(origin: str, value: Any, status: int = 200) -> ProviderFailure:  # noqa: ANN401 - any JSON value
    """The failure that an error inside an answer stands for; `value` is the object that was sent, already redacted."""
    error = value.get("error", value) if isinstance(value, Mapping) else value
    names = (error.get("code"), error.get("type")) if isinstance(error, Mapping) else ()
    code = next((each for each in names if isinstance(each, int) and 400 <= each < 600), None)
    known = (_NAMES[each] for each in names if isinstance(each, str) and each in _NAMES)
    kind = _kind(code) if code is not None else next(known, FailureKind.SERVER_ERROR)
    message = _message(value) or f"{origin} broke its answer off with an error and no explanation."
    return ProviderFailure(kind, message, origin=origin, upstream_code=code or status)


def _kind(status: int) -> FailureKind:
    if status in _STATUSES:
        return _STATUSES[status]
    if status < 400:
        return FailureKind.MALFORMED  # a redirect, which is never followed
    return FailureKind.BAD_REQUEST if status < 500 else FailureKind.SERVER_ERROR


def _message(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    match value:
        case {"error": {"message": str(message)}} | {"error": str(message)}:
            return message[:LONGEST_MESSAGE] or None
        case {"message": str(message)} | {"detail": str(message)}:
            return message[:LONGEST_MESSAGE] or None
        case _:
            return None


def _final(headers: Mapping[str, str], value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether the vendor says itself that trying again is senseless (its own clients read the same header)."""
    if headers.get("X-Should-Retry", "").lower() == "false":
        return True
    match value:
        case {"error": {"code": "insufficient_quota"} | {"type": "insufficient_quota"}}:
            return True
        case _:
            return False


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown"
