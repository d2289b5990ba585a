"""What the default template language can write between its braces: names with dots and indexes, and calls of tools."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from everloop.domain.value import value

_STEPS: Final = r"(?:\.[a-zA-Z_\d]+|\[[a-zA-Z_\d]+\])*"
NAME: Final = rf"[a-zA-Z_\d]+{_STEPS}"
# A name here may have a hyphen, as in the official client; a text in quotes has neither quotes nor line ends inside.
_ARGUMENT: Final = rf"(?:[a-zA-Z_\-\d]+{_STEPS}|\"[^\"\n]*\")"
CALL: Final = rf"[a-zA-Z_\-\d]+\(\s*{_ARGUMENT}(?:\s*,\s*{_ARGUMENT})*\s*\)"

_PIECE: Final = re.compile(_ARGUMENT)
_STEP: Final = re.compile(r"[^.\[\]]+")
# An index of more digits is in no list.
_MOST_DIGITS: Final = 9


@value
class Call:
    """A call as a template writes it; each argument is the name of an input, or a text in quotes."""

    name: str
    arguments: tuple[str, ...]


def call_in(written: str) -> Call | None:
    """The call that is written there, or None when it is a name."""
    name, bracket, rest = written.partition("(")
    return Call(name, tuple(_PIECE.findall(rest))) if bracket else None


def quoted(argument: str) -> str | None:
    """The text of an argument in quotes, or None when it is a name."""
    return argument[1:-1] if argument.startswith('"') else None


def input_at(inputs: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any JSON value
    """The input of that name, or what `a.b[0].c` leads to in it; None when there is nothing.

    An input whose own name is the whole text goes first. Only objects and lists are entered, by their keys and places
    (from 0): nothing of Python's is reachable.
    """
    whole = inputs.get(name)
    if whole is not None:
        return whole
    found: Any = inputs
    for step in _STEP.findall(name):
        found = _entered(found, step)
    return found


def _entered(found: object, step: str) -> object:
    if isinstance(found, Mapping):
        return found.get(step)
    if isinstance(found, Sequence) and not isinstance(found, str | bytes) and step.isdecimal():
        place = int(step) if len(step) <= _MOST_DIGITS else len(found)
        return found[place] if place < len(found) else None
    return None
