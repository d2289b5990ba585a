"""Putting a streamed answer together again: the body that a plain answer would have had."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

_TEXT: Final = frozenset({"text", "thought", "thoughtSignature"})


class Assembly:
    """One answer, out of pieces that have its shape; the last word on each field stands, and content grows."""

    __slots__ = ("_answer", "_candidate", "_content", "_logprobs", "_parts")

    def __init__(self) -> None:
        self._answer: dict[str, Any] = {}
        self._candidate: dict[str, Any] | None = None
        self._content: dict[str, Any] = {}
        self._parts: list[dict[str, Any]] = []
        self._logprobs: dict[str, Any] = {}

    def add(self, piece: Mapping[str, Any]) -> None:
        """One more piece, whose candidate (if it has one) is of the format."""
        for name, value in piece.items():
            if name != "candidates":
                self._answer[name] = value
            elif value:
                self._add_candidate(value[0])

    def body(self) -> bytes:
        """The whole answer."""
        answer = dict(self._answer)
        if self._candidate is not None:
            parts = [{**part, "text": "".join(part["text"])} if "text" in part else part for part in self._parts]
            candidate = {"content": {**self._content, "parts": parts}, **self._candidate}
            if self._logprobs:
                candidate["logprobsResult"] = self._logprobs
            answer = {"candidates": [candidate], **answer}
        return msgspec.json.encode(answer)

    def _add_candidate(self, candidate: Mapping[str, Any]) -> None:
        if self._candidate is None:
            self._candidate = {}
        for name, value in candidate.items():
            if name == "content" and value is not None:
                self._add_content(value)
            elif name == "logprobsResult" and isinstance(value, dict):
                _extend(self._logprobs, value)
            elif name != "content":
                self._candidate[name] = value

    def _add_content(self, content: Mapping[str, Any]) -> None:
        for name, value in content.items():
            if name != "parts":
                self._content[name] = value
        for part in content.get("parts") or ():
            if self._goes_on(part):
                self._parts[-1]["text"].append(part["text"])
                self._parts[-1] |= {name: value for name, value in part.items() if name != "text"}
            elif part.get("text") is not None:
                self._parts.append({**part, "text": [part["text"]]})
            else:
                self._parts.append({name: value for name, value in part.items() if name != "text"})

    def _goes_on(self, part: Mapping[str, Any]) -> bool:
        """Whether a part is more of the text before it. A signature ends a text."""
        last = self._parts[-1] if self._parts else {}
        return (
            part.get("text") is not None
            and "text" in last
            and "thoughtSignature" not in last
            and _TEXT.issuperset(last)
            and _TEXT.issuperset(part)
            and bool(part.get("thought")) == bool(last.get("thought"))
        )


def _extend(target: dict[str, Any], piece: Mapping[str, Any]) -> None:
    """Logprobs come as lists, one entry for each token."""
    for name, value in piece.items():
        known = target.get(name)
        target[name] = [*known, *value] if isinstance(known, list) and isinstance(value, list) else value
