"""Chat messages in v4's words, as plain JSON objects: filled with inputs, and read as text."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from everloop.domain.generation import ToolCall

Message = Mapping[str, Any]


def filled(template: Sequence[Message], fill: Callable[[str], str]) -> list[Message]:
    """The messages of a chat template with their templates filled, in text and in the text parts of lists."""
    return [_filled(message, fill) for message in template]


def _filled(message: Message, fill: Callable[[str], str]) -> Message:
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": fill(content)}
    if content is None:
        return message
    return {**message, "content": [_filled_part(part, fill) for part in content]}


def _filled_part(part: Mapping[str, Any], fill: Callable[[str], str]) -> Mapping[str, Any]:
    return {**part, "text": fill(part["text"])} if part.get("type") == "text" else part


def texts(message: Message) -> list[str]:
    """The pieces of text in a message's content."""
    content = message.get("content")
    if content is None:
        return []
    return [content] if isinstance(content, str) else [part["text"] for part in content if part.get("type") == "text"]


def text_of(messages: Iterable[Message]) -> str:
    """All text of a chat that a model reads, tool calls included: what its tokens are estimated by."""
    return "\n".join(text for message in messages for text in [*texts(message), *_called(message)])


def _called(message: Message) -> list[str]:
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    if message.get("tool_call"):
        functions.append(message["tool_call"])
    return [f"{function['name']}{function.get('arguments') or ''}" for function in functions]


def answered(text: str, calls: Sequence[ToolCall]) -> Message:
    """A model's answer as a message of the chat, which can be sent back as it is. No text beside calls is null."""
    message: dict[str, Any] = {"role": "assistant", "content": text if text or not calls else None}
    if calls:
        message["tool_calls"] = [tool_call(each) for each in calls]
    return message


def tool_call(call: ToolCall) -> dict[str, Any]:
    """A tool call in v4's words."""
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
