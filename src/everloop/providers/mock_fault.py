"""Faults that the mock provider plays: what an application sees when a vendor, or the way to it, fails."""

from collections import OrderedDict
from typing import Annotated, Final

import msgspec

from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.failures import kind_of, worth_retrying

_Count = Annotated[int, msgspec.Meta(ge=0)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_MOST_NAMES: Final = 10_000


# What happens on the way, beside the words of `errors.FailureKind`: what it is, and how it is told.
_ON_THE_WAY: Final = {
    "refused": (FailureKind.CONNECTION, "the connection was refused"),
    "reset": (FailureKind.CONNECTION, "the connection was reset"),
    "end": (FailureKind.CONNECTION, "the answer ended before its end"),
    "broken_chunk": (FailureKind.MALFORMED, "a chunk of the answer could not be read"),
    "stall": (FailureKind.TIMEOUT, "nothing came any more"),
}
KINDS: Final = (*(each.value for each in FailureKind), *_ON_THE_WAY)
REFUSED: Final = "refused"
STALL: Final = "stall"
# The status that a vendor would have answered with, so that an application sees what it would see in earnest.
_STATUSES: Final = {
    FailureKind.BAD_REQUEST: 400,
    FailureKind.AUTHENTICATION: 401,
    FailureKind.PERMISSION: 403,
    FailureKind.NOT_FOUND: 404,
    FailureKind.TOO_LARGE: 413,
    FailureKind.UNPROCESSABLE: 422,
    FailureKind.RATE_LIMIT: 429,
    FailureKind.SERVER_ERROR: 500,
    FailureKind.OVERLOADED: 503,
    FailureKind.MALFORMED: 200,
}
_UNANSWERED: Final = frozenset({FailureKind.TIMEOUT, FailureKind.CONNECTION})


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A failure to play: of one sample or (without `sample`) of the whole call, at once or after so many chunks.

    Either `kind`, one of `KINDS`, or `status` says which. With `first` only so many tries fail, counted under the
    `name`.
    """

    kind: str | None = None
    status: Annotated[int, msgspec.Meta(ge=300, le=599)] | None = None
    after_chunks: _Count | None = None
    retry_after: Annotated[float, msgspec.Meta(ge=0)] | None = None
    sample: _Count | None = None
    first: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    name: _Name | None = None

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec tells of as it does of its own."""
        if self.kind is not None and self.kind not in KINDS:
            raise ValueError(f"the `kind` of a fault is one of {', '.join(KINDS)}")
        if (self.kind is None) == (self.status is None):
            raise ValueError("a fault has either a `kind` or a `status`")
        if (self.first is None) != (self.name is None):
            raise ValueError("`first` and `name` belong together")
        if self.kind == REFUSED and self.after_chunks is not None:
            raise ValueError("a refused connection has no `after_chunks`")

    @property
    def retried(self) -> bool:
        """Whether a try that ends so is followed by another: not once something of the answer was there."""
        if self.after_chunks is not None or self.sample is not None:
            return False
        failure = self.failure("")
        if failure.upstream_code is None:
            return failure.kind in _UNANSWERED
        return worth_retrying(failure.upstream_code)

    def failure(self, origin: str) -> ProviderFailure:
        """The failure as the provider reports it."""
        kind, words = self._told
        code = _STATUSES.get(kind) if self.status is None else self.status
        if code is None and self.after_chunks is not None:
            code = 200  # an answer had begun
        return ProviderFailure(
            kind,
            f"The mock provider was asked to fail: {words}.",
            origin=origin,
            upstream_code=code,
            retry_after=self.retry_after,
        )

    @property
    def _told(self) -> tuple[FailureKind, str]:
        if self.kind is None:
            status = self.status or 0
            return kind_of(status), f"status {status}"
        found = _ON_THE_WAY.get(self.kind)
        return (FailureKind(self.kind), self.kind) if found is None else found


class Counts:
    """How many tries were made under each name, in this process; of very many names the oldest begin anew."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, int] = OrderedDict()

    def happens(self, fault: Fault) -> bool:
        """Whether the try that is being made meets the fault; it is counted."""
        if fault.first is None or fault.name is None:
            return True
        tries = self._tries.pop(fault.name, 0)
        self._tries[fault.name] = tries + 1
        if len(self._tries) > _MOST_NAMES:
            self._tries.popitem(last=False)
        return tries < fault.first
