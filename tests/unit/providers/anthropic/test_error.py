"""Errors of the Messages API: one fixture for each that the vendor documents, with where it was seen."""

import json
from typing import Any

import pytest

from everloop.errors import FailureKind
from everloop.providers.anthropic.error import from_object, from_status
from tests.unit.providers.fakes import StillClock

# All of https://platform.claude.com/docs/en/api/errors, "HTTP errors"; the bodies are `ErrorResponse` of the official
# client (anthropic/types/shared/error_response.py and the types beside it).
DOCUMENTED = [
    (400, "invalid_request_error", FailureKind.BAD_REQUEST, False),
    (401, "authentication_error", FailureKind.AUTHENTICATION, False),
    (402, "billing_error", FailureKind.BAD_REQUEST, False),
    (403, "permission_error", FailureKind.PERMISSION, False),
    (404, "not_found_error", FailureKind.NOT_FOUND, False),
    (409, "conflict_error", FailureKind.BAD_REQUEST, False),
    (413, "request_too_large", FailureKind.TOO_LARGE, False),
    (429, "rate_limit_error", FailureKind.RATE_LIMIT, True),
    (500, "api_error", FailureKind.SERVER_ERROR, True),
    (504, "timeout_error", FailureKind.SERVER_ERROR, True),
    (529, "overloaded_error", FailureKind.OVERLOADED, True),
]


def body(kind: str, message: Any = "Why", **details: Any) -> dict[str, Any]:
    error = {"type": kind, "message": message} | ({"details": details} if details else {})
    return {"type": "error", "error": error, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"}


@pytest.mark.parametrize(("status", "kind", "ours", "retryable"), DOCUMENTED)
def test_statuses(status: int, kind: str, ours: FailureKind, *, retryable: bool):
    failed = from_status("Anthropic", status, {}, json.dumps(body(kind)).encode(), StillClock())
    assert failed.retryable is retryable
    failure = failed.failure
    assert (failure.kind, failure.message, failure.upstream_code, failure.origin) == (ours, "Why", status, "Anthropic")


@pytest.mark.parametrize(("kind", "ours"), [(kind, ours) for _, kind, ours, _ in DOCUMENTED])
def test_types_in_a_stream_mean_the_same(kind: str, ours: FailureKind):
    """https://platform.claude.com/docs/en/build-with-claude/streaming, "Error events"."""
    failure = from_object("Anthropic", body(kind))
    assert (failure.kind, failure.message, failure.upstream_code) == (ours, "Why", 200)


@pytest.mark.parametrize(
    ("code", "retryable"),
    [
        # anthropic/types/shared/enforced_spend_limit_reached_error.py, contract_spend_limit_reached_error.py: for weeks
        ("enforced_spend_limit_reached", False),
        ("contract_spend_limit_reached", False),
        # anthropic/types/shared/ramp_limit_exceeded_error.py: "Retry after the time in the `retry-after` header."
        ("ramp_limit_exceeded", True),
        ("of_next_year", True),
    ],
)
def test_a_limit_may_last_for_weeks(code: str, *, retryable: bool):
    said = json.dumps(body("rate_limit_error", error_code=code)).encode()
    assert from_status("Anthropic", 429, {}, said, StillClock()).retryable is retryable


def test_the_vendors_patience():
    headers = {"Retry-After": "3", "X-Should-Retry": "false"}
    failed = from_status("Anthropic", 429, headers, json.dumps(body("rate_limit_error")).encode(), StillClock())
    assert (failed.failure.retry_after, failed.retryable) == (3, False)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b'{"error": "Why"}', "Why"),
        (b'{"message": "Why"}', "Why"),
        (b'{"error": {"type": "api_error", "message": ""}}', None),
        (b'{"error": {"type": "api_error", "message": 5, "details": [1]}}', None),
        (b'{"error": {"type": 5, "details": {"error_code": ["odd"]}}}', None),
        (b'{"error": null}', None),
        (b"[1]", None),
        (b"", None),
        (b"<html><body>Bad Gateway</body></html>", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
)
def test_messages(said: bytes, message: str | None):
    failure = from_status("Anthropic", 502, {}, said, StillClock()).failure
    assert failure.message == (message or "Anthropic answered with status 502 (Bad Gateway) and no explanation.")


def test_messages_are_cut():
    assert from_object("Anthropic", body("api_error", "x" * 5000)).message == "x" * 2000


@pytest.mark.parametrize("value", [None, [], 5, {}, {"error": {}}, {"error": True}, {"error": {"type": 5}}])
def test_errors_that_say_nothing(value: Any):
    failure = from_object("Anthropic", value)
    assert failure.kind is FailureKind.SERVER_ERROR
    assert failure.message == "Anthropic broke its answer off with an error and no explanation."
