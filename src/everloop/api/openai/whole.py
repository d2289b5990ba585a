"""A whole answer as OpenAI writes it."""

from typing import Any, Final

import msgspec

from everloop.api.openai.call_models import CallRequest
from everloop.api.openai.logprobs import logprobs_in
from everloop.api.openai.wire import Wire, usage_view
from everloop.domain.ids import milliseconds_of
from everloop.services.answer import Answer

_encode: Final = msgspec.json.Encoder().encode


def whole(answer: Answer, request: CallRequest, wire: Wire) -> bytes:
    """The answer, with a choice for each sample."""
    told = dict(enumerate(logprobs_in(answer.provider_responses))) if request.wants_logprobs else {}
    choices: list[dict[str, Any]] = [
        {
            "index": sample.index,
            **wire.choice(sample),
            "logprobs": wire.logprobs(told.get(sample.index)),
            "finish_reason": wire.reason(sample.finish_reason),
        }
        for sample in answer.samples
    ]
    first = answer.samples[0].log_id
    return _encode(
        {
            **envelope(first, wire.whole, request.model),
            "choices": choices,
            "usage": usage_view(answer.usage),
        }
    )


def envelope(log_id: str, kind: str, model: str) -> dict[str, Any]:
    """What stands around the choices, of a whole answer and of an event."""
    return {
        "id": log_id,
        "object": kind,
        "created": milliseconds_of(log_id) // 1000,
        "model": model,
        "system_fingerprint": None,
    }
