"""A streamed answer of OpenAI's Responses (https://platform.openai.com/docs/api-reference/responses-streaming)."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from everloop.domain.depth import may_be_too_deep
from everloop.domain.generation import Event, Usage
from everloop.errors import ProviderFailure
from everloop.providers.failures import decoded, malformed
from everloop.providers.one_sample import OneSample
from everloop.providers.redaction import Redactor
from everloop.providers.responses.answer import FunctionCall, from_value, usage_of
from everloop.providers.responses.error import from_error
from everloop.providers.sse import ServerSentEvent


class _Said(msgspec.Struct):
    """One event. What its kind has no need of may be anything."""

    type: str = ""
    delta: Any = None
    output_index: Any = None
    item: Any = None
    response: Any = None
    error: Any = None
    code: Any = None
    message: Any = None


_SAID: Final = msgspec.json.Decoder(_Said)


class _OpenCall(msgspec.Struct):
    """A call by its number; `begun` once some of its arguments were said."""

    place: int
    begun: bool = False


def _read(payload: bytes) -> _Said | None:
    """The event; None for one that is not of the format, or so deep that nobody could read it."""
    try:
        said = _SAID.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return None if may_be_too_deep(payload) and decoded(payload) is None else said


class StreamedAnswer(OneSample):
    """Follows one stream, which ends with the whole answer in one event. Events of kinds unknown say nothing."""

    __slots__ = ("_items", "_open")

    def __init__(self, origin: str, redactor: Redactor) -> None:
        super().__init__(origin, redactor)
        self._open: dict[int, _OpenCall] = {}
        self._items: list[Any] = []

    def read(self, event: ServerSentEvent) -> list[Event]:
        """What one event says."""
        if self.over:
            return []
        if event.data.strip() == b"[DONE]":  # OpenAI does not say it here; servers like it do
            return self.end()
        said = _read(self._redactor.body(event.data))
        if said is None:
            return self.fail(malformed(self._origin, "sent a piece of its answer that cannot be read."))
        reading = self._READING.get(said.type)
        try:
            return reading(self, said) if reading is not None else []
        except msgspec.ValidationError as error:
            return self.fail(malformed(self._origin, f"sent a piece of another shape than its format: {error}."))
        except ProviderFailure as failure:
            return self.fail(failure)

    def _texted(self, said: _Said) -> list[Event]:
        return self.text(msgspec.convert(said.delta, str))

    def _added(self, said: _Said) -> list[Event]:
        if not _is_call(said.item):
            return []
        call = msgspec.convert(said.item, FunctionCall)
        self._open[_place(said)] = _OpenCall(len(self._calls))
        return self.call(call.call_id, call.name)

    def _done(self, said: _Said) -> list[Event]:
        """An item is whole. Of a call of which only this is said, it says all."""
        self._items.append(said.item)
        if not _is_call(said.item):
            return []
        events = self._added(said) if _place(said) not in self._open else []
        call = self._called(said)
        if not call.begun:
            events += self._argued(call, msgspec.convert(said.item, FunctionCall).arguments)
        return events

    def _continued(self, said: _Said) -> list[Event]:
        return self._argued(self._called(said), msgspec.convert(said.delta, str))

    def _argued(self, call: _OpenCall, piece: str) -> list[Event]:
        call.begun = True
        return self.arguments(call.place, piece)

    def _called(self, said: _Said) -> _OpenCall:
        """The call that an event goes on with."""
        found = self._open.get(_place(said))
        if found is None:
            raise malformed(self._origin, "went on with a tool call that it had not begun.")
        return found

    def _finished(self, said: _Said) -> list[Event]:
        body = msgspec.convert(said.response, dict[str, Any])
        if not body.get("output"):
            body["output"] = self._items
        sample, usage = from_value(body, self._origin, self._redactor)
        return self.finish(sample.finish_reason, msgspec.json.encode(body), usage)

    def _failed(self, said: _Said) -> list[Event]:
        body = said.response if isinstance(said.response, dict) else {}
        return self.fail(from_error(self._origin, body.get("error")), _counted(body))

    def _erred(self, said: _Said) -> list[Event]:
        error = said.error or {"code": said.code, "message": said.message}
        return self.fail(from_error(self._origin, error))

    _READING: ClassVar[Mapping[str, Callable[["StreamedAnswer", _Said], list[Event]]]] = {
        "response.output_text.delta": _texted,
        "response.refusal.delta": _texted,
        "response.output_item.added": _added,
        "response.output_item.done": _done,
        "response.function_call_arguments.delta": _continued,
        "response.completed": _finished,
        "response.incomplete": _finished,
        "response.failed": _failed,
        "error": _erred,
    }


def _counted(body: dict[str, Any]) -> Usage | None:
    try:
        return usage_of(body)
    except msgspec.ValidationError:
        return None


def _place(said: _Said) -> int:
    return msgspec.convert(said.output_index, int)


def _is_call(item: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(item, dict) and item.get("type") == "function_call"
