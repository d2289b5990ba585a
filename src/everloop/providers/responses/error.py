"""Errors of OpenAI's Responses: in an `error` of the answer, or an event of their own in a stream."""

from collections.abc import Mapping
from typing import Any, Final

from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.openai.error import from_object

# `ResponseError.code` of the official package; names that chat completions use as well are known there.
# `too_many_requests` comes in streams (https://github.com/openai/openai-dotnet/issues/881).
_CODES: Final = {
    "server_error": FailureKind.SERVER_ERROR,
    "too_many_requests": FailureKind.RATE_LIMIT,
    "vector_store_timeout": FailureKind.TIMEOUT,
    "image_content_policy_violation": FailureKind.BAD_REQUEST,
    "image_file_not_found": FailureKind.NOT_FOUND,
    "image_file_too_large": FailureKind.TOO_LARGE,
    "image_too_large": FailureKind.TOO_LARGE,
    "data_residency_mismatch": FailureKind.PERMISSION,
    "bio_policy": FailureKind.BAD_REQUEST,
    "misalignment_policy_violation": FailureKind.BAD_REQUEST,
    "failed_to_download_image": FailureKind.BAD_REQUEST,
}
_BAD_REQUEST: Final = ("invalid_image", "invalid_base64_image", "invalid_prompt", "image_", "unsupported_", "empty_")


def from_error(origin: str, error: Any) -> ProviderFailure:  # noqa: ANN401 - any JSON value
    """The failure that an error inside an answer stands for; `error` is already redacted."""
    failure = from_object(origin, {"error": error})
    kind = _kind(error.get("code")) if isinstance(error, Mapping) else None
    if kind is not None:
        failure.kind = kind
    return failure


def _kind(code: Any) -> FailureKind | None:  # noqa: ANN401 - any JSON value
    if not isinstance(code, str):
        return None
    return _CODES.get(code, FailureKind.BAD_REQUEST if code.startswith(_BAD_REQUEST) else None)
