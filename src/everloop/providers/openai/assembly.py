"""Putting a streamed sample together again: the body that a plain answer would have had for it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

# Fields of a delta that come whole, and may be repeated; all other strings come in pieces.
_WHOLE: Final = frozenset({"role", "type", "id", "name", "index"})


class _Pieces(list[str]):
    """A string in the making: joined once, at the end."""


def merge(target: dict[str, Any], delta: Mapping[str, Any]) -> None:
    """Add one delta to what there is: strings grow, lists grow or merge by `index`, nulls change nothing."""
    for key, value in delta.items():
        if value is None:
            target.setdefault(key, None)
        elif isinstance(value, str) and key not in _WHOLE:
            _grow_text(target, key, value)
        elif isinstance(value, Mapping):
            merge(_existing(target, key, dict), value)
        elif isinstance(value, list):
            _grow_list(_existing(target, key, list), value)
        else:
            target[key] = value


def _grow_text(target: dict[str, Any], key: str, value: str) -> None:
    pieces = target.get(key)
    if isinstance(pieces, _Pieces):
        pieces.append(value)
    else:
        target[key] = _Pieces([value])


def _existing(target: dict[str, Any], key: str, kind: type[Any]) -> Any:  # noqa: ANN401 - a dict or a list
    found = target.get(key)
    if not isinstance(found, kind):
        found = target[key] = kind()
    return found


def _grow_list(target: list[Any], value: list[Any]) -> None:
    for item in value:
        if not (isinstance(item, Mapping) and isinstance(item.get("index"), int)):
            target.append(item)
            continue
        same = (each for each in target if isinstance(each, dict) and each.get("index") == item["index"])
        found = next(same, None)
        if found is None:
            found = {}
            target.append(found)
        merge(found, item)


def finished(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The merged value as plain JSON."""
    match value:
        case _Pieces():
            return "".join(value)
        case dict():
            return {key: finished(item) for key, item in value.items()}
        case list():
            return [finished(item) for item in value]
        case _:
            return value


class ChoiceAssembly:
    """One choice of a stream."""

    __slots__ = ("_chat", "_fields", "_logprobs")

    def __init__(self, *, chat: bool) -> None:
        self._chat = chat
        self._fields: dict[str, Any] = {"role": "assistant", "content": None} if chat else {"text": _Pieces()}
        self._logprobs: dict[str, Any] = {}

    def add(self, delta: Mapping[str, Any], logprobs: Mapping[str, Any] | None) -> None:
        """One more piece: a chat delta, or the text of a completion."""
        merge(self._fields, delta)
        if logprobs is not None:
            merge(self._logprobs, logprobs)

    def body(self, envelope: Mapping[str, Any], index: int, finish_reason: str) -> bytes:
        """A plain answer with this one choice, without usage, which comes only after it."""
        fields = finished(self._fields)
        for call in fields.get("tool_calls") or ():
            call.pop("index", None)  # a stream's bookkeeping, absent from plain answers
        content = {"message": fields} if self._chat else fields
        choice = {
            "index": index,
            **content,
            "logprobs": finished(self._logprobs) or None,
            "finish_reason": finish_reason,
        }
        kind = "chat.completion" if self._chat else "text_completion"
        return msgspec.json.encode({**envelope, "object": kind, "choices": [choice]})
