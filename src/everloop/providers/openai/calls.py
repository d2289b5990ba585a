"""Tool calls in answers of the OpenAI wire format, whole or in pieces, and the deprecated `function_call`."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from everloop.domain.generation import ToolCall, ToolCallDelta
from everloop.providers.redaction import Redactor, StreamedText


class Function(msgspec.Struct):
    """What is to be called. Some servers write the arguments as an object and not as its text."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The arguments as JSON in a text."""
        given = self.arguments
        return given if isinstance(given, str) else msgspec.json.encode(given).decode() if given is not None else ""


class Call(msgspec.Struct):
    """One of `tool_calls`; calls of other things than functions have no `function`."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None


def whole(calls: Sequence[Call], function: Function | None, redactor: Redactor) -> tuple[ToolCall, ...]:
    """The calls of a plain answer; those without an id are numbered."""
    found = [*calls] if calls or function is None else [Call(function=function)]
    functions = [(call.id, call.function) for call in found if call.function is not None]
    return tuple(
        ToolCall(call_id or _numbered(place), each.name or "", redactor.text(each.text))
        for place, (call_id, each) in enumerate(functions)
    )


class StreamedCalls:
    """The tool calls of one sample as they come, with the key taken out."""

    __slots__ = ("_ids", "_places", "_redactor", "_sample", "_shown")

    def __init__(self, sample: int, redactor: Redactor) -> None:
        self._sample = sample
        self._redactor = redactor
        self._places: dict[int | None, int] = {}
        self._ids: list[str | None] = []
        self._shown: list[StreamedText] = []

    def read(self, delta: Mapping[str, Any]) -> list[ToolCallDelta]:
        """What one delta says of calls. Raises `msgspec.ValidationError`."""
        calls = msgspec.convert(delta.get("tool_calls") or [], list[Call])
        if not calls and delta.get("function_call"):
            calls = [Call(function=msgspec.convert(delta["function_call"], Function))]
        return [self._piece(call, call.function) for call in calls if call.function is not None]

    def rest(self) -> list[ToolCallDelta]:
        """What was still held back, now that nothing follows."""
        tails = [(place, shown.rest()) for place, shown in enumerate(self._shown)]
        return [ToolCallDelta(self._sample, place, tail) for place, tail in tails if tail]

    def _piece(self, call: Call, function: Function) -> ToolCallDelta:
        place, new = self._place(call)
        arguments = self._shown[place].add(function.text)
        call_id = (call.id or _numbered(place)) if new else None
        return ToolCallDelta(self._sample, place, arguments, call_id, function.name)

    def _place(self, call: Call) -> tuple[int, bool]:
        """Which call it is, and whether it is a new one: some servers give no index, or all calls the same."""
        known = self._places.get(call.index)
        if known is not None and (not call.id or call.id == self._ids[known]):
            return known, False
        place = self._places[call.index] = len(self._ids)
        self._ids.append(call.id)
        self._shown.append(StreamedText(self._redactor))
        return place, True


def _numbered(place: int) -> str:
    return f"call_{place}"
