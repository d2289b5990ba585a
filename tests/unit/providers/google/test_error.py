"""Errors of the Gemini format: what they mean, and whether trying again makes sense. Each tells where it was seen."""

import json
from typing import Any

import pytest

from everloop.errors import FailureKind
from everloop.providers.google.error import from_object, from_status, holds
from tests.unit.providers.fakes import StillClock


def detail(kind: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **fields}


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {
        "error": {"code": code, "message": message, "status": status, **({"details": [*details]} if details else {})}
    }


def quota(quota_id: str, retry_delay: str) -> dict[str, Any]:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global", "model": "gemini-2.5-flash"},
        "quotaValue": "20",
    }
    links = [
        {
            "description": "Learn more about Gemini API quotas",
            "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
        }
    ]
    return error(
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota, please check your plan and billing details.",
        detail("Help", links=links),
        detail("QuotaFailure", violations=[violation]),
        detail("RetryInfo", retryDelay=retry_delay),
    )


BAD_KEY = error(
    400,
    "INVALID_ARGUMENT",
    "API key not valid. Please pass a valid API key.",
    detail("ErrorInfo", reason="API_KEY_INVALID", domain="googleapis.com"),
    detail("LocalizedMessage", locale="en-US", message="API key not valid. Please pass a valid API key."),
)

# What Google says, and what it means: kind, whether to try again, seconds to wait.
SEEN: dict[str, tuple[Any, FailureKind, bool, float | None]] = {
    # https://github.com/continuedev/continue/issues/8516 (a list of one)
    "bad key": ([BAD_KEY], FailureKind.AUTHENTICATION, False, None),
    # https://github.com/google-gemini/gemini-cli/issues/24641
    "location": (
        error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
        FailureKind.BAD_REQUEST,
        False,
        None,
    ),
    # https://github.com/googleapis/js-genai/issues/1609
    "several candidates": (
        error(400, "INVALID_ARGUMENT", "Multiple candidates is not enabled for this model"),
        FailureKind.BAD_REQUEST,
        False,
        None,
    ),
    # https://github.com/BigPizzaV3/CodexPlusPlus/issues/332
    "no signature": (
        [error(400, "INVALID_ARGUMENT", "Function call is missing a thought_signature in functionCall parts.")],
        FailureKind.BAD_REQUEST,
        False,
        None,
    ),
    # The statuses of https://ai.google.dev/gemini-api/docs/troubleshooting, with messages in its words
    "forbidden": (
        error(403, "PERMISSION_DENIED", "Your API key doesn't have the required permissions."),
        FailureKind.PERMISSION,
        False,
        None,
    ),
    "no such model": (
        error(404, "NOT_FOUND", "The requested resource wasn't found."),
        FailureKind.NOT_FOUND,
        False,
        None,
    ),
    "internal": (
        error(500, "INTERNAL", "An unexpected error occurred on Google's side."),
        FailureKind.SERVER_ERROR,
        True,
        None,
    ),
    "deadline": (
        error(504, "DEADLINE_EXCEEDED", "The service is unable to finish processing within the deadline."),
        FailureKind.SERVER_ERROR,
        True,
        None,
    ),
    # https://github.com/google-gemini/gemini-cli/issues/14811
    "exhausted": (
        error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        FailureKind.RATE_LIMIT,
        True,
        None,
    ),
    # https://github.com/RooCodeInc/Roo-Code/issues/3883
    "a minute's quota": (
        quota("GenerateContentInputTokensPerModelPerMinute-FreeTier", "26s"),
        FailureKind.RATE_LIMIT,
        True,
        26.0,
    ),
    # https://github.com/ogkalu2/comic-translate/issues/403 and https://github.com/diegosouzapw/OmniRoute/issues/9504
    "a day's quota": (
        quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "36.429760048s"),
        FailureKind.RATE_LIMIT,
        False,
        36.429760048,
    ),
    # https://github.com/google-gemini/gemini-cli/issues/5191
    "overloaded": (
        error(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        FailureKind.OVERLOADED,
        True,
        None,
    ),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_google_says(name: str):
    value, kind, retryable, wait = SEEN[name]
    said = (value[0] if isinstance(value, list) else value)["error"]
    failed = from_status("Google", said["code"], {}, json.dumps(value).encode(), StillClock())
    assert (failed.retryable, failed.failure.retry_after) == (retryable, wait)
    for failure in (failed.failure, from_object("Google", value)):
        assert (failure.kind, failure.message) == (kind, said["message"])
        assert (failure.upstream_code, failure.retry_after, failure.origin) == (said["code"], wait, "Google")


def test_the_header_goes_before_the_body():
    body = json.dumps(quota("PerMinute", "26s")).encode()
    assert from_status("Google", 429, {"Retry-After": "3"}, body, StillClock()).failure.retry_after == 3


@pytest.mark.parametrize("delay", ["", "s", "26", "-1s", "1e3s", "٣s", "9999999999s", None, 26, ["26s"]])
def test_delays_that_are_none(delay: Any):
    value = error(429, "RESOURCE_EXHAUSTED", "Later.", detail("RetryInfo", retryDelay=delay))
    assert from_object("Google", value).retry_after is None


@pytest.mark.parametrize(
    "details",
    [
        None,
        {},
        "x",
        [None],
        [[]],
        [detail("QuotaFailure")],
        [detail("QuotaFailure", violations={})],
        [detail("QuotaFailure", violations=[None, {}, {"quotaId": 7}])],
        [detail("ErrorInfo", reason=["API_KEY_INVALID"])],
        [{"@type": 7, "reason": "API_KEY_INVALID"}],
    ],
)
def test_odd_details_say_nothing(details: Any):
    body = json.dumps({"error": {"message": "Why", "details": details}}).encode()
    failed = from_status("Google", 429, {}, body, StillClock())
    assert (failed.failure.kind, failed.failure.retry_after, failed.retryable) == (FailureKind.RATE_LIMIT, None, True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[1]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"error": null}',
        b'{"error": {"message": 7}}',
        b"<html></html>",
    ],
)
def test_bodies_that_explain_nothing(body: bytes):
    failure = from_status("Google", 502, {}, body, StillClock()).failure
    assert failure.message == "Google answered with status 502 (Bad Gateway) and no explanation."


@pytest.mark.parametrize(
    ("value", "kind", "code"),
    [
        ({"error": {"status": "UNAVAILABLE"}}, FailureKind.OVERLOADED, 503),
        ({"error": {"status": "RESOURCE_EXHAUSTED", "code": 8}}, FailureKind.RATE_LIMIT, 429),
        ({"error": {"status": "NEW", "code": "429"}}, FailureKind.SERVER_ERROR, 500),
        ({"error": {"status": ["odd"], "code": True}}, FailureKind.SERVER_ERROR, 500),
        ({"error": {"code": 10**30}}, FailureKind.SERVER_ERROR, 500),
    ],
)
def test_errors_in_an_answer_without_a_message(value: Any, kind: FailureKind, code: int):
    failure = from_object("Google", value)
    assert (failure.kind, failure.upstream_code) == (kind, code)
    assert failure.message == "Google broke its answer off with an error and no explanation."


def test_a_message_alone_is_an_error_and_is_cut():
    assert from_object("Google", {"error": "x" * 5000}).message == "x" * 2000


@pytest.mark.parametrize(
    "value", [None, [], 5, "x", {}, {"error": {}}, {"error": ""}, {"error": []}, {"candidates": []}]
)
def test_no_error(value: Any):
    assert not holds(value)
