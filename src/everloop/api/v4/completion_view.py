"""Answers of completions as v4 writes them."""

from typing import Any, Final

import msgspec

from everloop.api.v4.call_events import event_view
from everloop.api.v4.call_models import CallRequest
from everloop.api.v4.calls import Wire, answer_view
from everloop.services.answer import Answer, StreamedAnswer
from everloop.services.command import CompletionCommand
from everloop.services.sample import Chunk

_encode: Final = msgspec.json.Encoder().encode


def _whole(answer: Answer, command: CompletionCommand, request: CallRequest) -> bytes:
    inputs = {} if request.return_inputs is False else msgspec.Raw(command.inputs.text)
    data = [
        {
            "id": sample.log_id,
            "index": sample.index,
            "output": sample.output,
            "raw_output": sample.raw_output,
            "inputs": inputs,
            "finish_reason": sample.finish_reason,
            "model_config_id": sample.config_id,
            "tool_results": [each.view() for each in sample.tool_results],
        }
        for sample in answer.samples
    ]
    return _encode(answer_view(answer, command, data))


def _event(answer: StreamedAnswer, chunk: Chunk) -> dict[str, Any]:
    return event_view(answer, chunk, {}, {"text": chunk.raw_output})


COMPLETION: Final[Wire[CallRequest]] = Wire(_whole, _event)
