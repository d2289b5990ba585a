"""Chat messages in the OpenAI wire format (https://platform.openai.com/docs/api-reference/chat/create)."""

from collections.abc import Mapping, Sequence
from typing import Any

from everloop.domain.message import Message


def written(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """v4's messages as OpenAI takes them; what a model thought is left out, as OpenAI has no place for it."""
    return [_written(message) for message in messages]


def _written(message: Message) -> dict[str, Any]:
    role = message["role"]
    made: dict[str, Any] = {"role": role, "content": message.get("content")}
    if name := message.get("name"):
        made["name"] = name
    if role == "tool":
        made |= _reply(message)
    elif calls := message.get("tool_calls"):
        made["tool_calls"] = [_call(call) for call in calls]
    elif function := message.get("tool_call"):
        made["function_call"] = _function(function)
    if made["content"] is None and "tool_calls" not in made and "function_call" not in made:
        made["content"] = ""  # OpenAI refuses null, except beside calls
    return made


def _reply(message: Message) -> dict[str, Any]:
    """A tool's answer; the deprecated form names its function and no call."""
    call_id = message.get("tool_call_id")
    return {"tool_call_id": call_id} if call_id else {"role": "function"}


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": call["id"], "type": "function", "function": _function(call["function"])}


def _function(function: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": function["name"], "arguments": function.get("arguments") or "{}"}
