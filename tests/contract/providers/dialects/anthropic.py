"""Anthropic's Messages (https://platform.claude.com/docs/en/build-with-claude/streaming)."""

import json
from typing import Any

from everloop.domain.generation import ToolCall, Usage
from everloop.errors import FailureKind
from tests.contract.providers.dialects.dialect import Said, Streamed, halves, words

_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_call": "tool_use", "content_filter": "refusal"}
# https://platform.claude.com/docs/en/api/errors
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_THOUGHT = "Hm. Größer?"


class Anthropic:
    name = "anthropic"
    model = "claude-opus-5-5"
    content_type = "text/event-stream; charset=utf-8"

    def plain(self, said: Said) -> dict[str, Any]:
        end = {"stop_reason": _REASONS[said.reason], "stop_sequence": None, "stop_details": None}
        return {**self._envelope(), "content": _blocks(said), **end, "usage": _usage(said.usage)}

    def streamed(self, said: Said) -> Streamed:
        usage = _usage(said.usage)
        begun: dict[str, Any] = {
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**usage, "output_tokens": 1},
        }
        body = [event("message_start", message={**self._envelope(), **begun}), event("ping")]
        for index, block in enumerate(_blocks(said)):
            body += _pieces(index, block)
        # The counts of a message_delta are totals, and may leave out what was known before.
        counted = {name: usage[name] for name in ("output_tokens", "output_tokens_details")}
        end = {"stop_reason": _REASONS[said.reason], "stop_sequence": None, "stop_details": None}
        return Streamed(body, [event("message_delta", delta=end, usage=counted), event("message_stop")])

    def unreadable(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type": "content_block_delta", "ind\n\n'

    def refusal(self, status: int, message: str) -> Any:
        error = {"type": _TYPES.get(status, "api_error"), "message": message}
        return {"type": "error", "error": error, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"}

    def broken_off(self, message: str) -> tuple[bytes, FailureKind]:
        return event("error", error={"type": "overloaded_error", "message": message}), FailureKind.OVERLOADED

    def _envelope(self) -> dict[str, Any]:
        return {"id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant", "model": self.model}


def event(name: str, **fields: Any) -> bytes:
    """One event, as the vendor writes it: its name stands in its data as well."""
    data = json.dumps({"type": name, **fields}, ensure_ascii=False)
    return f"event: {name}\ndata: {data}\n\n".encode()


def _blocks(said: Said) -> list[dict[str, Any]]:
    text = [{"type": "text", "text": said.text}] if said.text else []
    thought = {"type": "thinking", "thinking": _THOUGHT, "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"}
    return [thought, *text, *map(_call, said.calls)]


def _call(call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}


def _pieces(index: int, block: dict[str, Any]) -> list[bytes]:
    empty: dict[str, Any]
    match block["type"]:
        case "thinking":
            empty = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": each} for each in words(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        case "text":
            empty = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": each} for each in words(block["text"])]
        case _:
            empty = {**block, "input": {}}
            written = json.dumps(block["input"], ensure_ascii=False, separators=(",", ":"))
            # An empty piece comes first, and a call without arguments has no other.
            pieces = ["", *(halves(written) if block["input"] else ())]
            deltas = [{"type": "input_json_delta", "partial_json": each} for each in pieces]
    begin = event("content_block_start", index=index, content_block=empty)
    grown = [event("content_block_delta", index=index, delta=each) for each in deltas]
    return [begin, *grown, event("content_block_stop", index=index)]


def _usage(usage: Usage) -> dict[str, Any]:
    """Some of the prompt was in a cache, some was put there."""
    read, made = usage.prompt_tokens // 3, usage.prompt_tokens // 4
    return {
        "input_tokens": usage.prompt_tokens - read - made,
        "cache_creation_input_tokens": made,
        "cache_read_input_tokens": read,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens or 0},
    }
