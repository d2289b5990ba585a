"""A streamed answer that comes as server-sent events."""

from typing import Protocol

from everloop.domain.generation import Event
from everloop.errors import ProviderFailure
from everloop.providers.failures import malformed
from everloop.providers.sse import LONGEST, ServerSentEvent, SseParser


class EventFollower(Protocol):
    """As `wire.AnswerReader`, one event at a time."""

    over: bool
    spoken: bool
    failure: ProviderFailure | None

    @property
    def complete(self) -> bool:
        """Whether every sample that was asked for has finished."""
        ...

    def read(self, event: ServerSentEvent) -> list[Event]:
        """What one event says."""
        ...

    def end(self) -> list[Event]:
        """The stream ended, with or without its terminator."""
        ...

    def fail(self, error: ProviderFailure) -> list[Event]:
        """The stream broke: one failure for all that had not finished."""
        ...


class SseReader:
    """A `wire.AnswerReader` out of what reads single events, each of `longest` bytes at most."""

    __slots__ = ("_follower", "_longest", "_origin", "_parser")

    def __init__(self, follower: EventFollower, origin: str, longest: int = LONGEST) -> None:
        self._follower = follower
        self._origin = origin
        self._longest = longest
        self._parser = SseParser(longest)

    @property
    def over(self) -> bool:
        """Whether nothing more can be learned."""
        return self._follower.over

    @property
    def spoken(self) -> bool:
        """Whether there has been anything of an answer."""
        return self._follower.spoken

    @property
    def failure(self) -> ProviderFailure | None:
        """What broke the stream."""
        return self._follower.failure

    @property
    def complete(self) -> bool:
        """Whether every sample has finished."""
        return self._follower.complete

    def feed(self, packet: bytes) -> list[Event]:
        """What the next bytes say."""
        return self._read(self._parser.feed(packet))

    def end(self) -> list[Event]:
        """The stream ended."""
        return self._read(self._parser.end()) + self._follower.end()

    def fail(self, error: ProviderFailure) -> list[Event]:
        """The stream broke."""
        return self._follower.fail(error)

    def _read(self, said: list[ServerSentEvent]) -> list[Event]:
        events = [event for each in said for event in self._follower.read(each)]
        if self._parser.too_long:
            message = f"sent a line of more than {self._longest // 2**20} MiB."
            events += self._follower.fail(malformed(self._origin, message))
        return events
