"""Errors that Cohere documents, each with where it was seen.

Statuses and messages: https://docs.cohere.com/reference/errors. The body's `id` is not shown there; the service sends
it (seen verbatim in public reports of its 429).
"""

import json

import pytest

from everloop.errors import FailureKind
from everloop.providers.cohere.error import broken, from_status, inside
from tests.unit.providers.fakes import StillClock

DOCUMENTED = [
    (400, "invalid request: temperature must be between 0 and 1.0 inclusive.", FailureKind.BAD_REQUEST, False),
    (400, "too many tokens: size limit exceeded by 11326 tokens.", FailureKind.BAD_REQUEST, False),
    (401, "invalid api token", FailureKind.AUTHENTICATION, False),
    (401, "no api key supplied", FailureKind.AUTHENTICATION, False),
    (402, "Please add or update your payment method to continue", FailureKind.BAD_REQUEST, False),
    (403, "not allowed", FailureKind.PERMISSION, False),  # the package's ForbiddenError
    (404, "model 'xyz' not found, make sure the correct model ID was used", FailureKind.NOT_FOUND, False),
    (422, "unprocessable", FailureKind.UNPROCESSABLE, False),  # the package's UnprocessableEntityError
    (429, "You are past the per minute request limit, please wait and try again later.", FailureKind.RATE_LIMIT, True),
    (429, "You are using a Trial key, which is limited to 40 API calls / minute.", FailureKind.RATE_LIMIT, True),
    # Seen in public reports; no retry helps within a month.
    (429, "You are using a Trial key, which is limited to 1000 API calls / month.", FailureKind.RATE_LIMIT, False),
    (498, "blocked", FailureKind.BAD_REQUEST, False),  # the package's InvalidTokenError: a forbidden word, not a key
    (499, "request cancelled", FailureKind.BAD_REQUEST, False),
    (500, "internal server error", FailureKind.SERVER_ERROR, True),
    (501, "not implemented", FailureKind.SERVER_ERROR, False),  # the package's NotImplementedError
    (503, "service unavailable", FailureKind.OVERLOADED, True),  # the package's ServiceUnavailableError
    (504, "gateway timeout", FailureKind.SERVER_ERROR, True),  # the package's GatewayTimeoutError
]


@pytest.mark.parametrize(("status", "message", "kind", "retryable"), DOCUMENTED)
def test_statuses(status: int, message: str, kind: FailureKind, *, retryable: bool):
    body = json.dumps({"id": "24e32f6d-b372-4853-85f2-11e65134f032", "message": message}).encode()
    failed = from_status("Cohere", status, {}, body, StillClock())
    failure = failed.failure
    assert (failure.kind, failure.upstream_code, failed.retryable) == (kind, status, retryable)
    assert failure.message == message


@pytest.mark.parametrize("body", [b"", b"<h1>No</h1>", b"[]", b'{"message": 7}', b'{"message": ""}'])
def test_a_refusal_without_words_gets_some(body: bytes):
    failure = from_status("Cohere", 500, {}, body, StillClock()).failure
    assert failure.message == "Cohere answered with status 500 (Internal Server Error) and no explanation."


def test_long_messages_are_cut():
    failure = from_status("Cohere", 400, {}, json.dumps({"message": "x" * 5000}).encode(), StillClock()).failure
    assert len(failure.message) == 2000


def test_patience_that_is_asked_for():
    failed = from_status("Cohere", 429, {"Retry-After": "7"}, b"{}", StillClock())
    assert (failed.failure.retry_after, failed.retryable) == (7.0, True)


def test_an_error_inside_an_answer():
    failure = inside("Cohere", {"message": "It went wrong."})
    assert failure is not None
    assert (failure.kind, failure.message, failure.upstream_code) == (FailureKind.SERVER_ERROR, "It went wrong.", 200)
    assert inside("Cohere", {"message": {"role": "assistant"}}) is None
    assert "no explanation" in broken("Cohere", None, FailureKind.TIMEOUT).message
