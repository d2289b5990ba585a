"""Errors as OpenAI says them, with the statuses by which its clients tell them apart.

The objects and words are those of https://platform.openai.com/docs/guides/error-codes; which class of the official
client a status becomes is in its `_make_status_error`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from everloop.api import errors
from everloop.api.errors import ErrorAnswer, Wording
from everloop.errors import (
    EverloopError,
    FailureKind,
    FieldIssue,
    InvalidFields,
    MissingInputs,
    ProviderFailure,
    Unauthenticated,
    UnknownModel,
)

_REQUEST: Final = "invalid_request_error"
_TYPES: Final[Mapping[int, str]] = {HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error"}
_CODES: Final[Mapping[int, str]] = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.CONFLICT: "conflict",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request_too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_exceeded",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}

# What a provider has against its own key, or against the config's model, is no mistake of the caller's key or model: a
# 401 or 404 would say so. Calling again changes nothing then, and the official client would do it.
_PROVIDER_STATUS: Final[Mapping[FailureKind, HTTPStatus]] = {
    FailureKind.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    FailureKind.TOO_LARGE: HTTPStatus.BAD_REQUEST,
    FailureKind.UNPROCESSABLE: HTTPStatus.BAD_REQUEST,
    FailureKind.AUTHENTICATION: HTTPStatus.BAD_GATEWAY,
    FailureKind.PERMISSION: HTTPStatus.BAD_GATEWAY,
    FailureKind.NOT_FOUND: HTTPStatus.BAD_GATEWAY,
}
_FINAL: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.BAD_GATEWAY})
_NO_RETRY: Final = {"x-should-retry": "false"}

# The services' words for what a request names otherwise here.
_NAMES: Final = {"num_samples": "n"}
_MISSING: Final = frozenset({"missing", "value_error.missing"})


def answer_to(error: EverloopError) -> ErrorAnswer:
    """What the caller gets: v4's status and headers, but for what OpenAI's clients would take for something else."""
    known = errors.answer_to(error)
    match error:
        case InvalidFields(issues=issues):
            return _of_field(issues[0])
        case MissingInputs():
            return _error(HTTPStatus.BAD_REQUEST, error.message, "inputs", "missing_inputs")
        case UnknownModel():
            return _error(HTTPStatus.NOT_FOUND, error.message, "model", "model_not_found")
        case Unauthenticated():
            return _error(HTTPStatus.UNAUTHORIZED, error.message, code="invalid_api_key")
        case ProviderFailure():
            return _of_provider(error, known)
        case _:
            return _error(known.status, error.message, headers=known.headers)


def plain(status: int, message: str) -> ErrorAnswer:
    """An error that is only a status and words."""
    return _error(status, message)


OPENAI: Final = Wording(answer_to, plain, b"")


def _of_field(issue: FieldIssue) -> ErrorAnswer:
    """The first wrong field: there is place for one."""
    message = issue.message
    for ours, theirs in _NAMES.items():
        message = message.replace(f"`{ours}`", f"`{theirs}`")
    code = "missing_required_parameter" if issue.kind in _MISSING else "invalid_value"
    return _error(HTTPStatus.BAD_REQUEST, message, _path(issue.location), code)


def _path(location: tuple[str | int, ...]) -> str | None:
    """Where a field is, such as `messages[0].role`; None for a body that is wrong as a whole."""
    _, *inside = location or ("body",)
    named = [_NAMES.get(str(each), each) if isinstance(each, str) else each for each in inside]
    return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in named).removeprefix(".") or None


def _of_provider(error: ProviderFailure, known: ErrorAnswer) -> ErrorAnswer:
    """A provider's failure, which says whose it is, since there is no place for that but the message."""
    status = _PROVIDER_STATUS.get(error.kind, known.status)
    code = _CODES[HTTPStatus.TOO_MANY_REQUESTS] if error.kind is FailureKind.RATE_LIMIT else f"provider_{error.kind}"
    return _error(status, f"{error.origin}: {error.message}", code=code, headers=known.headers)


def _error(
    status: int,
    message: str,
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ErrorAnswer:
    # Whatever is wrong with a request is a 400 there.
    told = int(HTTPStatus.BAD_REQUEST if status == HTTPStatus.UNPROCESSABLE_ENTITY else status)
    kind = _TYPES.get(told, "server_error" if told >= HTTPStatus.INTERNAL_SERVER_ERROR else _REQUEST)
    content: dict[str, Any] = {"message": message, "type": kind, "param": param, "code": code or _CODES.get(told)}
    final = _NO_RETRY if told in _FINAL else {}
    return ErrorAnswer(told, {"error": content}, {**(headers or {}), **final})
