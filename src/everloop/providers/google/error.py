"""Errors in the wire format of Gemini: `google.rpc.Status` (https://google.aip.dev/193), alone or in a list of one."""

import re
from collections.abc import Mapping
from typing import Any, Final

from everloop.errors import FailureKind, ProviderFailure
from everloop.ports.system import Clock
from everloop.providers import failures
from everloop.providers.failures import LONGEST_MESSAGE, decoded, kind_of
from everloop.providers.retry import AttemptFailed

# https://ai.google.dev/gemini-api/docs/troubleshooting and google.rpc.Code, for errors that come without a number.
_NAMES: Final = {
    "DEADLINE_EXCEEDED": 504,
    "FAILED_PRECONDITION": 400,
    "INVALID_ARGUMENT": 400,
    "NOT_FOUND": 404,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "UNAUTHENTICATED": 401,
    "UNAVAILABLE": 503,
}
_SECONDS: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s", re.ASCII)  # google.protobuf.Duration in JSON


def from_status(origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
    """The failure that an answer with another status than 2xx stands for; the body is already redacted."""
    error = _error(decoded(body))
    failed = failures.from_status(origin, status, headers, _message(error), clock, final=_for_today(error))
    if failed.failure.retry_after is None:
        failed.failure.retry_after = _delay(error)
    if _bad_key(error):
        failed.failure.kind = FailureKind.AUTHENTICATION
    return failed


def holds(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether an answer is an error."""
    return bool(_error(value))


def from_object(origin: str, value: Any) -> ProviderFailure:  # noqa: ANN401 - any JSON value
    """The failure that an error inside an answer stands for; `value` is the object that was sent, already redacted."""
    error = _error(value)
    code = error.get("code")
    if not isinstance(code, int) or not 400 <= code < 600:
        code = _NAMES.get(str(error.get("status")), 500)
    kind = FailureKind.AUTHENTICATION if _bad_key(error) else kind_of(code)
    message = _message(error) or f"{origin} broke its answer off with an error and no explanation."
    return ProviderFailure(kind, message, origin=origin, upstream_code=code, retry_after=_delay(error))


def _error(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value
    error = alone.get("error") if isinstance(alone, dict) else None
    if isinstance(error, str) and error:
        return {"message": error}
    return error if isinstance(error, dict) else {}


def _message(error: Mapping[str, Any]) -> str | None:
    message = error.get("message")
    return message[:LONGEST_MESSAGE] or None if isinstance(message, str) else None


def _details(error: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    details = error.get("details")
    found = details if isinstance(details, list) else []
    return [each for each in found if isinstance(each, dict) and each.get("@type") == f"type.googleapis.com/{kind}"]


def _delay(error: Mapping[str, Any]) -> float | None:
    """The seconds after which Google wants to be asked again."""
    for info in _details(error, "google.rpc.RetryInfo"):
        if found := _SECONDS.fullmatch(str(info.get("retryDelay"))):
            return float(found[1])
    return None


def _for_today(error: Mapping[str, Any]) -> bool:
    """Whether what is used up is a day's quota: a minute's comes back while somebody waits."""
    for failure in _details(error, "google.rpc.QuotaFailure"):
        violations = failure.get("violations")
        for each in violations if isinstance(violations, list) else []:
            if isinstance(each, dict) and "PerDay" in str(each.get("quotaId")):
                return True
    return False


def _bad_key(error: Mapping[str, Any]) -> bool:
    """A key that is unknown, deleted or expired is a 400 at Google."""
    return any(info.get("reason") == "API_KEY_INVALID" for info in _details(error, "google.rpc.ErrorInfo"))
