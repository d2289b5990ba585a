"""Errors of Bedrock: answers with a status, and exceptions in the middle of a stream.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors and
https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
"""

from collections.abc import Mapping
from typing import Any, Final

from everloop.errors import FailureKind, ProviderFailure
from everloop.ports.system import Clock
from everloop.providers import failures
from everloop.providers.failures import LONGEST_MESSAGE, decoded
from everloop.providers.retry import AttemptFailed

_KINDS: Final = {
    "AccessDeniedException": FailureKind.PERMISSION,
    "ExpiredTokenException": FailureKind.AUTHENTICATION,
    "IncompleteSignature": FailureKind.AUTHENTICATION,
    "IncompleteSignatureException": FailureKind.AUTHENTICATION,
    "InternalServerException": FailureKind.SERVER_ERROR,
    "InvalidSignatureException": FailureKind.AUTHENTICATION,
    "MissingAuthenticationTokenException": FailureKind.AUTHENTICATION,
    "ModelErrorException": FailureKind.SERVER_ERROR,
    "ModelNotReadyException": FailureKind.OVERLOADED,
    "ModelStreamErrorException": FailureKind.SERVER_ERROR,
    "ModelTimeoutException": FailureKind.TIMEOUT,
    "ResourceNotFoundException": FailureKind.NOT_FOUND,
    "ServiceUnavailableException": FailureKind.OVERLOADED,
    "ThrottlingException": FailureKind.RATE_LIMIT,
    "UnrecognizedClientException": FailureKind.AUTHENTICATION,
    "ValidationException": FailureKind.BAD_REQUEST,
}


def from_status(origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
    """The failure that an answer with another status than 2xx stands for; the body is already redacted.

    Its type is in a header, with an address behind it (restJson1 in https://smithy.io/2.0/aws/protocols).
    """
    value = decoded(body)
    failed = failures.from_status(origin, status, headers, _message(value), clock)
    kind = _KINDS.get(headers.get("X-Amzn-ErrorType", "").partition(":")[0])
    if kind is not None:
        failed.failure.kind = kind
    return failed


def from_exception(origin: str, name: str, body: bytes, message: str | None = None) -> ProviderFailure:
    """The failure that an exception inside a stream stands for; `name` begins with a small letter there."""
    kind = _KINDS.get(name[:1].upper() + name[1:], FailureKind.SERVER_ERROR)
    said = _message(decoded(body)) or message or f"{origin} broke its answer off: {name or 'an unknown error'}."
    return ProviderFailure(kind, said[:LONGEST_MESSAGE], origin=origin, upstream_code=200)


def _message(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    match value:
        case {"message": str(message)} | {"Message": str(message)}:
            return message or None
        case _:
            return None
