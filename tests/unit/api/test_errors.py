import json

import pytest

from everloop.api.errors import answer_to, detail, field_errors
from everloop.errors import (
    BadRequest,
    Conflict,
    EverloopError,
    FailureKind,
    FieldIssue,
    InvalidFields,
    LimitReached,
    MissingInputs,
    NotFound,
    NotOffered,
    ProviderFailure,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnknownModel,
    UnknownTool,
    Unprocessable,
)


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (Unauthenticated("m"), 401, "authentication_error"),
        (BadRequest("m"), 400, "bad_request_error"),
        (NotFound("m"), 404, "not_found_error"),
        (UnknownModel("m"), 404, "not_found_error"),
        (Conflict("m"), 409, "conflict_error"),
        (Unprocessable("m"), 422, "unprocessable_entity_error"),
        (UnknownTool("m"), 422, "unprocessable_entity_error"),
        (LimitReached("m", 1.5), 429, "rate_limit_error"),
        (TooLarge("m"), 413, "request_too_large_error"),
        (NotOffered("m"), 501, "not_implemented_error"),
        (Unavailable("m"), 503, "service_unavailable_error"),
    ],
)
def test_our_own_errors_are_objects_that_say_so(error, status, kind):
    answer = answer_to(error)
    assert answer.status == status
    assert json.loads(answer.body) == {"detail": {"type": kind, "message": "m", "code": status, "origin": "Everloop"}}


def test_a_reached_limit_says_when_to_come_again():
    assert answer_to(LimitReached("m", 41.2)).headers == {"Retry-After": "42"}


def test_missing_inputs_are_unprocessable_and_named():
    answer = answer_to(MissingInputs(["b", "a"]))
    assert answer.status == 422
    assert "a, b" in answer.content["detail"]["message"]


def test_wrong_fields_are_a_list():
    error = InvalidFields([FieldIssue(("body", 0, "x"), "is wrong"), FieldIssue(("body",), "too", "kind")])
    assert answer_to(error).content == {
        "detail": [
            {"loc": ["body", 0, "x"], "msg": "is wrong", "type": "value_error"},
            {"loc": ["body"], "msg": "too", "type": "kind"},
        ]
    }
    assert answer_to(error).status == field_errors([]).status == 422


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FailureKind.BAD_REQUEST, 400),
        (FailureKind.AUTHENTICATION, 401),
        (FailureKind.PERMISSION, 401),
        (FailureKind.NOT_FOUND, 404),
        (FailureKind.TOO_LARGE, 400),
        (FailureKind.UNPROCESSABLE, 422),
        (FailureKind.RATE_LIMIT, 429),
        (FailureKind.OVERLOADED, 503),
        (FailureKind.SERVER_ERROR, 503),
        (FailureKind.TIMEOUT, 503),
        (FailureKind.CONNECTION, 503),
        (FailureKind.MALFORMED, 503),
    ],
)
def test_a_providers_failure_has_its_origin_and_one_of_v4s_statuses(kind, status):
    answer = answer_to(ProviderFailure(kind, "m", origin="OpenAI", upstream_code=500))
    assert answer.status == answer.content["detail"]["code"] == status
    assert answer.content["detail"]["origin"] == "OpenAI"


def test_every_kind_of_failure_and_every_error_has_a_status():
    for kind in FailureKind:
        assert 400 <= answer_to(ProviderFailure(kind, "m", origin="X")).status < 600

    def tree(root):
        return [root, *(leaf for child in root.__subclasses__() for leaf in tree(child))]

    special = {EverloopError, InvalidFields, MissingInputs, ProviderFailure}
    ours = [each for each in tree(EverloopError) if each not in special and each.__module__ == "everloop.errors"]
    assert len(ours) >= 10
    for error in ours:
        assert answer_to(error("m")).status < 600


@pytest.mark.parametrize(
    ("seconds", "header"),
    [(None, None), (0.0, "1"), (0.2, "1"), (1.4, "2"), (30.0, "30"), (float("inf"), None), (float("nan"), None)],
)
def test_retry_after_is_in_whole_seconds_and_never_too_early(seconds, header):
    failure = ProviderFailure(FailureKind.RATE_LIMIT, "m", origin="X", retry_after=seconds)
    assert answer_to(failure).headers.get("Retry-After") == header


def test_unavailable_says_when_to_come_back():
    assert answer_to(Unavailable("m", retry_after=2.5)).headers == {"Retry-After": "3"}


def test_an_unknown_status_is_still_an_object():
    assert detail(418, "teapot").content["detail"]["type"] == "error"
