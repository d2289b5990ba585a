"""Refusals of Replicate: problem details (RFC 9457), with the reason in `detail`."""

from collections.abc import Mapping
from typing import Any, Final

from everloop.ports.system import Clock
from everloop.providers import failures
from everloop.providers.failures import decoded
from everloop.providers.retry import AttemptFailed

_MONTH: Final = 31 * 24 * 3600


def from_status(origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
    """The failure that an answer with another status than 2xx stands for; the body is already redacted."""
    value = decoded(body)
    if headers.get("Retry-After") is None and (seconds := _patience(value)) is not None:
        headers = {**headers, "Retry-After": str(seconds)}
    return failures.from_status(origin, status, headers, _message(value), clock)


def _message(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    match value:
        case {"detail": str(detail)} if detail.strip():
            return detail.strip()
        case {"title": str(title)}:
            return title
        case _:
            return None


def _patience(value: Any) -> int | None:  # noqa: ANN401 - any JSON value
    """The seconds that a throttled caller shall wait, which Replicate says in the body."""
    match value:
        case {"retry_after": int(seconds)} if 0 <= seconds <= _MONTH:
            return seconds
        case _:
            return None
