"""Chat messages in the Messages API (https://platform.claude.com/docs/en/build-with-claude/working-with-messages)."""

from collections.abc import Sequence
from typing import Any, Final

from everloop.domain.message import Message
from everloop.errors import Unprocessable
from everloop.providers.anthropic.calls import answered, made
from everloop.providers.anthropic.parts import Block, blocks, folded
from everloop.providers.turns import in_turns

_THOUGHT: Final = frozenset({"thinking", "redacted_thinking"})


def written(messages: Sequence[Message]) -> dict[str, Any]:
    """v4's messages as fields of a request: `system`, wherever it spoke, and `messages`, the turns of both sides.

    Raises Unprocessable for what cannot be said.
    """
    system, turns = in_turns(messages, _system, _turn, "Anthropic")
    said = {"messages": [{"role": side, "content": folded(found)} for side, found in turns]}
    return said | ({"system": folded(system)} if system else {})


def _system(message: Message) -> list[Block]:
    found = blocks(message.get("content"))
    if any(each["type"] != "text" for each in found):
        raise Unprocessable("Anthropic takes no images in system messages: put them into a user message.")
    return found


def _turn(message: Message) -> list[Block]:
    match message["role"]:
        case "assistant":
            return [*_thought(message), *blocks(message.get("content")), *made(message)]
        case "tool":
            return [answered(message)]
        case _:
            return blocks(message.get("content"))


def _thought(message: Message) -> list[Block]:
    """What the model thought, exactly as it came: it is signed, and goes before what was said."""
    return [dict(each) for each in message.get("thinking") or () if each.get("type") in _THOUGHT]
