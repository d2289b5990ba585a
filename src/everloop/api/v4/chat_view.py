"""Answers of chats as v4 writes them."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from everloop.api.v4.call_events import event_view
from everloop.api.v4.calls import Wire, answer_view
from everloop.api.v4.chat_models import ChatCallRequest
from everloop.api.v4.message_models import message_view
from everloop.domain.generation import ToolCall
from everloop.domain.message import answered, tool_call
from everloop.services.answer import Answer, AnsweredSample, StreamedAnswer
from everloop.services.command import CompletionCommand
from everloop.services.sample import Chunk

_encode: Final = msgspec.json.Encoder().encode


def _whole(answer: Answer, command: CompletionCommand, request: ChatCallRequest) -> bytes:
    inputs = {} if request.return_inputs is False else msgspec.Raw(command.inputs.text)
    messages = _Messages()
    data = [_sample(sample, messages.of(sample)) | {"inputs": inputs} for sample in answer.samples]
    old = request.tool_call
    echo = {
        "tool_choice": request.choice(),
        "tool_call": old if old is None or isinstance(old, str) else old.model_dump(),
    }
    return _encode(answer_view(answer, command, data) | echo)


class _Messages:
    """What the models were given, as text; samples of one draw share it."""

    def __init__(self) -> None:
        self._written: dict[int, msgspec.Raw] = {}

    def of(self, sample: AnsweredSample) -> msgspec.Raw:
        """The messages of one sample."""
        given = sample.messages or ()
        if id(given) not in self._written:
            self._written[id(given)] = msgspec.Raw(_encode([message_view(each) for each in given]))
        return self._written[id(given)]


def _sample(sample: AnsweredSample, messages: msgspec.Raw) -> dict[str, Any]:
    calls = sample.tool_calls
    return {
        "id": sample.log_id,
        "index": sample.index,
        "output": sample.output,
        "raw_output": sample.raw_output,
        "finish_reason": sample.finish_reason,
        "model_config_id": sample.config_id,
        "tool_results": [each.view() for each in sample.tool_results],
        "messages": messages,
        "tool_call": {"name": calls[0].name, "arguments": calls[0].arguments} if calls else None,
        "tool_calls": [tool_call(each) for each in calls] or None,
        "output_message": message_view(answered(sample.raw_output, calls)),
    }


def _event(answer: StreamedAnswer, chunk: Chunk) -> dict[str, Any]:
    """`messages` are left out of events: they would not fit into a line."""
    delta: dict[str, Any] = {"content": chunk.raw_output}
    called: list[Mapping[str, Any]] | None = None
    said: ToolCall | None = None
    if chunk.tool_call is not None:
        said = chunk.tool_call.call
        called = [{"index": chunk.tool_call.place, **tool_call(said)}]
        delta["tool_calls"] = called  # beside `content`, which clients of the first generation rely on
    data = {
        "messages": None,
        "tool_call": None,
        "tool_calls": called,
        "output_message": message_view(answered(chunk.raw_output, (said,) if said else ())),
    }
    return event_view(answer, chunk, data, {"delta": delta})


CHAT: Final[Wire[ChatCallRequest]] = Wire(_whole, _event)
