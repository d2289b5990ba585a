"""A streamed answer in the wire format of Gemini: every event is an answer in small, and none marks the end."""

from everloop.domain.generation import Event, FinishReason, Usage
from everloop.errors import ProviderFailure
from everloop.providers.failures import decoded, malformed
from everloop.providers.google.answer import Part, finish_reason, parsed
from everloop.providers.google.assembly import Assembly
from everloop.providers.one_sample import OneSample
from everloop.providers.redaction import Redactor
from everloop.providers.sse import ServerSentEvent


class StreamedAnswer(OneSample):
    """Follows one stream of one sample.

    The sample finishes with the stream, and not with the first event that gives a reason: what follows that (a count,
    a source, with some models more text) still belongs to it. A stream that breaks after a reason is complete.
    """

    __slots__ = ("_assembly", "_counted", "_given", "_reason")

    def __init__(self, origin: str, redactor: Redactor) -> None:
        super().__init__(origin, redactor)
        self._assembly = Assembly()
        self._reason: str | None = None
        self._given = 0  # tool calls up to now
        self._counted: Usage | None = None

    def read(self, event: ServerSentEvent) -> list[Event]:
        """What one event says."""
        if self.over:
            return []
        value = decoded(self._redactor.body(event.data))
        if value is None:
            return self.fail(malformed(self._origin, "sent a piece of its answer that cannot be read."))
        try:
            answer = parsed(value, self._origin)
        except ProviderFailure as failure:
            return self.fail(failure)
        self._assembly.add(value)
        self._counted = answer.usage or self._counted
        candidate = answer.candidate
        if candidate is None:
            self._reason = FinishReason.CONTENT_FILTER if answer.blocked else self._reason
            return []
        self._reason = candidate.finish_reason or self._reason
        return [said for part in candidate.parts for said in self._part(part)]

    def end(self) -> list[Event]:
        """The stream ended: properly, if it had given a reason."""
        return self._finished() if self._reason is not None else super().end()

    def fail(self, error: ProviderFailure, usage: Usage | None = None) -> list[Event]:
        """The stream broke."""
        return self._finished() if self._reason is not None else super().fail(error, usage or self._counted)

    def _part(self, part: Part) -> list[Event]:
        events = self.text(part.said) if part.said else []
        if part.function_call is not None:
            events += self.call(part.function_call.id, part.function_call.name)
            events += self.arguments(self._given, part.function_call.arguments)
            self._given += 1
        return events

    def _finished(self) -> list[Event]:
        if self.over:
            return []
        reason = finish_reason(self._reason, calls=self._given > 0)
        return self.finish(reason, self._assembly.body(), self._counted)
