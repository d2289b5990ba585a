"""A streamed answer of a format that gives one sample a request: what has come of it, in our events."""

from everloop.domain.generation import Event, Failure, Finish, TextDelta, ToolCallDelta, Usage, UsageReport
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.redaction import Redactor, StreamedText


class OneSample:
    """For the readers of such formats, which tell it what they read and hand its events on.

    `over`, `spoken`, `failure` and `complete` are those of `wire.AnswerReader`. The key is taken out of all text.
    """

    __slots__ = ("_calls", "_origin", "_redactor", "_shown", "complete", "failure", "over", "spoken")

    def __init__(self, origin: str, redactor: Redactor) -> None:
        self._origin = origin
        self._redactor = redactor
        self._shown = StreamedText(redactor)
        self._calls: list[StreamedText] = []
        self.over = False
        self.spoken = False
        self.complete = False
        self.failure: ProviderFailure | None = None

    def text(self, piece: str) -> list[Event]:
        """More text."""
        shown = self._shown.add(piece)
        self.spoken = self.spoken or bool(shown)
        return [TextDelta(0, shown)] if shown else []

    def call(self, call_id: str | None, name: str) -> list[Event]:
        """A tool call begins; it has the next number. A vendor without ids has them numbered."""
        place = len(self._calls)
        self._calls.append(StreamedText(self._redactor))
        self.spoken = True
        return [ToolCallDelta(0, place, "", call_id or f"call_{place}", name)]

    def arguments(self, place: int, piece: str) -> list[Event]:
        """More of the arguments of the call with that number."""
        shown = self._calls[place].add(piece)
        return [ToolCallDelta(0, place, shown)] if shown else []

    def finish(self, reason: str | None, body: bytes, usage: Usage | None) -> list[Event]:
        """The sample is complete. `body` is what a plain answer's would have been; nothing follows."""
        events: list[Event] = [TextDelta(0, rest)] if (rest := self._shown.rest()) else []
        for place, shown in enumerate(self._calls):
            if rest := shown.rest():
                events.append(ToolCallDelta(0, place, rest))
        if usage is not None:
            events.append(UsageReport(usage))
        events.append(Finish(0, reason, self._redactor.body(body)))
        self.over = self.complete = self.spoken = True
        return events

    def end(self) -> list[Event]:
        """The stream ended; a failure when the sample had not finished."""
        message = f"{self._origin} ended its stream before the answer was complete."
        return self.fail(ProviderFailure(FailureKind.CONNECTION, message, origin=self._origin, upstream_code=200))

    def fail(self, error: ProviderFailure, usage: Usage | None = None) -> list[Event]:
        """The stream broke; nothing happens when all had been said. `usage` is what was counted up to now."""
        if self.over:
            return []
        self.over, self.failure = True, error
        counted: list[Event] = [UsageReport(usage)] if usage is not None else []
        return [*counted, Failure(None, error)]
