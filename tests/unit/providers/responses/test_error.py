"""Errors of Responses: one for each code that the vendor documents, and odd ones."""

from typing import Any, get_args

import pytest
from openai.types.responses.response_error import ResponseError

from everloop.errors import FailureKind
from everloop.providers.responses.error import from_error

# `ResponseError.code` of the official package (openai.types.responses.response_error).
DOCUMENTED = {
    "server_error": FailureKind.SERVER_ERROR,
    "rate_limit_exceeded": FailureKind.RATE_LIMIT,
    "invalid_prompt": FailureKind.BAD_REQUEST,
    "data_residency_mismatch": FailureKind.PERMISSION,
    "bio_policy": FailureKind.BAD_REQUEST,
    "misalignment_policy_violation": FailureKind.BAD_REQUEST,
    "vector_store_timeout": FailureKind.TIMEOUT,
    "invalid_image": FailureKind.BAD_REQUEST,
    "invalid_image_format": FailureKind.BAD_REQUEST,
    "invalid_base64_image": FailureKind.BAD_REQUEST,
    "invalid_image_url": FailureKind.BAD_REQUEST,
    "image_too_large": FailureKind.TOO_LARGE,
    "image_too_small": FailureKind.BAD_REQUEST,
    "image_parse_error": FailureKind.BAD_REQUEST,
    "image_content_policy_violation": FailureKind.BAD_REQUEST,
    "invalid_image_mode": FailureKind.BAD_REQUEST,
    "image_file_too_large": FailureKind.TOO_LARGE,
    "unsupported_image_media_type": FailureKind.BAD_REQUEST,
    "empty_image_file": FailureKind.BAD_REQUEST,
    "failed_to_download_image": FailureKind.BAD_REQUEST,
    "image_file_not_found": FailureKind.NOT_FOUND,
}


def test_every_code_of_the_official_package_is_here():
    assert set(DOCUMENTED) == set(get_args(ResponseError.model_fields["code"].annotation))


@pytest.mark.parametrize("code", DOCUMENTED)
def test_each_code(code: str):
    failure = from_error("OpenAI", {"code": code, "message": "It went wrong.", "param": None})
    assert failure.kind is DOCUMENTED[code]
    assert (failure.message, failure.origin, failure.upstream_code) == ("It went wrong.", "OpenAI", 200)


# Codes that chat completions have as well: https://platform.openai.com/docs/guides/error-codes
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("insufficient_quota", FailureKind.RATE_LIMIT),
        ("invalid_api_key", FailureKind.AUTHENTICATION),
        ("context_length_exceeded", FailureKind.BAD_REQUEST),
        ("model_not_found", FailureKind.NOT_FOUND),
    ],
)
def test_codes_of_the_whole_vendor(code: str, kind: FailureKind):
    assert from_error("OpenAI", {"code": code, "message": "No."}).kind is kind


@pytest.mark.parametrize("error", [None, "Oh.", 7, [], {}, {"code": 7}, {"code": None, "message": None}, {"code": []}])
def test_odd_errors(error: Any):
    failure = from_error("OpenAI", error)
    assert failure.kind is FailureKind.SERVER_ERROR
    assert failure.message


def test_a_long_message_is_cut():
    assert len(from_error("OpenAI", {"message": "x" * 5000}).message) == 2000
