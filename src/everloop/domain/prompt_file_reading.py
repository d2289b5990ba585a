"""The body of a `.prompt` file under `endpoint: chat`, as messages.

`<system>`, `<user>`, `<assistant>` and `<tool>` are a message each; `name` is the attribute of all, `id` of a tool's.
What a user says is text, or `<text>` and `<image>` elements; what an assistant says is text, or a `<text>` and the
`<tool>` elements of its calls. Text that would be taken for such elements has a backslash before their `<`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from everloop.domain.prompt_file import is_blank, wrong
from everloop.domain.prompt_file_tags import Element, Lines, element_at, opens, text_of
from everloop.errors import InvalidFields

_MESSAGES: Final = {"system": ("name",), "user": ("name",), "assistant": ("name",), "tool": ("name", "id")}
_PARTS: Final = {"text": (), "image": ("url", "detail")}
_CALLS: Final = {"text": (), "tool": ("name", "id")}

# A line of text that begins as an element does, and the backslashes before it.
ESCAPED: Final = re.compile(r"^([ \t]*)\\((?:\\)*<(?:text|image|tool)(?=[\s/>]|$))")


def begins_with_a_message(body: str) -> bool:
    """Whether a file that does not say its endpoint is one of a chat."""
    first = next((line for line in body.split("\n") if not is_blank(line)), "")
    return opens(first) in _MESSAGES


def messages(body: str, first: int) -> list[tuple[int, dict[str, Any]]]:
    """Each message in v4's shape, with the line where it opens. `first` is the number of the body's first line.

    Raises `InvalidFields`, with the line.
    """
    elements = _elements(Lines(body.split("\n"), first), _MESSAGES)
    return [(each.line, _message(each)) for each in elements]


def said(role: str, lines: Lines) -> dict[str, Any]:
    """The content of a message, and the calls that an assistant asks for: `content`, `tool_calls`.

    Raises `InvalidFields`, with the line.
    """
    match role:
        case "user":
            return {"content": _parts(lines)}
        case "assistant" if any(opens(line) == "tool" for line in lines.texts):
            return _calls(lines)
        case "assistant":
            return {"content": _unescaped(lines.texts)}
        case _:
            return {"content": text_of(lines.texts)}


def _elements(lines: Lines, known: Mapping[str, Sequence[str]]) -> list[Element]:
    found, index = [], 0
    while index < len(lines.texts):
        if is_blank(lines.texts[index]):
            index += 1
        else:
            each, index = element_at(lines, index, known)
            found.append(each)
    return found


def _message(element: Element) -> dict[str, Any]:
    message: dict[str, Any] = {"role": element.tag}
    if element.lines is not None:
        message |= said(element.tag, Lines(element.lines, element.first))
    if "name" in element.attributes:
        message["name"] = element.attributes["name"]
    if "id" in element.attributes:
        message["tool_call_id"] = element.attributes["id"]
    return message


def _parts(lines: Lines) -> str | list[dict[str, Any]]:
    """Elements, if it is all elements. Beside an image they have to be: text next to it would be lost in it."""
    try:
        elements = _elements(lines, _PARTS)
    except InvalidFields:
        if any(opens(line) == "image" for line in lines.texts):
            raise
        elements = []
    return [_part(each) for each in elements] if elements else _unescaped(lines.texts)


def _part(element: Element) -> dict[str, Any]:
    if element.tag == "text":
        return {"type": "text", "text": text_of(element.lines or ())}
    if "url" not in element.attributes:
        raise wrong(element.line, '<image> needs the attribute `url`, as in <image url="https://…"/>.')
    if element.lines:
        raise wrong(element.line, '<image> has no content: write it as <image url="…"/>.')
    return {"type": "image_url", "image_url": dict(element.attributes)}


def _calls(lines: Lines) -> dict[str, Any]:
    elements = _elements(lines, _CALLS)
    texts = [each for each in elements if each.tag == "text"]
    if len(texts) > 1:
        raise wrong(texts[1].line, "beside <tool> elements an assistant has one <text>.")
    content = {"content": text_of(texts[0].lines or ())} if texts else {}
    return content | {"tool_calls": [_call(each) for each in elements if each.tag == "tool"]}


def _call(element: Element) -> dict[str, Any]:
    for name in ("name", "id"):
        if name not in element.attributes:
            raise wrong(element.line, f"the call of a tool needs the attribute `{name}`.")
    function: dict[str, Any] = {"name": element.attributes["name"]}
    if element.lines is not None:
        function["arguments"] = text_of(element.lines)
    return {"id": element.attributes["id"], "type": "function", "function": function}


def _unescaped(lines: Sequence[str]) -> str:
    return text_of([ESCAPED.sub(r"\1\2", line, count=1) if "\\" in line else line for line in lines])
