"""Chats as vendors take them who want the two sides to take turns, and the system apart from them."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from everloop.domain.message import Message
from everloop.errors import Unprocessable
from everloop.providers.call_ids import with_ids

Block = dict[str, Any]
Written = Callable[[Message], list[Block]]

_SYSTEM: Final = frozenset({"system", "developer"})


def in_turns(
    messages: Sequence[Message], instruction: Written, turn: Written, vendor: str
) -> tuple[list[Block], list[tuple[str, list[Block]]]]:
    """What the system said, wherever it spoke, and the turns, as (`user` or `assistant`, blocks).

    `instruction` writes a message of the system, `turn` any other; tool calls have ids by then. Messages of one side
    that follow each other are one turn, since replies of tools have to come together; those without content are left
    out, since vendors refuse them. A system that talks to itself is a user. Raises Unprocessable when nothing is said.
    """
    system: list[Block] = []
    turns: list[tuple[str, list[Block]]] = []
    for message in with_ids(messages):
        if message["role"] in _SYSTEM:
            system += instruction(message)
            continue
        side = "assistant" if message["role"] == "assistant" else "user"
        found = turn(message)
        if found and turns and turns[-1][0] == side:
            turns[-1][1].extend(found)
        elif found:
            turns.append((side, found))
    if not turns:
        turns, system = [("user", system)], []
    if not turns[0][1]:
        raise Unprocessable(f"{vendor} needs at least one message with content.")
    return system, turns
