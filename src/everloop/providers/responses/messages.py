"""Chat messages as the input items of Responses: messages, calls and their outputs beside each other.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input; the shapes are
`ResponseInputParam` of the official package.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from everloop.domain.message import Message, texts
from everloop.errors import Unprocessable
from everloop.providers.call_ids import with_ids


def written(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """v4's messages as input items. There is no place for `name` and for what a model thought: both are left out."""
    return [item for message in with_ids(messages) for item in _items(message)]


def _items(message: Message) -> list[dict[str, Any]]:
    match message["role"]:
        case "tool":
            output = _content(message)
            return [{"type": "function_call_output", "call_id": message["tool_call_id"], "output": output}]
        case "assistant":
            return _answer(message)
        case role:
            return [{"role": role, "content": _content(message)}]


def _answer(message: Message) -> list[dict[str, Any]]:
    """What a model said; the parts of its content would have to be output parts, so they become one text."""
    if any(part.get("type") != "text" for part in _parts(message)):
        raise Unprocessable("OpenAI's Responses take images from users and tools only, not in a message of the model.")
    text, calls = "".join(texts(message)), [_call(each) for each in message.get("tool_calls") or ()]
    return [{"role": "assistant", "content": text}, *calls] if text or not calls else calls


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    arguments = function.get("arguments") or "{}"
    return {"type": "function_call", "call_id": call["id"], "name": function["name"], "arguments": arguments}


def _content(message: Message) -> str | list[dict[str, Any]]:
    parts = _parts(message)
    return [_part(each) for each in parts] if parts else message.get("content") or ""


def _parts(message: Message) -> list[Mapping[str, Any]]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") == "text":
        return {"type": "input_text", "text": part["text"]}
    image = part["image_url"]
    return {"type": "input_image", "image_url": image["url"], "detail": image.get("detail") or "auto"}
