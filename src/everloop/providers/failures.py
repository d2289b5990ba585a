"""What goes wrong at any vendor: statuses, and answers that are not in their format."""

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


def unstreamed(origin: str) -> ProviderFailure:
    """A plain answer came where a stream was asked for, and says nothing of why."""
    return malformed(origin, "was asked for a stream and sent something else.")


def from_status(
    origin: str, status: int, headers: Mapping[str, str], message: str | None, clock: Clock, *, final: bool = False
) -> AttemptFailed:
    """The failure that an answer with another status than 2xx stands for.

    `message` is the vendor's own, redacted; `final` says that trying again is senseless although the status alone
    would be worth it. `X-Should-Retry: false` says the same (the vendors' own clients read that header).
    """
    failure = ProviderFailure(
        kind_of(status),
        (message or "")[:LONGEST_MESSAGE]
        or f"{origin} answered with status {status} ({_phrase(status)}) and no explanation.",
        origin=origin,
        upstream_code=status,
        retry_after=retry_after(headers.get("Retry-After"), clock),
    )
    final = final or headers.get("X-Should-Retry", "").lower() == "false"
    return AttemptFailed(failure, retryable=worth_retrying(status) and not final)


def worth_retrying(status: int) -> bool:
    """Whether the same call may succeed a moment later."""
    return status in _RETRIED


def kind_of(status: int) -> FailureKind:
    """The kind of failure that a status stands for."""
    if status in _STATUSES:
        return _STATUSES[status]
    if status < 400:
        return FailureKind.MALFORMED  # a redirect, which is never followed
    return FailureKind.BAD_REQUEST if status < 500 else FailureKind.SERVER_ERROR


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown"
