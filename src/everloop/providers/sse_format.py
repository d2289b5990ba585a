"""What formats have in common that give one sample a request, and stream it as server-sent events."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from everloop.domain.generation import PreparedCall, Sample, Secret, Usage
from everloop.errors import ProviderFailure
from everloop.providers.bearer import bearer
from everloop.providers.failures import decoded, unstreamed
from everloop.providers.redaction import Redactor
from everloop.providers.sse import LONGEST
from everloop.providers.sse_reader import EventFollower, SseReader

Answered = tuple[tuple[Sample, ...], Usage | None]


class SseFormat(ABC):
    """A `wire.WireFormat` but for its capabilities, `prepare` and `refused`.

    Formats know nothing of servers and may be shared between them. `longest` bounds one event, in bytes.
    """

    longest: ClassVar[int] = LONGEST

    @abstractmethod
    def answered(self, body: bytes, origin: str, redactor: Redactor) -> Answered:
        """The one sample of a plain answer, and usage if it was counted. Raises ProviderFailure."""

    @abstractmethod
    def follower(self, origin: str, redactor: Redactor) -> EventFollower:
        """What reads the events of a stream."""

    @abstractmethod
    def inside(self, origin: str, value: Any) -> ProviderFailure | None:  # noqa: ANN401 - any JSON value
        """The error that a JSON value holds where an answer should be, if it does."""

    def headers(self, url: str, call: PreparedCall, key: Secret | None) -> Mapping[str, str]:  # noqa: ARG002 - the protocol's
        """A bearer token."""
        return bearer(key)

    def read(self, call: PreparedCall, body: bytes, origin: str, redactor: Redactor) -> Answered:  # noqa: ARG002 - the protocol's
        """A plain answer. Raises ProviderFailure."""
        return self.answered(body, origin, redactor)

    def follow(self, call: PreparedCall, origin: str, redactor: Redactor) -> SseReader:  # noqa: ARG002 - the protocol's
        """What reads a streamed answer."""
        return SseReader(self.follower(origin, redactor), origin, self.longest)

    def unstreamed(self, origin: str, body: bytes) -> ProviderFailure:
        """What a plain answer stands for, where a stream was asked for."""
        return self.inside(origin, decoded(body)) or unstreamed(origin)
