"""Chat messages as Cohere takes them (https://docs.cohere.com/reference/chat, `messages`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from everloop.domain.message import Message
from everloop.errors import Unprocessable
from everloop.providers.call_ids import with_ids


def written(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """v4's messages. Names of speakers and what a model thought are left out: there is no place for them.

    Raises Unprocessable for an image that is not in a message of the user, and for a tool's reply to no call.
    """
    return [_written(message) for message in with_ids(messages)]


def _written(message: Message) -> dict[str, Any]:
    content = message.get("content")
    match message["role"]:
        case "user":
            return {"role": "user", "content": _parts(content) if isinstance(content, list) else content or ""}
        case "assistant":
            return _answer(message)
        case "tool":
            return {"role": "tool", "tool_call_id": message["tool_call_id"], "content": _text(message)}
        case _:  # `developer` is what others call the system's messages
            return {"role": "system", "content": _text(message)}


def _answer(message: Message) -> dict[str, Any]:
    made: dict[str, Any] = {"role": "assistant"}
    if message.get("tool_calls"):
        made["tool_calls"] = [_call(call["id"], call["function"]) for call in message["tool_calls"]]
    text = _text(message)
    if text or "tool_calls" not in made:
        made["content"] = text
    return made


def _call(call_id: str, function: Mapping[str, Any]) -> dict[str, Any]:
    called = {"name": function["name"], "arguments": function.get("arguments") or "{}"}
    return {"id": call_id, "type": "function", "function": called}


def _text(message: Message) -> str | list[dict[str, Any]]:
    content = message.get("content")
    if not isinstance(content, list):
        return content or ""
    if any(part.get("type") != "text" for part in content):
        raise Unprocessable(f"Cohere takes images in messages of the user, not of role `{message['role']}`.")
    return _parts(content)


def _parts(content: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_part(part) for part in content]


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part["type"] == "text":
        return {"type": "text", "text": part["text"]}
    image = {key: part["image_url"][key] for key in ("url", "detail") if part["image_url"].get(key) is not None}
    return {"type": "image_url", "image_url": image}
