"""Reading answers: the text a caller received, and the logs that Everloop has acknowledged."""

from collections.abc import Iterator
from typing import Protocol

import msgspec


class WrongAnswerError(Exception):
    """An answer does not say what the upstream said."""


class OpenAIMessage(msgspec.Struct):
    """A message or a delta."""

    content: str | None = None


class OpenAIChoice(msgspec.Struct):
    """One choice, plain or streamed."""

    message: OpenAIMessage = msgspec.field(default_factory=OpenAIMessage)
    delta: OpenAIMessage = msgspec.field(default_factory=OpenAIMessage)


class OpenAIAnswer(msgspec.Struct):
    """A chat completion or one chunk of it."""

    choices: list[OpenAIChoice]


class EverloopSample(msgspec.Struct):
    """One sample: its log's id, its text (a delta in a stream), and why it ended (null until it has)."""

    id: str
    output: str | None
    finish_reason: str | None = None


class EverloopAnswer(msgspec.Struct):
    """A v4 completion or one event of it; an error event has no `data` and does not decode."""

    data: list[EverloopSample]


class Reader(Protocol):
    """How one side's answers are read."""

    def plain_text(self, body: bytes) -> str:
        """Return the text of a plain answer."""

    def streamed_text(self, body: bytes) -> str:
        """Return the text of a whole stream, joined."""


class OpenAIReader:
    """Reads what the upstream says, as the bare proxy relays it."""

    def plain_text(self, body: bytes) -> str:
        """Return the first choice's content."""
        return msgspec.json.decode(body, type=OpenAIAnswer).choices[0].message.content or ""

    def streamed_text(self, body: bytes) -> str:
        """Join the deltas of the first choice; usage arrives in a chunk without choices."""
        chunks = [msgspec.json.decode(event, type=OpenAIAnswer) for event in _events(body) if event != b"[DONE]"]
        return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


class EverloopReader:
    """Reads v4 completions."""

    def plain_text(self, body: bytes) -> str:
        """Return the first sample's output."""
        return msgspec.json.decode(body, type=EverloopAnswer).data[0].output or ""

    def streamed_text(self, body: bytes) -> str:
        """Join the deltas of a one-sample stream."""
        return "".join(sample.output or "" for sample in _streamed_samples(body))


def acknowledged_plain(body: bytes) -> list[str]:
    """Return the log ids of a plain v4 answer."""
    return [sample.id for sample in msgspec.json.decode(body, type=EverloopAnswer).data]


def acknowledged_streamed(body: bytes) -> list[str]:
    """Return the log ids whose finish event has arrived whole, though the stream may have been cut after it."""
    return [sample.id for sample in _streamed_samples(body) if sample.finish_reason is not None]


def _streamed_samples(body: bytes) -> Iterator[EverloopSample]:
    for event in _events(body):
        yield from msgspec.json.decode(event, type=EverloopAnswer).data


def _events(body: bytes) -> Iterator[bytes]:
    """Give the data of each event that a blank line has completed; ends of line may be LF or CRLF."""
    complete = body.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]
    for block in complete:
        yield from (line[6:] for line in block.split(b"\n") if line.startswith(b"data: "))
