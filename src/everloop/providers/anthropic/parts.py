"""The content of v4's messages as blocks of the Messages API.

https://platform.claude.com/docs/en/build-with-claude/working-with-messages
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from everloop.errors import Unprocessable

Block = dict[str, Any]

_DATA_URL: Final = re.compile(r"data:(image/[\w.+-]+)(?:;[\w.=+-]+)*;base64,", re.IGNORECASE)
_WEB_URL: Final = re.compile(r"https?://", re.IGNORECASE)


def blocks(content: Any) -> list[Block]:  # noqa: ANN401 - v4's content: a text, or a list of parts
    """The blocks of a content. Texts without a word are left out: the API refuses them. Raises Unprocessable."""
    if content is None:
        return []
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    found = (_block(part) for part in parts)
    return [each for each in found if each["type"] != "text" or each["text"].strip()]


def folded(found: list[Block]) -> str | list[Block]:
    """The same content, as a text if it is one: the API takes both."""
    match found:
        case [{"type": "text", "text": str(text), **more}] if not more:
            return text
        case _:
            return found


def _block(part: Mapping[str, Any]) -> Block:
    if part["type"] == "text":
        return {"type": "text", "text": part["text"]}
    return {"type": "image", "source": _source(part["image_url"]["url"])}


def _source(url: str) -> dict[str, str]:
    if found := _DATA_URL.match(url):
        return {"type": "base64", "media_type": found[1].lower(), "data": url[found.end() :]}
    if _WEB_URL.match(url):
        return {"type": "url", "url": url}
    raise Unprocessable("An image is either an https: URL or a data: URL of an image in base64.")
