"""Ids for tool calls that came without: v4's deprecated `tool_call` has none, and many vendors cannot do without."""

from collections.abc import Sequence
from typing import Any

from everloop.domain.message import Message
from everloop.errors import Unprocessable


def with_ids(messages: Sequence[Message]) -> list[Message]:
    """The messages with every call in `tool_calls` and under an id, which its reply names.

    A reply without an id answers the first open call of its `name`, or without that the first open call. Raises
    Unprocessable for a reply to no call.
    """
    numbering = _Numbering()
    return [numbering.of(place, message) for place, message in enumerate(messages)]


class _Numbering:
    """The calls that wait for their replies, as (id, name)."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []

    def of(self, place: int, message: Message) -> Message:
        match message["role"]:
            case "assistant":
                return self._calling(place, message)
            case "tool":
                return self._replying(message)
            case _:
                return message

    def _calling(self, place: int, message: Message) -> Message:
        calls: Sequence[Any] = message.get("tool_calls") or ()
        if not calls and message.get("tool_call"):
            calls = [{"id": f"function_call_{place}", "type": "function", "function": message["tool_call"]}]
            message = {**message, "tool_calls": calls}
        self._open += [(call["id"], call["function"]["name"]) for call in calls]
        return message

    def _replying(self, message: Message) -> Message:
        call_id = message.get("tool_call_id")
        if call_id:
            self._open = [each for each in self._open if each[0] != call_id]
            return message
        name = message.get("name")
        found = next((each for each in self._open if name in (None, each[1])), None)
        if found is None:
            raise Unprocessable("A message of the role tool answers no call: give it the `tool_call_id` of the call.")
        self._open.remove(found)
        return {**message, "tool_call_id": found[0]}
