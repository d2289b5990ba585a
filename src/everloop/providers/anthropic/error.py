"""Errors of the Messages API: a status with a body, or an `error` where an answer should be.

https://platform.claude.com/docs/en/api/errors
"""

from collections.abc import Mapping
from typing import Any, Final

from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers import failures
from everloop.providers.failures import LONGEST_MESSAGE, decoded, kind_of
from everloop.providers.retry import AttemptFailed

# An error in a stream has a type and no status; these are the statuses that the types stand for.
_STATUSES: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
# Statuses of 429 that last for weeks.
_SPENT: Final = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})


def from_status(origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
    """The failure that an answer with another status than 2xx stands for; the body is already redacted."""
    value = decoded(body)
    return failures.from_status(origin, status, headers, _message(value), clock, final=_spent(value))


def from_object(origin: str, value: Any) -> ProviderFailure:  # noqa: ANN401 - any JSON value
    """The failure that an error inside an answer stands for; `value` is the object that was sent, already redacted."""
    match value:
        case {"error": {"type": str(kind)}}:
            status = _STATUSES.get(kind, 500)
        case _:
            status = 500
    message = _message(value) or f"{origin} broke its answer off with an error and no explanation."
    return ProviderFailure(kind_of(status), message, origin=origin, upstream_code=200)


def _message(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    match value:
        case {"error": {"message": str(message)}} | {"error": str(message)} | {"message": str(message)}:
            return message[:LONGEST_MESSAGE] or None
        case _:
            return None


def _spent(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether the vendor says itself that trying again is senseless."""
    match value:
        case {"error": {"details": {"error_code": str(code)}}}:
            return code in _SPENT
        case _:
            return False
