"""Errors of Cohere: a status with a `message` (https://docs.cohere.com/reference/errors), or one inside an answer."""

from collections.abc import Mapping
from typing import Any, Final

from everloop.errors import FailureKind, ProviderFailure
from everloop.ports.system import Clock
from everloop.providers import failures
from everloop.providers.failures import LONGEST_MESSAGE, decoded
from everloop.providers.retry import AttemptFailed

# A trial key may be used so often a month, and no retry helps before the month is over.
_MONTHLY: Final = "/ month"


def from_status(origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
    """The failure that an answer with another status than 2xx stands for; the body is already redacted."""
    message = _message(decoded(body))
    final = message is not None and _MONTHLY in message
    return failures.from_status(origin, status, headers, message, clock, final=final)


def inside(origin: str, value: Any) -> ProviderFailure | None:  # noqa: ANN401 - any JSON value
    """The failure that an error where an answer should be stands for, if it is one; already redacted."""
    message = _message(value)
    return broken(origin, message, FailureKind.SERVER_ERROR) if message is not None else None


def broken(origin: str, message: str | None, kind: FailureKind) -> ProviderFailure:
    """An answer that was broken off, with the vendor's explanation, if it gave one."""
    words = (message or "")[:LONGEST_MESSAGE] or f"{origin} broke its answer off with an error and no explanation."
    return ProviderFailure(kind, words, origin=origin, upstream_code=200)


def _message(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    match value:
        case {"message": str(message)}:
            return message[:LONGEST_MESSAGE]
        case _:
            return None
