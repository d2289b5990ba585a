"""Chat messages in Converse (https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html)."""

from collections.abc import Sequence
from typing import Any

from everloop.domain.message import Message
from everloop.errors import Unprocessable
from everloop.providers.bedrock.blocks import Block, blocks, called, replied, thought
from everloop.providers.turns import in_turns


def written(messages: Sequence[Message]) -> dict[str, Any]:
    """v4's messages as fields of a request: `system`, wherever it spoke, and `messages`, the turns of both sides.

    There is no place for `name`. Raises Unprocessable for what cannot be said.
    """
    system, turns = in_turns(messages, _system, _turn, "Bedrock")
    said = {"messages": [{"role": side, "content": found} for side, found in turns]}
    return said | ({"system": system} if system else {})


def calls_tools(said: Any) -> bool:  # noqa: ANN401 - turns, as `written` made them
    """Whether there are calls or replies among the turns."""
    return any("toolUse" in block or "toolResult" in block for turn in said for block in turn["content"])


def _system(message: Message) -> list[Block]:
    found = blocks(message.get("content"))
    if any("text" not in each for each in found):
        raise Unprocessable("Bedrock takes no images in system messages: put them into a user message.")
    return found


def _turn(message: Message) -> list[Block]:
    match message["role"]:
        case "assistant":
            thoughts = (thought(each) for each in message.get("thinking") or ())
            calls = [called(each) for each in message.get("tool_calls") or ()]
            return [*(each for each in thoughts if each is not None), *blocks(message.get("content")), *calls]
        case "tool":
            return [replied(message)]
        case _:
            return blocks(message.get("content"))
