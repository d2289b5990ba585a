"""How a fake upstream of a vendor speaks: what every format's dialect has to say, for the suite over all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from everloop.domain.generation import ToolCall, Usage
from everloop.errors import FailureKind


@dataclass(frozen=True)
class Said:
    """One sample of an answer: `reason` in v4's words, usage as the vendor counted."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    reason: str = "stop"
    usage: Usage = field(default_factory=lambda: Usage(7, 5))


@dataclass(frozen=True)
class Streamed:
    """An answer as bytes over the wire, without the chunked coding: one item for each packet.

    `body` says all text (in words) and all calls (their arguments in two pieces); `end` is all that follows. Cut off
    after `body`, the sample has not finished.
    """

    body: Sequence[bytes]
    end: Sequence[bytes]


class Dialect(Protocol):
    """One vendor. Bodies of answers are JSON objects, so that tests can spoil them."""

    @property
    def name(self) -> str:
        """The format, as `FORMATS` has it."""
        ...

    @property
    def model(self) -> str:
        """A model that chats and calls tools."""
        ...

    @property
    def content_type(self) -> str:
        """Of streams."""
        ...

    def plain(self, said: Said) -> dict[str, Any]:
        """A good answer."""
        ...

    def streamed(self, said: Said) -> Streamed:
        """The same as a stream."""
        ...

    def unreadable(self) -> bytes:
        """A piece of a stream that cannot be read."""
        ...

    def refusal(self, status: int, message: str) -> Any:
        """The body of an answer with such a status."""
        ...

    def broken_off(self, message: str) -> tuple[bytes, FailureKind]:
        """An error in the middle of a stream, as the vendor documents it, and what it means."""
        ...


def words(text: str) -> list[str]:
    """Pieces of a text, as models write them; joined they are the text."""
    return [text[place : place + 4] for place in range(0, len(text), 4)]


def halves(text: str) -> tuple[str, str]:
    """Two pieces of a text."""
    middle = len(text) // 2
    return text[:middle], text[middle:]
