"""How deep a JSON value is nested."""

from collections.abc import Iterable
from typing import Any, Final

# Deeper nesting than this is no honest input; it also keeps every later walk of the value from running out of stack.
MAX_DEPTH: Final = 200


def may_be_too_deep(text: bytes) -> bool:
    """Whether a JSON text has brackets enough for it; most texts have not, and need not be walked."""
    return text.count(b"[") + text.count(b"{") > MAX_DEPTH


def too_deep(text: bytes, value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether the value of a JSON text is nested deeper than `MAX_DEPTH` levels."""
    return may_be_too_deep(text) and _deeper_than(value, MAX_DEPTH)


def _deeper_than(value: Any, depth: int) -> bool:  # noqa: ANN401 - any JSON value
    level = _children([value])
    for _ in range(depth):
        if not level:
            return False
        level = _children(child for each in level for child in (each.values() if isinstance(each, dict) else each))
    return bool(level)


def _children(values: Iterable[Any]) -> list[Any]:
    return [each for each in values if isinstance(each, (dict, list))]
