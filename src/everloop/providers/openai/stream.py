"""A streamed answer in the OpenAI wire format: payloads of server-sent events in, our events out; no I/O."""

from typing import Any, Final

import msgspec

from everloop.domain.depth import may_be_too_deep
from everloop.domain.generation import Event, Failure, Finish, TextDelta, Usage, UsageReport
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.failures import decoded, malformed
from everloop.providers.openai.answer import counted, finish_reason
from everloop.providers.openai.assembly import ChoiceAssembly
from everloop.providers.openai.calls import StreamedCalls
from everloop.providers.openai.error import from_object
from everloop.providers.redaction import Redactor, StreamedText
from everloop.providers.sse import ServerSentEvent


class _Choice(msgspec.Struct):
    index: int = 0
    delta: dict[str, Any] | None = None
    text: str | None = None
    logprobs: dict[str, Any] | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    usage: Any = None
    error: Any = None
    id: Any = None
    created: Any = None
    model: Any = None
    system_fingerprint: Any = None


_CHUNK: Final = msgspec.json.Decoder(_Chunk)
_ENVELOPE: Final = ("id", "created", "model", "system_fingerprint")


def _read(payload: bytes) -> _Chunk | None:
    """The piece; None for one that is not of the format, or so deep that nobody could put it together."""
    try:
        chunk = _CHUNK.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return None if may_be_too_deep(payload) and decoded(payload) is None else chunk


class _OpenSample:
    """A sample that has not finished."""

    __slots__ = ("assembly", "calls", "shown")

    def __init__(self, index: int, *, chat: bool, redactor: Redactor) -> None:
        self.assembly = ChoiceAssembly(chat=chat)
        self.shown = StreamedText(redactor)
        self.calls = StreamedCalls(index, redactor)


class StreamedAnswer:
    """Follows one stream of `asked` samples.

    `over` turns true when nothing more can be learned. `failure` is then what broke the stream, if anything did before
    every sample had finished, and `spoken` tells whether there had been anything of an answer before. A vendor may give
    fewer samples than asked and end properly: that is no failure, as it is none in a plain answer.
    """

    def __init__(self, origin: str, asked: int, redactor: Redactor, *, chat: bool) -> None:
        self._origin = origin
        self._asked = asked
        self._redactor = redactor
        self._chat = chat
        self._open: dict[int, _OpenSample] = {}
        self._finished: set[int] = set()
        self._usage: Usage | None = None
        self._envelope: dict[str, Any] | None = None
        self.over = False
        self.spoken = False
        self.failure: ProviderFailure | None = None

    @property
    def complete(self) -> bool:
        """Whether every sample that was asked for has finished."""
        return len(self._finished) == self._asked

    def read(self, event: ServerSentEvent) -> list[Event]:
        """What one event says."""
        if self.over:
            return []
        if event.data.strip() == b"[DONE]":
            return self._close(unseen=not self._finished)
        payload = self._redactor.body(event.data)
        if event.name == b"error":
            return self.fail(from_object(self._origin, decoded(payload)))
        chunk = _read(payload)
        if chunk is None:
            return self.fail(malformed(self._origin, "sent a piece of its answer that cannot be read."))
        if chunk.error:
            return self.fail(from_object(self._origin, {"error": chunk.error}))
        return self._chunk(chunk)

    def end(self) -> list[Event]:
        """The stream ended, with or without its terminator."""
        return [] if self.over else self._close(unseen=True)

    def fail(self, error: ProviderFailure) -> list[Event]:
        """The stream broke: one failure for all that had not finished."""
        if self.over:
            return []
        self.over = True
        events = self._counted()
        if not self.complete:
            self.failure = error
            events.append(Failure(None, error))
        return events

    def _chunk(self, chunk: _Chunk) -> list[Event]:
        if self._envelope is None:
            known = ((name, getattr(chunk, name)) for name in _ENVELOPE)
            self._envelope = {name: value for name, value in known if value is not None}
        if chunk.usage is not None:
            self._usage = counted(chunk.usage) or self._usage
        events: list[Event] = []
        for choice in chunk.choices:
            if not 0 <= choice.index < self._asked:
                message = f"sent a choice {choice.index} where {self._asked} were asked for."
                return events + self.fail(malformed(self._origin, message))
            try:
                events += self._choice(choice)
            except msgspec.ValidationError as error:
                message = f"sent a tool call of another shape than its format: {error}."
                return events + self.fail(malformed(self._origin, message))
        if not chunk.choices:
            events += self._counted()
        self.spoken = self.spoken or bool(events)
        return events

    def _choice(self, choice: _Choice) -> list[Event]:
        index = choice.index
        if index in self._finished:
            return []  # some vendors append notes (filter results, say) to a choice that they finished
        sample = self._open.get(index)
        if sample is None:
            sample = self._open[index] = _OpenSample(index, chat=self._chat, redactor=self._redactor)
        delta = (choice.delta or {}) if self._chat else {"text": choice.text or ""}
        sample.assembly.add(delta, choice.logprobs)
        said = delta.get("content" if self._chat else "text")
        text = sample.shown.add(said) if isinstance(said, str) else ""
        calls = self._calls(sample, delta)
        if choice.finish_reason is None:
            return [TextDelta(index, text), *calls] if text else calls
        text += sample.shown.rest()
        calls += sample.calls.rest()
        body = self._redactor.body(sample.assembly.body(self._envelope or {}, index, choice.finish_reason))
        del self._open[index]
        self._finished.add(index)
        finish = Finish(index, finish_reason(choice.finish_reason), body)
        return [TextDelta(index, text), *calls, finish] if text else [*calls, finish]

    def _calls(self, sample: _OpenSample, delta: dict[str, Any]) -> list[Event]:
        if "tool_calls" not in delta and "function_call" not in delta:
            return []
        return [*sample.calls.read(delta)]

    def _counted(self) -> list[Event]:
        """The usage, once: it comes after the choices, or with the last of them."""
        usage, self._usage = self._usage, None
        return [UsageReport(usage)] if usage is not None else []

    def _close(self, *, unseen: bool) -> list[Event]:
        """The end. Samples that began and did not finish have failed; with `unseen` those that never began as well."""
        self.over = True
        events = self._counted()
        missing = [
            index for index in range(self._asked) if index in self._open or (unseen and index not in self._finished)
        ]
        if missing:
            message = f"{self._origin} ended its stream before the answer was complete."
            self.failure = ProviderFailure(FailureKind.CONNECTION, message, origin=self._origin, upstream_code=200)
            events += [Failure(index, self.failure) for index in missing]
        return events
