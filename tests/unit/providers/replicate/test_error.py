"""Refusals that Replicate documents or that were recorded, each with where it was seen."""

import json
from typing import Any

import pytest

from everloop.errors import FailureKind
from everloop.providers.replicate.error import from_status
from tests.unit.providers.fakes import StillClock

SEEN: list[tuple[int, Any, FailureKind, bool, str, float | None]] = [
    (
        # replicate-python, tests/cassettes/run__invalid-token.yaml
        401,
        {"title": "Unauthenticated", "detail": "You did not pass a valid authentication token", "status": 401},
        FailureKind.AUTHENTICATION,
        False,
        "You did not pass a valid authentication token",
        None,
    ),
    (
        # https://replicate.com/docs/topics/predictions/rate-limits
        429,
        {"detail": "Request was throttled. Your rate limit resets in ~30s."},
        FailureKind.RATE_LIMIT,
        True,
        "Request was throttled. Your rate limit resets in ~30s.",
        None,
    ),
    (
        # https://github.com/nodetool-ai/nodetool/issues/5196
        429,
        {"detail": "Request was throttled. Your rate limit resets in ~5s.", "status": 429, "retry_after": 5},
        FailureKind.RATE_LIMIT,
        True,
        "Request was throttled. Your rate limit resets in ~5s.",
        5.0,
    ),
]


@pytest.mark.parametrize(("status", "body", "kind", "retryable", "message", "after"), SEEN)
def test_refusals(status: int, body: Any, kind: FailureKind, *, retryable: bool, message: str, after: float | None):
    failed = from_status("Replicate", status, {}, json.dumps(body).encode(), StillClock())
    failure = failed.failure
    assert (failure.kind, failure.message, failed.retryable) == (kind, message, retryable)
    assert (failure.upstream_code, failure.retry_after) == (status, after)


def test_the_header_goes_before_the_body():
    failed = from_status("Replicate", 429, {"Retry-After": "7"}, b'{"retry_after": 5}', StillClock())
    assert failed.failure.retry_after == 7.0


@pytest.mark.parametrize("after", [-1, "5", 1.5, None, 10**400])
def test_a_patience_that_is_none_is_not_asked_for(after: Any):
    body = json.dumps({"detail": "No.", "retry_after": after}).encode()
    assert from_status("Replicate", 429, {}, body, StillClock()).failure.retry_after is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"title": "Payment required", "detail": " "}', "Payment required"),
        (b'{"detail": 7}', "Replicate answered with status 402 (Payment Required) and no explanation."),
        (b"<h1>No</h1>", "Replicate answered with status 402 (Payment Required) and no explanation."),
    ],
)
def test_other_bodies(body: bytes, message: str):
    assert from_status("Replicate", 402, {}, body, StillClock()).failure.message == message
