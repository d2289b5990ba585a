"""Putting a streamed message together again: the body that a plain answer would have had."""

from collections.abc import Mapping
from typing import Any, Final

from everloop.providers.anthropic.calls import arguments

_INPUT: Final = "input"


class StreamedBlock:
    """One block of the content. `place` is its number among the calls, if it is one; `grown` whether a piece came."""

    __slots__ = ("_fields", "_pieces", "grown", "place")

    def __init__(self, start: Mapping[str, Any], place: int | None) -> None:
        self._fields = dict(start)
        self._pieces: dict[str, list[str]] = {}
        self.grown = False
        self.place = place

    @property
    def is_text(self) -> bool:
        """Whether it is what people read."""
        return bool(self._fields["type"] == "text")

    @property
    def given(self) -> Any:  # noqa: ANN401 - any JSON value
        """The arguments that the call began with."""
        return self._fields.get(_INPUT)

    def grow(self, field: str, piece: str) -> None:
        """More of a text; that of `input` is its JSON."""
        self.grown = self.grown or bool(piece)
        self._pieces.setdefault(field, []).append(piece)

    def cite(self, citation: Mapping[str, Any]) -> None:
        """One more source of the text."""
        known = self._fields.get("citations")
        self._fields["citations"] = [*known, citation] if isinstance(known, list) else [citation]

    def body(self) -> dict[str, Any]:
        """The whole block."""
        made = dict(self._fields)
        for field, pieces in self._pieces.items():
            text = "".join(pieces)
            if field != _INPUT:
                begun = made.get(field)
                made[field] = f"{begun}{text}" if isinstance(begun, str) else text
            elif text:
                made[field] = arguments(text)
        return made


class MessageAssembly:
    """The message around the blocks: as it began, with what was learned at its end."""

    __slots__ = ("_end", "_start", "blocks", "usage")

    def __init__(self, start: Mapping[str, Any]) -> None:
        self._start = start
        self._end: dict[str, Any] = {}
        self.blocks: dict[int, StreamedBlock] = {}
        usage = start.get("usage")
        self.usage: dict[str, Any] = dict(usage) if isinstance(usage, dict) else {}

    def end(self, delta: Mapping[str, Any], usage: Mapping[str, Any]) -> None:
        """What a `message_delta` says; its counts are totals, and null says nothing."""
        self._end.update((name, value) for name, value in delta.items() if value is not None or name not in self._end)
        self.usage.update((name, count) for name, count in usage.items() if count is not None)

    def body(self) -> dict[str, Any]:
        """The whole message."""
        counted = {"usage": self.usage} if self.usage else {}
        content = [block.body() for block in self.blocks.values()]
        return {**self._start, "content": content, **self._end, **counted}
