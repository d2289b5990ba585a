"""Cohere's chat, version 2 (https://docs.cohere.com/reference/chat, https://docs.cohere.com/v2/docs/streaming)."""

import json
from typing import Any

from everloop.domain.generation import ToolCall, Usage
from everloop.errors import FailureKind
from tests.contract.providers.dialects.dialect import Said, Streamed, halves, words
from tests.upstream import event

_REASONS = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool_call": "TOOL_CALL"}


class Cohere:
    name = "cohere"
    model = "command-a-03-2025"
    content_type = "text/event-stream"

    def plain(self, said: Said) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": [{"type": "text", "text": said.text}]}
        if said.calls:
            message |= {"tool_plan": "I will add.", "tool_calls": [_call(each, each.arguments) for each in said.calls]}
        return {"id": "c14c80c3", "message": message, "finish_reason": _reason(said), "usage": _usage(said.usage)}

    def streamed(self, said: Said) -> Streamed:
        events: list[dict[str, Any]] = [
            {"id": "c14c80c3", "type": "message-start", "delta": {"message": {"role": "assistant", "content": []}}}
        ]
        events.append(_content("content-start", {"type": "text", "text": ""}))
        events += [_content("content-delta", {"text": each}) for each in words(said.text)]
        events.append({"type": "content-end", "index": 0})
        if said.calls:
            events.append({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will add."}}})
        for place, call in enumerate(said.calls):
            events.append(_calls("tool-call-start", place, _call(call, "")))
            pieces = halves(call.arguments)
            events += [_calls("tool-call-delta", place, {"function": {"arguments": each}}) for each in pieces]
            events.append({"type": "tool-call-end", "index": place})
        end = {"finish_reason": _reason(said), "usage": _usage(said.usage)}
        return Streamed([_event(each) for each in events], [_event({"type": "message-end", "delta": end})])

    def unreadable(self) -> bytes:
        return b'event: content-delta\ndata: {"type":"content-delta","ind\n\n'

    def refusal(self, status: int, message: str) -> Any:
        return {"id": "24e32f6d", "message": message}

    def broken_off(self, message: str) -> tuple[bytes, FailureKind]:
        # `ChatMessageEndEventDelta.error` of the official package.
        end = {"finish_reason": "ERROR", "error": message}
        return _event({"type": "message-end", "delta": end}), FailureKind.SERVER_ERROR


def _event(value: dict[str, Any]) -> bytes:
    return f"event: {value['type']}\n".encode() + event(json.dumps(value, ensure_ascii=False).encode())


def _content(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "index": 0, "delta": {"message": {"content": content}}}


def _calls(kind: str, place: int, call: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "index": place, "delta": {"message": {"tool_calls": call}}}


def _reason(said: Said) -> str:
    return _REASONS[said.reason]


def _call(call: ToolCall, arguments: str) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _usage(usage: Usage) -> dict[str, Any]:
    """What is billed, and what the model read with Cohere's preamble before it."""
    billed = {"input_tokens": float(usage.prompt_tokens), "output_tokens": float(usage.output_tokens)}
    read = {"input_tokens": float(usage.prompt_tokens + 490), "output_tokens": float(usage.output_tokens + 3)}
    return {"billed_units": billed, "tokens": read, "cached_tokens": 0.0}
