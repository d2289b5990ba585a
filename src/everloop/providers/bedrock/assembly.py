"""Putting a streamed answer together again: the content that a plain answer would have had."""

from typing import Any, Final

import msgspec

from everloop.providers.failures import decoded

_TEXTS: Final = ("text", "signature")


class Assembly:
    """The blocks of one message, by the numbers that the stream gives them."""

    __slots__ = ("_blocks",)

    def __init__(self) -> None:
        self._blocks: dict[int, _Block] = {}

    def begin(self, place: int, tool_use: dict[str, Any]) -> None:
        """A tool call."""
        self._blocks[place] = _Block(tool_use=tool_use)

    def add(self, place: int, delta: dict[str, Any]) -> None:
        """One more piece of a block; pieces of unknown kinds are left out."""
        self._blocks.setdefault(place, _Block()).add(delta)

    def content(self) -> list[dict[str, Any]]:
        """The blocks in their order."""
        found = (self._blocks[place].plain() for place in sorted(self._blocks))
        return [each for each in found if each is not None]


class _Block:
    """One block: of text (with citations, maybe), of a tool call, or of what the model thought."""

    __slots__ = ("_citations", "_hidden", "_pieces", "_thought", "_tool_use")

    def __init__(self, tool_use: dict[str, Any] | None = None) -> None:
        self._tool_use = tool_use
        self._pieces: list[str] = []
        self._thought: dict[str, list[str]] = {}
        self._hidden: list[str] = []
        self._citations: list[Any] = []

    def add(self, delta: dict[str, Any]) -> None:
        match delta:
            case {"text": str(text)} | {"toolUse": {"input": str(text)}}:
                self._pieces.append(text)
            case {"reasoningContent": dict(thought)}:
                self._think(thought)
            case {"citation": citation}:
                self._citations.append(citation)
            case _:
                pass

    def plain(self) -> dict[str, Any] | None:
        text = "".join(self._pieces)
        if self._tool_use is not None:
            return {"toolUse": {**self._tool_use, "input": _input(text)}}
        if self._thought:
            thought = {name: "".join(pieces) for name, pieces in self._thought.items()}
            return {"reasoningContent": {"reasoningText": {"text": "", **thought}}}
        if self._hidden:
            return {"reasoningContent": {"redactedContent": "".join(self._hidden)}}
        if self._citations:
            return {"citationsContent": {"content": [{"text": text}], "citations": self._citations}}
        return {"text": text} if self._pieces else None

    def _think(self, thought: dict[str, Any]) -> None:
        for name in _TEXTS:
            if isinstance(piece := thought.get(name), str):
                self._thought.setdefault(name, []).append(piece)
        if isinstance(hidden := thought.get("redactedContent"), str):
            self._hidden.append(hidden)


def _input(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """The arguments as a value; as their text when they were cut off or are no JSON."""
    value = decoded(text.encode(errors="replace")) if text else {}
    return value if value is not None or text.strip() == "null" else text


def body(content: list[dict[str, Any]], ended: dict[str, Any], counted: dict[str, Any]) -> bytes:
    """A plain answer's body, of its content, the event that ended it, and the event that counted it."""
    message = {"role": "assistant", "content": content}
    return msgspec.json.encode({"output": {"message": message}, **ended, **counted})
