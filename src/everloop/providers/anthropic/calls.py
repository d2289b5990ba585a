"""Tool calls and replies of v4's messages, all of them with ids, as blocks of the Messages API.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.message import Message
from everloop.providers.anthropic.parts import Block, blocks, folded
from everloop.providers.failures import decoded

# Other vendors' ids may hold more than the API takes.
_NO_ID: Final = re.compile(r"[^a-zA-Z0-9_-]")


def made(message: Message) -> list[Block]:
    """The calls that a model wanted."""
    return [_use(call["id"], call["function"]) for call in message.get("tool_calls") or ()]


def answered(message: Message) -> Block:
    """A tool's reply."""
    found = blocks(message.get("content"))
    content = {"content": folded(found)} if found else {}
    return {"type": "tool_result", "tool_use_id": _id(message["tool_call_id"])} | content


def arguments(text: str) -> dict[str, Any]:
    """A call's arguments as the object that the API has for them.

    A model may have written something else; that is wrapped as the vendor says
    (https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming).
    """
    if not text.strip():
        return {}
    try:
        value = decoded(text.encode())
    except UnicodeEncodeError:
        value = None  # half a surrogate pair: refused when the request is written
    return value if isinstance(value, dict) else {"INVALID_JSON": text}


def _use(call_id: str, function: Mapping[str, Any]) -> Block:
    given = arguments(function.get("arguments") or "")
    return {"type": "tool_use", "id": _id(call_id), "name": function["name"], "input": given}


def _id(given: str) -> str:
    return _NO_ID.sub("_", given)
