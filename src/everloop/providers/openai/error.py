"""Errors in the OpenAI wire format: a status with a body, or an `error` where an answer should be."""

from collections.abc import Mapping
from typing import Any, Final

from everloop.errors import FailureKind, ProviderFailure
from everloop.ports.system import Clock
from everloop.providers import failures
from everloop.providers.failures import LONGEST_MESSAGE, decoded, kind_of
from everloop.providers.retry import AttemptFailed

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


def from_status(origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
    """The failure that an answer with another status than 2xx stands for; the body is already redacted."""
    value = decoded(body)
    return failures.from_status(origin, status, headers, _message(value), clock, final=_final(value))


def from_object(origin: str, value: Any, status: int = 200) -> ProviderFailure:  # noqa: ANN401 - any JSON value
    """The failure that an error inside an answer stands for; `value` is the object that was sent, already redacted."""
    error = value.get("error", value) if isinstance(value, Mapping) else value
    names = (error.get("code"), error.get("type")) if isinstance(error, Mapping) else ()
    code = next((each for each in names if isinstance(each, int) and 400 <= each < 600), None)
    known = (_NAMES[each] for each in names if isinstance(each, str) and each in _NAMES)
    kind = kind_of(code) if code is not None else next(known, FailureKind.SERVER_ERROR)
    message = _message(value) or f"{origin} broke its answer off with an error and no explanation."
    return ProviderFailure(kind, message, origin=origin, upstream_code=code or status)


def _message(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    match value:
        case {"error": {"message": str(message)}} | {"error": str(message)}:
            return message[:LONGEST_MESSAGE] or None
        case {"message": str(message)} | {"detail": str(message)}:
            return message[:LONGEST_MESSAGE] or None
        case _:
            return None


def _final(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether the vendor says itself that trying again is senseless."""
    match value:
        case {"error": {"code": "insufficient_quota"} | {"type": "insufficient_quota"}}:
            return True
        case _:
            return False
