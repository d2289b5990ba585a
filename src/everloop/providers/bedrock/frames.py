"""A streamed answer that comes as AWS frames events: bytes in, events out, however they are cut.

https://smithy.io/2.0/aws/amazon-eventstream.html describes the frames; botocore reads them.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from everloop.domain.generation import Event
from everloop.errors import ProviderFailure
from everloop.providers.bedrock.extra import framing
from everloop.providers.bedrock.stream import StreamedAnswer
from everloop.providers.failures import malformed

_LONGEST: Final = 1024 * 1024


class Frame(NamedTuple):
    """One frame: what it is (`event`, `exception` or `error`), what kind of it, and its body, which is JSON."""

    kind: str
    name: str
    body: bytes
    message: str | None


class FrameReader:
    """A `wire.AnswerReader` out of what reads single frames."""

    __slots__ = ("_answer", "_buffer", "_origin", "_wait", "_wrong")

    def __init__(self, answer: StreamedAnswer, origin: str) -> None:
        buffer, self._wrong = framing()
        self._answer = answer
        self._origin = origin
        self._buffer = buffer()
        self._wait = 0  # bytes of a frame whose end has not come

    @property
    def over(self) -> bool:
        """Whether nothing more can be learned."""
        return self._answer.over

    @property
    def spoken(self) -> bool:
        """Whether there has been anything of an answer."""
        return self._answer.spoken

    @property
    def failure(self) -> ProviderFailure | None:
        """What broke the stream."""
        return self._answer.failure

    @property
    def complete(self) -> bool:
        """Whether the sample has finished."""
        return self._answer.complete

    def feed(self, packet: bytes) -> list[Event]:
        """What the next bytes say."""
        if self.over:
            return []
        frames, broken = self._frames(packet)
        events = [event for frame in frames for event in self._read(frame)]
        if broken:
            events += self.fail(malformed(self._origin, "sent a piece of its answer that cannot be read."))
        elif self._wait > _LONGEST:
            events += self.fail(malformed(self._origin, "sent a frame of more than 1 MiB."))
        return events

    def end(self) -> list[Event]:
        """The stream ended."""
        return self._answer.end()

    def fail(self, error: ProviderFailure) -> list[Event]:
        """The stream broke."""
        return self._answer.fail(error)

    def _frames(self, packet: bytes) -> tuple[list[Frame], bool]:
        """The frames that the packet completes, and whether bytes came after them that are no frame."""
        self._buffer.add_data(packet)
        self._wait += len(packet)
        frames: list[Frame] = []
        try:
            for message in self._buffer:
                self._wait -= message.prelude.total_length
                frames.append(_frame(message.headers, message.payload))
        except self._wrong:
            return frames, True
        return frames, False

    def _read(self, frame: Frame) -> list[Event]:
        if frame.kind == "event":
            return self._answer.read(frame.name, frame.body)
        return self._answer.broken(frame.name, frame.body, frame.message)


def _frame(headers: Mapping[str, Any], body: bytes) -> Frame:
    """Headers that are missing or no texts count as empty."""

    def said(name: str) -> str:
        found = headers.get(name)
        return found if isinstance(found, str) else ""

    match kind := said(":message-type"):
        case "exception":
            return Frame(kind, said(":exception-type"), body, None)
        case "error":
            return Frame(kind, said(":error-code"), body, said(":error-message") or None)
        case _:
            return Frame("event", said(":event-type"), body, None)
