"""Errors of Bedrock: one for each that the vendor documents, and odd ones."""

import json
from typing import Any

import pytest
from botocore.loaders import Loader

from everloop.errors import FailureKind
from everloop.providers.bedrock.error import from_exception, from_status
from tests.unit.providers.fakes import StillClock

# The errors of Converse in the vendor's own model of the service (botocore, data/bedrock-runtime), with its statuses;
# its messages as users saw them.
CONVERSE = {
    "AccessDeniedException": (403, FailureKind.PERMISSION, 1),
    "ThrottlingException": (429, FailureKind.RATE_LIMIT, 3),
    "ResourceNotFoundException": (404, FailureKind.NOT_FOUND, 1),
    "ModelTimeoutException": (408, FailureKind.TIMEOUT, 3),
    "InternalServerException": (500, FailureKind.SERVER_ERROR, 3),
    "ServiceUnavailableException": (503, FailureKind.OVERLOADED, 3),
    "ValidationException": (400, FailureKind.BAD_REQUEST, 1),
    "ModelNotReadyException": (429, FailureKind.OVERLOADED, 3),
    "ModelErrorException": (424, FailureKind.SERVER_ERROR, 1),
}
# https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html and
# https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
COMMON = {
    "ExpiredTokenException": (403, FailureKind.AUTHENTICATION, 1),
    "IncompleteSignature": (400, FailureKind.AUTHENTICATION, 1),
    "InvalidSignatureException": (403, FailureKind.AUTHENTICATION, 1),
    "MissingAuthenticationTokenException": (403, FailureKind.AUTHENTICATION, 1),
    "UnrecognizedClientException": (403, FailureKind.AUTHENTICATION, 1),
}
STREAM = {
    "internalServerException": FailureKind.SERVER_ERROR,
    "modelStreamErrorException": FailureKind.SERVER_ERROR,
    "validationException": FailureKind.BAD_REQUEST,
    "throttlingException": FailureKind.RATE_LIMIT,
    "serviceUnavailableException": FailureKind.OVERLOADED,
}


def service() -> Any:
    return Loader().load_service_model("bedrock-runtime", "service-2")


def test_every_error_of_the_vendors_own_model_is_here():
    shapes, operations = service()["shapes"], service()["operations"]
    for name in ("Converse", "ConverseStream"):
        errors = {each["shape"] for each in operations[name]["errors"]}
        assert errors == set(CONVERSE)
        assert {each: shapes[each]["error"]["httpStatusCode"] for each in errors} == {
            each: status for each, (status, _, _) in CONVERSE.items()
        }
    events = shapes["ConverseStreamOutput"]["members"]
    assert {name for name, each in events.items() if shapes[each["shape"]].get("exception")} == set(STREAM)


@pytest.mark.parametrize("name", [*CONVERSE, *COMMON])
@pytest.mark.parametrize("address", ["", ":http://internal.amazon.com/coral/com.amazon.bedrock/"])
def test_each_status(name: str, address: str):
    status, kind, tries = (CONVERSE | COMMON)[name]
    body = json.dumps({"message": "It went wrong."}).encode()
    failed = from_status("AWS Bedrock", status, {"X-Amzn-ErrorType": name + address}, body, StillClock())
    failure = failed.failure
    assert (failure.kind, failure.message, failure.upstream_code) == (kind, "It went wrong.", status)
    assert failed.retryable == (tries > 1)


@pytest.mark.parametrize("name", STREAM)
def test_each_exception_in_a_stream(name: str):
    failure = from_exception("AWS Bedrock", name, b'{"message": "It went wrong."}')
    assert (failure.kind, failure.message, failure.upstream_code) == (STREAM[name], "It went wrong.", 200)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"Message": "Bearer token is missing."}', "Bearer token is missing."),  # as gateways of AWS write it
        (b'{"message": null}', "AWS Bedrock answered with status 403 (Forbidden) and no explanation."),
        (b'{"message": ""}', "AWS Bedrock answered with status 403 (Forbidden) and no explanation."),
        (b"<html>", "AWS Bedrock answered with status 403 (Forbidden) and no explanation."),
        (b"[]", "AWS Bedrock answered with status 403 (Forbidden) and no explanation."),
    ],
)
def test_odd_bodies(body: bytes, message: str):
    failure = from_status("AWS Bedrock", 403, {}, body, StillClock()).failure
    assert (failure.kind, failure.message) == (FailureKind.PERMISSION, message)


@pytest.mark.parametrize("name", ["", "songException", "ü", ":"])
def test_odd_exceptions(name: str):
    failure = from_exception("AWS Bedrock", name, b"<html>")
    assert failure.kind is FailureKind.SERVER_ERROR
    assert failure.message.startswith("AWS Bedrock broke its answer off")
    assert from_exception("AWS Bedrock", name, b"", "Oh.").message == "Oh."
    assert len(from_exception("AWS Bedrock", name, json.dumps({"message": "x" * 5000}).encode()).message) == 2000


def test_patience_is_asked_for():
    failed = from_status("AWS Bedrock", 429, {"Retry-After": "7"}, b"{}", StillClock())
    assert failed.failure.retry_after == 7
