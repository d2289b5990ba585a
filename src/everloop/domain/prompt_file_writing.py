"""A model configuration as a `.prompt` file, such that reading it gives the same configuration."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.prompt_file import join
from everloop.domain.prompt_file_header import header
from everloop.domain.prompt_file_reading import ESCAPED, messages, said
from everloop.domain.prompt_file_tags import Lines, element, lines_of
from everloop.errors import InvalidFields

_OPENS: Final = re.compile(r"^([ \t]*)(<(?:text|image|tool)(?=[\s/>]|$))")


def write(config: ModelConfig, name: str | None = None, description: str | None = None) -> str:
    """The whole file; `name` and `description` are labels.

    The template that the endpoint does not use is in the header, and so is a chat template that tags cannot say, such
    as one with reasoning in it.
    """
    body, in_header = _templates(config)
    labels = {"name": name, "description": description}
    return join(header(config, labels, in_header), body)


def _templates(config: ModelConfig) -> tuple[str, dict[str, Any]]:
    """The body, and what has to be said in the header."""
    prompt, chat = config.prompt_template, config.chat_template
    listed = None if chat is None else [dict(each) for each in chat]
    if config.endpoint is Endpoint.COMPLETE:
        in_header = {} if listed is None else {"chat_template": listed}
        return (prompt, in_header) if prompt else ("", in_header | _given("prompt_template", prompt))
    in_header = _given("prompt_template", prompt)
    body = _body(listed or [])
    return (body, in_header) if _read(body) == listed else ("", in_header | {"chat_template": listed})


def _read(body: str) -> list[dict[str, Any]] | None:
    try:
        return [message for _, message in messages(body, 1)] or None
    except InvalidFields:
        return None


def _given(key: str, text: str | None) -> dict[str, Any]:
    return {} if text is None else {key: text}


def _body(chat: Sequence[Mapping[str, Any]]) -> str:
    blocks = ["\n".join(_message(each)) + "\n" for each in chat]
    return "\n".join(blocks)


def _message(message: Mapping[str, Any]) -> list[str]:
    role = str(message["role"])
    attributes = {"name": message.get("name"), "id": message.get("tool_call_id") if role == "tool" else None}
    return element(role, attributes, _content(role, message))


def _content(role: str, message: Mapping[str, Any]) -> list[str] | None:
    content, calls = message.get("content"), message.get("tool_calls")
    if role == "assistant" and calls:
        text = element("text", {}, lines_of(content)) if isinstance(content, str) else []
        return text + [line for each in calls for line in _call(each)]
    if isinstance(content, list):
        return [line for each in content for line in _part(each)]
    if content is None:
        return None
    return _text(role, lines_of(content))


def _part(part: Mapping[str, Any]) -> list[str]:
    if part["type"] == "text":
        return element("text", {}, lines_of(part["text"]))
    return element("image", {"url": part["image_url"]["url"], "detail": part["image_url"].get("detail")}, None)


def _call(call: Mapping[str, Any]) -> list[str]:
    arguments = call["function"].get("arguments")
    lines = None if arguments is None else lines_of(arguments)
    return element("tool", {"name": call["function"]["name"], "id": call["id"]}, lines)


def _text(role: str, lines: list[str]) -> list[str]:
    """The lines of a text; a backslash goes before what would be read as an element."""
    if role not in ("user", "assistant"):
        return lines
    kept = [ESCAPED.sub(r"\1\\\\\2", line, count=1) for line in lines]
    return kept if _is_text(role, kept) else [_OPENS.sub(r"\1\\\2", line, count=1) for line in kept]


def _is_text(role: str, lines: list[str]) -> bool:
    try:
        return isinstance(said(role, Lines(lines, 1)).get("content"), str)
    except InvalidFields:
        return False
