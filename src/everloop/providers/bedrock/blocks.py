"""The content of v4's messages as content blocks of Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from everloop.errors import Unprocessable
from everloop.providers.failures import decoded

Block = dict[str, Any]

_DATA_URL: Final = re.compile(r"data:image/([\w.+-]+)(?:;[\w.=+-]+)*;base64,", re.IGNORECASE)
_FORMATS: Final = {"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "gif": "gif", "webp": "webp"}


def blocks(content: Any) -> list[Block]:  # noqa: ANN401 - v4's content: a text, or a list of parts
    """The blocks of a content. Texts without a word are left out: Bedrock refuses them (ValidationException).

    Raises Unprocessable.
    """
    if content is None:
        return []
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    found = (_block(part) for part in parts)
    return [each for each in found if "text" not in each or each["text"].strip()]


def called(call: Mapping[str, Any]) -> Block:
    """A tool call of the model. Raises Unprocessable for arguments that are no JSON object."""
    function = call["function"]
    arguments = decoded((function.get("arguments") or "{}").encode(errors="replace"))
    if not isinstance(arguments, dict):
        raise Unprocessable(f"Bedrock takes JSON objects as arguments; those of the tool call `{call['id']}` are none.")
    return {"toolUse": {"toolUseId": call["id"], "name": function["name"], "input": arguments}}


def replied(message: Mapping[str, Any]) -> Block:
    """A tool's answer."""
    return {"toolResult": {"toolUseId": message["tool_call_id"], "content": blocks(message.get("content"))}}


def thought(part: Mapping[str, Any]) -> Block | None:
    """What the model thought, exactly as it came, since it is signed; None for what is of no known kind."""
    match part:
        case {"type": "thinking", "thinking": str(text), **more}:
            signature = more.get("signature")
            signed = {"signature": signature} if signature is not None else {}
            return {"reasoningContent": {"reasoningText": {"text": text, **signed}}}
        case {"type": "redacted_thinking", "data": str(data)}:
            return {"reasoningContent": {"redactedContent": data}}
        case _:
            return None


def _block(part: Mapping[str, Any]) -> Block:
    return {"text": part["text"]} if part["type"] == "text" else {"image": _image(part["image_url"]["url"])}


def _image(url: str) -> dict[str, Any]:
    """Bedrock fetches nothing from the web."""
    if found := _DATA_URL.match(url):
        return {"format": _format(found[1]), "source": {"bytes": url[found.end() :]}}
    if url.startswith("s3://"):
        return {"format": _format(url.rpartition(".")[2]), "source": {"s3Location": {"uri": url}}}
    raise Unprocessable(
        "Bedrock takes an image as a data: URL in base64, or as an s3: URI whose name ends in its format; "
        "not from elsewhere in the web."
    )


def _format(name: str) -> str:
    found = _FORMATS.get(name.lower())
    if found is None:
        raise Unprocessable(f"Bedrock takes images in the formats png, jpeg, gif and webp, not {name[:40]}.")
    return found
