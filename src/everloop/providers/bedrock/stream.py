"""A streamed answer of ConverseStream: the events of its frames in, our events out; no I/O.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from everloop.domain.generation import Event, Usage
from everloop.providers.bedrock.answer import SERVED, TokenCount, finish_reason
from everloop.providers.bedrock.assembly import Assembly, body
from everloop.providers.bedrock.error import from_exception
from everloop.providers.failures import decoded, malformed
from everloop.providers.one_sample import OneSample
from everloop.providers.redaction import Redactor

_Payload = dict[str, Any]


class _ToolUse(msgspec.Struct, rename="camel"):
    tool_use_id: str
    name: str
    type: str | None = None


class _Input(msgspec.Struct):
    input: str = ""


class StreamedAnswer(OneSample):
    """Follows one stream: blocks with their numbers, the reason it ended, and last what was counted.

    Events of unknown kinds say nothing.
    """

    __slots__ = ("_assembly", "_counted", "_ended", "_open", "_silent")

    def __init__(self, origin: str, redactor: Redactor) -> None:
        super().__init__(origin, redactor)
        self._assembly = Assembly()
        self._open: dict[int, int | None] = {}  # calls by the numbers of their blocks; None for one of the vendor's own
        self._silent: set[int] = set()  # calls without arguments as yet
        self._ended: _Payload | None = None
        self._counted: _Payload | None = None

    def read(self, name: str, payload: bytes) -> list[Event]:
        """What one event says."""
        reading = self._READING.get(name)
        if self.over or reading is None:
            return []
        said = decoded(self._redactor.body(payload))
        if not isinstance(said, dict):
            return self.fail(malformed(self._origin, "sent a piece of its answer that cannot be read."))
        try:
            return reading(self, said)
        except msgspec.ValidationError as error:
            return self.fail(malformed(self._origin, f"sent a piece of another shape than its format: {error}."))

    def broken(self, name: str, payload: bytes, message: str | None) -> list[Event]:
        """The vendor broke its answer off."""
        if self.over:
            return []
        text = self._redactor.text
        said = text(message) if message is not None else None
        return self.fail(from_exception(self._origin, text(name), self._redactor.body(payload), said), self._usage())

    def end(self) -> list[Event]:
        """The stream ended; the answer may have before, without a count."""
        return self._finished() if self._ended is not None and not self.over else super().end()

    def _begun(self, said: _Payload) -> list[Event]:
        start = msgspec.convert(said.get("start"), dict[str, Any])
        if "toolUse" not in start:
            return []
        place, use = _place(said), msgspec.convert(start["toolUse"], _ToolUse)
        self._assembly.begin(place, start["toolUse"])
        if use.type == SERVED:
            self._open[place] = None
            return []
        self._open[place] = len(self._calls)
        self._silent.add(len(self._calls))
        return self.call(use.tool_use_id, use.name)

    def _added(self, said: _Payload) -> list[Event]:
        place, delta = _place(said), msgspec.convert(said.get("delta"), dict[str, Any])
        events: list[Event] = []
        if "toolUse" in delta:
            events = self._argued(place, msgspec.convert(delta["toolUse"], _Input).input)
        elif delta.get("text") is not None:
            events = self.text(msgspec.convert(delta["text"], str))
        self._assembly.add(place, delta)
        return events

    def _argued(self, place: int, piece: str) -> list[Event]:
        if place not in self._open:
            raise msgspec.ValidationError("a tool call that had not begun")
        call = self._open[place]
        if call is None or not piece:
            return []
        self._silent.discard(call)
        return self.arguments(call, piece)

    def _stopped(self, said: _Payload) -> list[Event]:
        self._ended = {name: said[name] for name in ("stopReason", "additionalModelResponseFields") if name in said}
        msgspec.convert(said.get("stopReason"), str | None)
        return self._finished() if self._counted is not None else []

    def _measured(self, said: _Payload) -> list[Event]:
        self._counted = {name: value for name, value in said.items() if name != "p"}  # "p" fills events up
        msgspec.convert(said.get("usage"), TokenCount | None)
        return self._finished() if self._ended is not None else []

    def _finished(self) -> list[Event]:
        ended, counted = self._ended or {}, self._counted or {}
        events = [event for call in sorted(self._silent) for event in self.arguments(call, "{}")]
        answer = body(self._assembly.content(), ended, counted)
        return [*events, *self.finish(finish_reason(ended.get("stopReason")), answer, self._usage())]

    def _usage(self) -> Usage | None:
        counted = (self._counted or {}).get("usage")
        return msgspec.convert(counted, TokenCount).usage() if counted is not None else None

    _READING: ClassVar[Mapping[str, Callable[["StreamedAnswer", _Payload], list[Event]]]] = {
        "contentBlockStart": _begun,
        "contentBlockDelta": _added,
        "messageStop": _stopped,
        "metadata": _measured,
    }


def _place(said: _Payload) -> int:
    return msgspec.convert(said.get("contentBlockIndex"), int)
