"""Content of v4's messages as Gemini's parts (https://ai.google.dev/api/caching#Part)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.message import Message
from everloop.errors import Unprocessable

# https://ai.google.dev/gemini-api/docs/image-understanding#supported-formats, and what URLs may lead to besides
# (https://ai.google.dev/gemini-api/docs/file-input-methods).
_KINDS: Final = {
    "bmp": "image/bmp",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
_DATA: Final = re.compile(r"data:([^;,\s]+)(?:;[^;,]*)*;base64,(.+)", re.IGNORECASE | re.DOTALL)


def written(message: Message) -> list[dict[str, Any]]:
    """A message's texts and images, in their order; nothing for no content. Raises Unprocessable."""
    content = message.get("content")
    if content is None:
        return []
    if isinstance(content, str):
        return [{"text": content}]
    return [{"text": part["text"]} if part["type"] == "text" else _image(part["image_url"]) for part in content]


def _image(image: Mapping[str, Any]) -> dict[str, Any]:
    """How closely it is to be looked at (`detail`) has no word in this format."""
    url = image["url"]
    if found := _DATA.fullmatch(url):
        return {"inlineData": {"mimeType": found[1].lower(), "data": found[2]}}
    if not url.lower().startswith(("https://", "gs://")):
        raise Unprocessable(
            "Google takes images from https: URLs, gs: URIs, and data: URLs that name their type and are in base64 "
            f"(data:image/png;base64,…), not from {url[:40]!r}."
        )
    path = re.split(r"[?#]", url, maxsplit=1)[0]
    kind = _KINDS.get(path.rpartition(".")[2].lower())
    # The type is optional: Google knows those of its own files, and can look at the others.
    return {"fileData": {"fileUri": url} | ({"mimeType": kind} if kind else {})}
