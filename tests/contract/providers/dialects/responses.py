"""OpenAI's Responses (https://platform.openai.com/docs/api-reference/responses and …/responses-streaming)."""

import json
from typing import Any

from everloop.domain.generation import ToolCall, Usage
from everloop.errors import FailureKind
from tests.contract.providers.dialects.dialect import Said, Streamed, halves, words


class Responses:
    name = "responses"
    model = "gpt-5-pro"
    content_type = "text/event-stream; charset=utf-8"

    def plain(self, said: Said) -> dict[str, Any]:
        cut = said.reason == "length"
        output = [_thought(), *([_message(said.text)] if said.text else []), *map(_call, said.calls)]
        return {
            **self._begun(),
            "status": "incomplete" if cut else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": output,
            "usage": _usage(said.usage),
        }

    def streamed(self, said: Said) -> Streamed:
        done = self.plain(said)
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": self._begun()},
            {"type": "response.in_progress", "response": self._begun()},
        ]
        for place, item in enumerate(done["output"]):
            events += _item(place, item)
        last = "response.incomplete" if said.reason == "length" else "response.completed"
        numbered = [event(number, each) for number, each in enumerate([*events, {"type": last, "response": done}])]
        return Streamed(numbered[:-1], numbered[-1:])

    def unreadable(self) -> bytes:
        return b'event: response.output_text.delta\ndata: {"type": "response.outp\n\n'

    def refusal(self, status: int, message: str) -> Any:
        return {"error": {"message": message, "type": "invalid_request_error", "param": "input", "code": None}}

    def broken_off(self, message: str) -> tuple[bytes, FailureKind]:
        error = {"type": "error", "code": "rate_limit_exceeded", "message": message, "param": None}
        return event(99, error), FailureKind.RATE_LIMIT

    def _begun(self) -> dict[str, Any]:
        nothing: dict[str, Any] = {
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "usage": None,
        }
        choice = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "temperature": 1.0, "top_p": 1.0}
        return {"id": "resp_1", "object": "response", "created_at": 1, "status": "in_progress", "model": self.model,
                "output": [], **nothing, **choice}  # fmt: skip


def event(number: int, said: dict[str, Any]) -> bytes:
    """An event, named as it names itself."""
    data = json.dumps({**said, "sequence_number": number}, ensure_ascii=False)
    return f"event: {said['type']}\ndata: {data}\n\n".encode()


def _thought() -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Well."}]}


def _message(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
    return {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": content}


def _call(call: ToolCall) -> dict[str, Any]:
    item = {"type": "function_call", "id": f"fc_{call.id}", "status": "completed"}
    return {**item, "call_id": call.id, "name": call.name, "arguments": call.arguments}


def _item(place: int, item: dict[str, Any]) -> list[dict[str, Any]]:
    """How one item comes: that it begins, its pieces, that it is whole."""
    where = {"item_id": item["id"], "output_index": place}
    begun: dict[str, dict[str, Any]] = {
        "message": {"content": []},
        "function_call": {"arguments": ""},
        "reasoning": {"summary": []},
    }
    added = {"type": "response.output_item.added", "output_index": place, "item": {**item, **begun[item["type"]]}}
    done = {"type": "response.output_item.done", "output_index": place, "item": item}
    return [added, *_pieces(item, where), done]


def _pieces(item: dict[str, Any], where: dict[str, Any]) -> list[dict[str, Any]]:
    kinds: list[dict[str, Any]]
    match item["type"]:
        case "message":
            where = {**where, "content_index": 0}
            text, part = item["content"][0]["text"], item["content"][0]
            deltas = [{"type": "response.output_text.delta", "delta": each, "logprobs": []} for each in words(text)]
            added = {"type": "response.content_part.added", "part": {**part, "text": ""}}
            done = {"type": "response.output_text.done", "text": text, "logprobs": []}
            kinds = [added, *deltas, done, {"type": "response.content_part.done", "part": part}]
        case "function_call":
            kind = "response.function_call_arguments"
            kinds = [{"type": f"{kind}.delta", "delta": each} for each in halves(item["arguments"])]
            kinds.append({"type": f"{kind}.done", "arguments": item["arguments"], "name": item["name"]})
        case _:
            where = {**where, "summary_index": 0}
            kinds = [{"type": "response.reasoning_summary_text.delta", "delta": "Well."}]
    return [{**each, **where} for each in kinds]


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": usage.prompt_tokens + usage.output_tokens,
    }
