"""What a vendor's wire format has to say: requests in its words, its answers in ours; no I/O."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from everloop.domain.capabilities import Capabilities
from everloop.domain.generation import Event, GenerationRequest, PreparedCall, Sample, Secret, Usage
from everloop.domain.value import value
from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.redaction import Redactor
from everloop.providers.retry import AttemptFailed


class AnswerReader(Protocol):
    """Follows one stream.

    `over` turns true when nothing more can be learned. `failure` is then what broke the stream, if anything did before
    every sample had finished, and `spoken` tells whether there had been anything of an answer before.
    """

    @property
    def over(self) -> bool:
        """Whether nothing more can be learned."""
        ...

    @property
    def spoken(self) -> bool:
        """Whether there has been anything of an answer."""
        ...

    @property
    def failure(self) -> ProviderFailure | None:
        """What broke the stream."""
        ...

    @property
    def complete(self) -> bool:
        """Whether every sample that was asked for has finished."""
        ...

    def feed(self, packet: bytes) -> list[Event]:
        """What the next bytes say, however they are cut."""
        ...

    def end(self) -> list[Event]:
        """The stream ended, with or without its terminator."""
        ...

    def fail(self, error: ProviderFailure) -> list[Event]:
        """The stream broke: one failure for all that had not finished."""
        ...


class WireFormat(Protocol):
    """One format. `origin` is always the display name of whoever answers."""

    @property
    def capabilities(self) -> Capabilities:
        """What the format has a place for; a connection may have less."""
        ...

    def prepare(self, request: GenerationRequest) -> PreparedCall:
        """The path and body for one request. Raises `errors.Unprocessable` for what the format cannot do."""
        ...

    def headers(self, url: str, call: PreparedCall, key: Secret | None) -> Mapping[str, str]:
        """What authorises one try of the call. The key, if there is one, is printable ASCII without spaces."""
        ...

    def read(
        self, call: PreparedCall, body: bytes, origin: str, redactor: Redactor
    ) -> tuple[tuple[Sample, ...], Usage | None]:
        """A plain answer: its samples in order of index, and usage if it was counted. `body` is already redacted.

        Raises ProviderFailure.
        """
        ...

    def follow(self, call: PreparedCall, origin: str, redactor: Redactor) -> AnswerReader:
        """What reads a streamed answer."""
        ...

    def refused(self, origin: str, status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> AttemptFailed:
        """What an answer with another status than 2xx stands for; `body` is already redacted."""
        ...

    def unstreamed(self, origin: str, body: bytes) -> ProviderFailure:
        """What a plain answer with a good status stands for, where a stream was asked for; already redacted."""
        ...


@value
class Job:
    """Work that a vendor has begun: a GET of `path` tells its state, and a POST to `cancel` ends it.

    Both are paths below the vendor's base URL.
    """

    path: str
    cancel: str
    finished: bool


@runtime_checkable
class JobFormat(Protocol):
    """What a format has beside, whose vendor answers that it has begun, and tells the rest when it is asked.

    `WireFormat.read` then reads the state of a finished job, and `follow` gives a reader that is fed whole states.
    """

    @property
    def interval(self) -> float:
        """Seconds between two questions."""
        ...

    def job(self, state: bytes, origin: str) -> Job:
        """What the vendor's answer says of the job. Raises ProviderFailure for one that is not of the format."""
        ...
