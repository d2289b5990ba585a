"""Everything that can go wrong, said without HTTP words.

    EverloopError
    ├── Unauthenticated      no API key, or one that is unknown or revoked
    ├── BadRequest           well-formed, but makes no sense in the present state
    ├── NotFound             no such thing in the caller's organisation
    │   └── UnknownModel     nothing is live under the name that a call has for its model
    ├── Conflict             the name is taken, or the thing is in use
    ├── InvalidFields        one or more fields are wrong; each is named
    ├── Unprocessable        every field is right, yet the call cannot be carried out
    │   ├── MissingInputs    the template asks for inputs that the call did not bring
    │   ├── UnknownTool      the config links a tool, or its template calls one, that is not there
    │   └── UnknownProvider  the config names a provider that is not there
    ├── LimitReached         the API key or the project has used up what it may in this minute or day
    ├── TooLarge             the request is over the operator's limit
    ├── Unavailable          nothing can be kept at the moment; the same call may succeed later
    ├── NotOffered           v4 had it, Everloop has it not
    └── ProviderFailure      the model provider failed or refused

`api/errors.py` is the one place that turns these into statuses and words of the wire.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class EverloopError(Exception):
    """Root of the tree; the message is written for the person who made the call."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unauthenticated(EverloopError):
    """No API key, or one that is unknown or revoked."""


class BadRequest(EverloopError):
    """The call is well-formed but makes no sense in the present state."""


class NotFound(EverloopError):
    """No such thing in the caller's organisation; other organisations' things are not found either."""


class UnknownModel(NotFound):
    """Nothing is live under the name that a call has for its model."""


class Conflict(EverloopError):
    """The name is taken, or the thing is in use."""


@dataclass(frozen=True, slots=True)
class FieldIssue:
    """One wrong field: `location` is its path in the request, such as `("body", "inputs")`."""

    location: tuple[str | int, ...]
    message: str
    kind: str = "value_error"


class NotOffered(EverloopError):
    """What v4 had and Everloop has not; the message says what to use instead."""


class InvalidFields(EverloopError):
    """One or more fields are wrong; each is named."""

    def __init__(self, issues: Sequence[FieldIssue]) -> None:
        super().__init__("; ".join(issue.message for issue in issues))
        self.issues = tuple(issues)

    @classmethod
    def one(cls, location: tuple[str | int, ...], message: str) -> "InvalidFields":
        """The common case of a single wrong field."""
        return cls([FieldIssue(location, message)])


class Unprocessable(EverloopError):
    """Every field is right on its own, yet the call cannot be carried out."""


class MissingInputs(Unprocessable):
    """The template asks for inputs that the call did not bring."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(sorted(names))
        super().__init__(f"Missing input variables: {', '.join(self.names)}. Give each of them a value in `inputs`.")


class UnknownTool(Unprocessable):
    """The config links a tool, or its template calls one, that the organisation does not have."""


class UnknownProvider(Unprocessable):
    """The config names a provider that is neither well-known nor one of the organisation's connections."""


class LimitReached(EverloopError):
    """The API key or the project has used up what it may in this minute or day, which ends in `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float = 60.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooLarge(EverloopError):
    """The request, or what it asks for, is over a limit of bytes."""


class Unavailable(EverloopError):
    """Nothing can be kept at the moment; `retry_after` seconds from now the same call may succeed."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class FailureKind(StrEnum):
    """Why a provider's call failed, in words that every vendor's errors map onto."""

    BAD_REQUEST = "bad_request"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    UNPROCESSABLE = "unprocessable"
    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    MALFORMED = "malformed"


class ProviderFailure(EverloopError):
    """The model provider failed or refused.

    `origin` is the provider's display name, `upstream_code` the status it answered with (None when it did not answer),
    `retry_after` the seconds it asked to wait, if it did. The message never holds a key: adapters redact it.

    `tries` counts the tries that the call took and `latency` is their time in seconds, waits included: 0 and None for a
    call that never left.
    """

    tries: int = 0
    latency: float | None = None

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        origin: str,
        upstream_code: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.origin = origin
        self.upstream_code = upstream_code
        self.retry_after = retry_after
