"""A streamed answer of Cohere's chat (https://docs.cohere.com/v2/docs/streaming): events in, our events out; no I/O."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from everloop.domain.generation import Event
from everloop.errors import ProviderFailure
from everloop.providers.cohere.answer import Call, finish_reason, usage
from everloop.providers.cohere.assembly import Assembly
from everloop.providers.failures import decoded, malformed
from everloop.providers.one_sample import OneSample
from everloop.providers.redaction import Redactor
from everloop.providers.sse import ServerSentEvent

_UNREADABLE = "sent a piece of its answer that cannot be read"


class _Piece(msgspec.Struct):
    text: str | None = None
    thinking: str | None = None


class _End(msgspec.Struct):
    finish_reason: str | None = None
    error: str | None = None
    usage: Any = None


class StreamedAnswer(OneSample):
    """Follows one stream, as `sse_reader.EventFollower`. Events that are not known are passed over."""

    __slots__ = ("_assembly", "_places")

    def __init__(self, origin: str, redactor: Redactor) -> None:
        super().__init__(origin, redactor)
        self._assembly = Assembly()
        self._places: dict[int, int] = {}

    def read(self, event: ServerSentEvent) -> list[Event]:
        """What one event says."""
        if self.over:
            return []
        if event.data.strip() == b"[DONE]":
            return self.end()
        value = decoded(self._redactor.body(event.data))
        if not isinstance(value, dict):
            return self.fail(malformed(self._origin, f"{_UNREADABLE}."))
        handle = _HANDLERS.get(value["type"]) if isinstance(value.get("type"), str) else None
        if handle is None:
            return []
        try:
            return handle(self, value)
        except msgspec.ValidationError as error:
            return self.fail(malformed(self._origin, f"{_UNREADABLE}: {error}."))

    def begin(self, event: Mapping[str, Any]) -> list[Event]:
        """`message-start`."""
        self._assembly.id = msgspec.convert(event.get("id"), str | None)
        return []

    def content(self, event: Mapping[str, Any]) -> list[Event]:
        """`content-start` and `content-delta`: text, or what the model thinks."""
        piece = msgspec.convert(_message(event).get("content") or {}, _Piece)
        if event.get("logprobs") is not None:
            self._assembly.logprobs(event["logprobs"])
        index = _index(event)
        if piece.thinking is not None:
            self._assembly.content(index, "thinking", piece.thinking)
        if piece.text is None:
            return []
        self._assembly.content(index, "text", piece.text)
        return self.text(piece.text)

    def plan(self, event: Mapping[str, Any]) -> list[Event]:
        """`tool-plan-delta`."""
        self._assembly.plan(msgspec.convert(_message(event).get("tool_plan") or "", str))
        return []

    def call_begins(self, event: Mapping[str, Any]) -> list[Event]:
        """`tool-call-start`."""
        call = _call(event)
        if call.function is None:
            return []
        place = self._places[_index(event)] = len(self._places)
        call_id, name = call.id or f"call_{place}", call.function.name or ""
        self._assembly.call(call_id, name)
        return self.call(call_id, name) + self._more(place, call.function.arguments)

    def call_goes_on(self, event: Mapping[str, Any]) -> list[Event]:
        """`tool-call-delta`."""
        place, call = self._places.get(_index(event)), _call(event)
        if place is None:
            return self.fail(malformed(self._origin, "sent arguments of a tool call that had not begun."))
        return self._more(place, call.function.arguments if call.function is not None else None)

    def citation(self, event: Mapping[str, Any]) -> list[Event]:
        """`citation-start`, which holds all of it."""
        self._assembly.citation(_message(event).get("citations"))
        return []

    def finished(self, event: Mapping[str, Any]) -> list[Event]:
        """`message-end`."""
        end = msgspec.convert(event.get("delta") or {}, _End)
        counted = usage(end.usage)
        try:
            reason = finish_reason(end.finish_reason, end.error, self._origin)
        except ProviderFailure as failure:
            return self.fail(failure, counted)
        return self.finish(reason, self._assembly.body(end.finish_reason, end.usage), counted)

    def _more(self, place: int, arguments: str | None) -> list[Event]:
        if not arguments:
            return []
        self._assembly.arguments(place, arguments)
        return self.arguments(place, arguments)


_HANDLERS: Mapping[str, Callable[[StreamedAnswer, Mapping[str, Any]], list[Event]]] = {
    "message-start": StreamedAnswer.begin,
    "content-start": StreamedAnswer.content,
    "content-delta": StreamedAnswer.content,
    "tool-plan-delta": StreamedAnswer.plan,
    "tool-call-start": StreamedAnswer.call_begins,
    "tool-call-delta": StreamedAnswer.call_goes_on,
    "citation-start": StreamedAnswer.citation,
    "message-end": StreamedAnswer.finished,
}


def _message(event: Mapping[str, Any]) -> dict[str, Any]:
    delta = msgspec.convert(event.get("delta") or {}, dict[str, Any])
    return msgspec.convert(delta.get("message") or {}, dict[str, Any])


def _call(event: Mapping[str, Any]) -> Call:
    return msgspec.convert(_message(event).get("tool_calls") or {}, Call)


def _index(event: Mapping[str, Any]) -> int:
    return msgspec.convert(event.get("index") or 0, int)
