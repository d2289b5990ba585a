"""OpenAI's chat completions (https://platform.openai.com/docs/api-reference/chat)."""

import json
from typing import Any

from everloop.domain.generation import ToolCall, Usage
from everloop.errors import FailureKind
from tests.contract.providers.dialects.dialect import Said, Streamed, halves, words
from tests.upstream import DONE, event

_REASONS = {"tool_call": "tool_calls"}


class OpenAi:
    name = "openai"
    model = "gpt-4o"
    content_type = "text/event-stream"

    def plain(self, said: Said) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": None}
        if said.calls:
            message["tool_calls"] = [_call(each, each.arguments) for each in said.calls]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(said)}
        return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": self.model, "choices": [choice],
                "usage": _usage(said.usage)}  # fmt: skip

    def streamed(self, said: Said) -> Streamed:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": each} for each in words(said.text)]
        for place, call in enumerate(said.calls):
            deltas.append({"tool_calls": [{"index": place, **_call(call, "")}]})
            pieces = halves(call.arguments)
            deltas += [{"tool_calls": [{"index": place, "function": {"arguments": each}}]} for each in pieces]
        end = [self._chunk({}, _reason(said)), event({**self._envelope(), "choices": [], "usage": _usage(said.usage)})]
        return Streamed([self._chunk(each) for each in deltas], [*end, DONE])

    def unreadable(self) -> bytes:
        return b'data: {"choices": [{"ind\n\n'

    def refusal(self, status: int, message: str) -> Any:
        return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}

    def broken_off(self, message: str) -> tuple[bytes, FailureKind]:
        return event({"error": {"message": message, "type": "server_error"}}), FailureKind.SERVER_ERROR

    def _envelope(self) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": self.model}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return event(json.dumps({**self._envelope(), "choices": [choice]}, ensure_ascii=False).encode())


def _reason(said: Said) -> str:
    return _REASONS.get(said.reason, said.reason)


def _call(call: ToolCall, arguments: str) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _usage(usage: Usage) -> dict[str, Any]:
    details = {"completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0}}
    counted = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.output_tokens}
    return {**counted, "total_tokens": usage.prompt_tokens + usage.output_tokens, **details}
