import json

import pytest

from everloop.api.openai.errors import OPENAI
from everloop.api.wording import wording_of
from everloop.errors import (
    BadRequest,
    Conflict,
    EverloopError,
    FailureKind,
    FieldIssue,
    InvalidFields,
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

REQUEST, SERVER, RATE = "invalid_request_error", "server_error", "rate_limit_error"


def told(error: EverloopError):
    answer = OPENAI.answer(error)
    content = json.loads(answer.body)["error"]
    assert set(content) == {"message", "type", "param", "code"}
    return answer.status, content["type"], content["param"], content["code"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Unauthenticated("m"), (401, REQUEST, None, "invalid_api_key")),
        (BadRequest("m"), (400, REQUEST, None, None)),
        (UnknownModel("m"), (404, REQUEST, "model", "model_not_found")),
        (NotFound("m"), (404, REQUEST, None, "not_found")),
        (Conflict("m"), (409, REQUEST, None, "conflict")),
        (Unprocessable("m"), (400, REQUEST, None, None)),
        (UnknownTool("m"), (400, REQUEST, None, None)),
        (MissingInputs(["b"]), (400, REQUEST, "inputs", "missing_inputs")),
        (TooLarge("m"), (413, REQUEST, None, "request_too_large")),
        (NotOffered("m"), (501, SERVER, None, None)),
        (Unavailable("m"), (503, SERVER, None, "unavailable")),
        (InvalidFields.one(("body",), "m"), (400, REQUEST, None, "invalid_value")),
        (InvalidFields.one(("body", "messages", 0, "role"), "m"), (400, REQUEST, "messages[0].role", "invalid_value")),
        (InvalidFields.one(("header", "Idempotency-Key"), "m"), (400, REQUEST, "Idempotency-Key", "invalid_value")),
        (
            InvalidFields([FieldIssue(("body", "model"), "m", "missing"), FieldIssue(("body", "n"), "m")]),
            (400, REQUEST, "model", "missing_required_parameter"),
        ),
    ],
)
def test_our_own_errors(error, expected):
    assert told(error) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FailureKind.BAD_REQUEST, (400, REQUEST, None, "provider_bad_request")),
        (FailureKind.TOO_LARGE, (400, REQUEST, None, "provider_too_large")),
        (FailureKind.UNPROCESSABLE, (400, REQUEST, None, "provider_unprocessable")),
        (FailureKind.RATE_LIMIT, (429, RATE, None, "rate_limit_exceeded")),
        (FailureKind.AUTHENTICATION, (502, SERVER, None, "provider_authentication")),
        (FailureKind.PERMISSION, (502, SERVER, None, "provider_permission")),
        (FailureKind.NOT_FOUND, (502, SERVER, None, "provider_not_found")),
        (FailureKind.OVERLOADED, (503, SERVER, None, "provider_overloaded")),
        (FailureKind.SERVER_ERROR, (503, SERVER, None, "provider_server_error")),
        (FailureKind.TIMEOUT, (503, SERVER, None, "provider_timeout")),
        (FailureKind.CONNECTION, (503, SERVER, None, "provider_connection")),
        (FailureKind.MALFORMED, (503, SERVER, None, "provider_malformed")),
    ],
)
def test_a_providers_failures(kind, expected):
    error = ProviderFailure(kind, "no", origin="Vendor")
    assert told(error) == expected
    assert OPENAI.answer(error).content["error"]["message"] == "Vendor: no"


def test_every_kind_of_failure_was_looked_at():
    (parameters,) = [each for each in test_a_providers_failures.pytestmark if each.name == "parametrize"]
    assert {kind for kind, _ in parameters.args[1]} == set(FailureKind)


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (ProviderFailure(FailureKind.RATE_LIMIT, "m", origin="V", retry_after=2.5), {"Retry-After": "3"}),
        (Unavailable("m", retry_after=4), {"Retry-After": "4"}),
        (Conflict("m"), {"x-should-retry": "false"}),
        (ProviderFailure(FailureKind.AUTHENTICATION, "m", origin="V"), {"x-should-retry": "false"}),
        (BadRequest("m"), {}),
    ],
)
def test_clients_are_told_whether_and_when_to_try_again(error, headers):
    assert OPENAI.answer(error).headers == headers


def test_the_services_words_are_said_in_openais():
    error = InvalidFields.one(("body", "num_samples"), "`num_samples` must be from 1 to 32.")
    content = OPENAI.answer(error).content["error"]
    assert (content["param"], content["message"]) == ("n", "`n` must be from 1 to 32.")


@pytest.mark.parametrize(("path", "is_theirs"), [("/openai/v1/models", True), ("/v4/openai/", False), ("/", False)])
def test_only_openais_addresses_speak_so(path, is_theirs):
    assert (wording_of(path) is OPENAI) is is_theirs


@pytest.mark.parametrize(("status", "kind"), [(404, REQUEST), (405, REQUEST), (500, SERVER)])
def test_a_bare_status(status, kind):
    answer = OPENAI.plain(status, "m")
    assert (answer.status, answer.content["error"]["type"]) == (status, kind)
