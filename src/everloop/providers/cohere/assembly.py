"""Putting a streamed answer together again: the body that a plain answer would have had."""

from collections.abc import Mapping
from typing import Any

import msgspec


class Assembly:
    """The pieces of one message: blocks of content and calls by the index that the stream gives them."""

    __slots__ = ("_calls", "_citations", "_content", "_logprobs", "_plan", "id")

    def __init__(self) -> None:
        self.id: str | None = None
        self._content: dict[tuple[int, str], list[str]] = {}
        self._calls: list[tuple[Mapping[str, Any], list[str]]] = []
        self._plan: list[str] = []
        self._citations: list[Any] = []
        self._logprobs: list[Any] = []

    def content(self, index: int, kind: str, piece: str) -> None:
        """More of a block."""
        self._content.setdefault((index, kind), []).append(piece)

    def plan(self, piece: str) -> None:
        """More of what the model means to do with its tools."""
        self._plan.append(piece)

    def call(self, call_id: str, name: str) -> None:
        """A call begins; it has the next number."""
        self._calls.append(({"id": call_id, "name": name}, []))

    def arguments(self, place: int, piece: str) -> None:
        """More of the arguments of the call with that number."""
        self._calls[place][1].append(piece)

    def citation(self, citation: Any) -> None:  # noqa: ANN401 - any JSON value
        """A citation."""
        self._citations.append(citation)

    def logprobs(self, item: Any) -> None:  # noqa: ANN401 - any JSON value
        """The log probabilities of one piece."""
        self._logprobs.append(item)

    def body(self, reason: str | None, usage: Any) -> bytes:  # noqa: ANN401 - any JSON value
        """A plain answer."""
        message: dict[str, Any] = {"role": "assistant"}
        if self._content:
            blocks = sorted(self._content.items(), key=lambda block: block[0][0])
            message["content"] = [{"type": kind, kind: "".join(pieces)} for (_, kind), pieces in blocks]
        if self._plan:
            message["tool_plan"] = "".join(self._plan)
        if self._calls:
            message["tool_calls"] = [_call(head, "".join(pieces)) for head, pieces in self._calls]
        if self._citations:
            message["citations"] = self._citations
        answer = {"id": self.id, "finish_reason": reason, "message": message, "usage": usage}
        return msgspec.json.encode({**answer, "logprobs": self._logprobs} if self._logprobs else answer)


def _call(head: Mapping[str, Any], arguments: str) -> dict[str, Any]:
    return {"id": head["id"], "type": "function", "function": {"name": head["name"], "arguments": arguments}}
