"""Errors of the OpenAI format: what they mean, and whether trying again makes sense."""

import json
from typing import Any

import pytest

from everloop.errors import FailureKind
from everloop.providers.failures import decoded
from everloop.providers.openai.error import from_object, from_status
from tests.unit.providers.fakes import StillClock


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (301, FailureKind.MALFORMED, False),
        (400, FailureKind.BAD_REQUEST, False),
        (401, FailureKind.AUTHENTICATION, False),
        (402, FailureKind.BAD_REQUEST, False),
        (403, FailureKind.PERMISSION, False),
        (404, FailureKind.NOT_FOUND, False),
        (408, FailureKind.TIMEOUT, True),
        (409, FailureKind.BAD_REQUEST, False),
        (413, FailureKind.TOO_LARGE, False),
        (422, FailureKind.UNPROCESSABLE, False),
        (429, FailureKind.RATE_LIMIT, True),
        (500, FailureKind.SERVER_ERROR, True),
        (501, FailureKind.SERVER_ERROR, False),
        (502, FailureKind.SERVER_ERROR, True),
        (503, FailureKind.OVERLOADED, True),
        (504, FailureKind.SERVER_ERROR, True),
        (529, FailureKind.OVERLOADED, True),
        (599, FailureKind.SERVER_ERROR, False),
    ],
)
def test_statuses(status: int, kind: FailureKind, *, retryable: bool):
    failed = from_status("OpenAI", status, {}, b'{"error": {"message": "Why"}}', StillClock())
    assert failed.retryable is retryable
    failure = failed.failure
    assert (failure.kind, failure.message, failure.upstream_code, failure.origin) == (kind, "Why", status, "OpenAI")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "Why"}}', "Why"),
        (b'{"error": "Why"}', "Why"),
        (b'{"object": "error", "message": "Why", "code": 400}', "Why"),
        (b'{"detail": "Why"}', "Why"),
        (b'{"detail": [{"msg": "Why"}]}', None),
        (b'{"error": {"message": ""}}', None),
        (b'{"error": {"message": null}}', None),
        (b'{"error": null}', None),
        (b"[1]", None),
        (b"", None),
        (b"<html><body>Bad Gateway</body></html>", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
)
def test_messages(body: bytes, message: str | None):
    failure = from_status("OpenAI", 502, {}, body, StillClock()).failure
    assert failure.message == (message or "OpenAI answered with status 502 (Bad Gateway) and no explanation.")


def test_messages_are_cut():
    body = json.dumps({"error": {"message": "x" * 5000}}).encode()
    assert from_status("OpenAI", 400, {}, body, StillClock()).failure.message == "x" * 2000


def test_a_status_without_a_name():
    assert "529 (unknown)" in from_status("OpenAI", 529, {}, b"", StillClock()).failure.message


def test_retry_after_is_kept():
    assert from_status("OpenAI", 429, {"Retry-After": "3"}, b"", StillClock()).failure.retry_after == 3


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"X-Should-Retry": "false"}, b""),
        ({}, b'{"error": {"message": "Pay", "code": "insufficient_quota"}}'),
        ({}, b'{"error": {"message": "Pay", "type": "insufficient_quota", "code": null}}'),
    ],
)
def test_the_vendor_may_say_that_it_is_senseless(headers: dict[str, str], body: bytes):
    assert not from_status("OpenAI", 429, headers, body, StillClock()).retryable


@pytest.mark.parametrize(
    ("value", "kind", "code"),
    [
        ({"error": {"message": "Why", "code": "rate_limit_exceeded"}}, FailureKind.RATE_LIMIT, 200),
        ({"error": {"message": "Why", "type": "overloaded_error", "code": None}}, FailureKind.OVERLOADED, 200),
        ({"error": {"message": "Why", "type": "invalid_request_error", "code": "new"}}, FailureKind.BAD_REQUEST, 200),
        ({"error": {"message": "Why", "code": 502}}, FailureKind.SERVER_ERROR, 502),
        ({"error": {"message": "Why", "code": 429, "type": "server_error"}}, FailureKind.RATE_LIMIT, 429),
        ({"error": {"message": "Why", "code": 7}}, FailureKind.SERVER_ERROR, 200),
        ({"error": {"message": "Why", "code": ["odd"]}}, FailureKind.SERVER_ERROR, 200),
        ({"error": "Why"}, FailureKind.SERVER_ERROR, 200),
        ({"message": "Why", "type": "timeout"}, FailureKind.TIMEOUT, 200),
    ],
)
def test_error_objects(value: Any, kind: FailureKind, code: int):
    failure = from_object("OpenAI", value)
    assert (failure.kind, failure.message, failure.upstream_code) == (kind, "Why", code)


@pytest.mark.parametrize("value", [None, [], 5, {}, {"error": {}}, {"error": True}])
def test_errors_that_say_nothing(value: Any):
    failure = from_object("OpenAI", value)
    assert failure.kind is FailureKind.SERVER_ERROR
    assert failure.message == "OpenAI broke its answer off with an error and no explanation."


def test_decoded_takes_json_alone():
    assert decoded(b'{"a": 1}') == {"a": 1}
    assert decoded(b"{") is decoded(b"\xff") is decoded(b"[" * 100_000) is None
