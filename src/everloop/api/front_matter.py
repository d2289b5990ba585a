"""The header of a `.prompt` file, read: YAML that is data and nothing else.

Scalars mean what they mean in JSON (the core schema of YAML 1.2), so that `no` and `2024-01-01` stay texts. Anchors,
aliases, tags and repeated keys are refused: the first two make bombs, the others are mistakes. So are more values, or a
deeper nesting of them, than an honest header has.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from everloop.domain.prompt_file import wrong
from everloop.domain.value import value

Path = tuple[str | int, ...]

_MAX_DEPTH: Final = 200
_MAX_EVENTS: Final = 50_000
# How deep lines are remembered; a deeper error is told by the line of what holds it.
_MAX_PATH: Final = 4

_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MOST_DIGITS: Final = 300
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
# How JSON escapes a character beyond 16 bits; YAML reads the two halves as two characters, and refuses both.
_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


@value
class FrontMatter:
    """The header's values, and the line where each stands, by its path such as `("tools", 0, "name")`."""

    values: dict[str, Any]
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """Where a value stands; where the next thing around it does, if that is not known."""
        return next(self.lines[path[:length]] for length in range(len(path), -1, -1) if path[:length] in self.lines)


def read(header: str, first: int) -> FrontMatter:
    """The header's values. `first` is the number of the line `---` before it. Raises `InvalidFields`, with the line."""
    unprintable = _UNPRINTABLE.search(header)
    if unprintable is not None:
        line = header.count("\n", 0, unprintable.start()) + first + 1
        raise wrong(line, f'write the character U+{ord(unprintable[0]):04X} as an escape, inside of "double quotes".')
    reader = _Reader(_PAIR.sub(_joined, header), first)
    try:
        values = reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise wrong(first + 1 + (mark.line if mark else 0), f"the header is not YAML: {error.problem}.") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise wrong(first, f"the header is not YAML: {error}.") from None
    return FrontMatter(values, {**reader.lines, (): first})


class _Reader:
    """Builds values from the parser's events, so that nothing but texts, numbers, lists and objects can come of it."""

    def __init__(self, header: str, first: int) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(header, Loader=yaml.CSafeLoader)
        self._left = _MAX_EVENTS
        self._first = first + 1
        self.lines: dict[Path, int] = {}

    def document(self) -> dict[str, Any]:
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return {}
        values = self._value(self._next(), ())
        if not isinstance(values, dict):
            raise wrong(self._line(event), "the header is lines such as `model: gpt-4o`.")
        self._next()
        after = self._next()
        if not isinstance(after, yaml.StreamEndEvent):
            raise wrong(self._line(after), "the header is one YAML document.")
        return values

    def _next(self) -> yaml.Event:
        event = next(self._events)
        self._left -= 1
        if not self._left:
            raise wrong(self._line(event), f"the header has more than {_MAX_EVENTS:,} values.")
        return event

    def _value(self, event: yaml.Event, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        line = self._line(event)
        if len(path) <= _MAX_PATH:
            self.lines.setdefault(path, line)
        if len(path) > _MAX_DEPTH:
            raise wrong(line, f"nested deeper than {_MAX_DEPTH} levels.")
        self._refuse_magic(event, line)
        match event:
            case yaml.ScalarEvent():
                return self._scalar(event)
            case yaml.SequenceStartEvent():
                return self._list(path)
            case _:
                return self._object(path)

    def _refuse_magic(self, event: yaml.Event, line: int) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise wrong(line, "anchors and aliases are not read: write the value out, or a text with * or & in quotes.")
        if getattr(event, "tag", None):
            raise wrong(line, "tags are not read: put a text that begins with ! in quotes.")

    def _list(self, path: Path) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _object(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise wrong(self._line(event), "a key is a text.")
            self._refuse_magic(event, self._line(event))
            key = event.value
            if key in values:
                raise wrong(self._line(event), f"the key `{key[:100]}` is there twice.")
            if len(path) < _MAX_PATH:
                self.lines[(*path, key)] = self._line(event)
            values[key] = self._value(self._next(), (*path, key))
        return values

    def _scalar(self, event: yaml.ScalarEvent) -> str | bool | int | float | None:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _NOT_FINITE.fullmatch(text):
            raise wrong(self._line(event), "a number here is a finite one; put a text in quotes.")
        return _number(text, self._line(event))

    def _line(self, event: yaml.Event) -> int:
        mark = event.start_mark
        return self._first + (mark.line if mark else 0)


def _number(text: str, line: int) -> str | int | float:
    """The number that a plain scalar is, or the text."""
    if _INTEGER.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            raise wrong(line, f"a number has at most {_MOST_DIGITS} digits; put a text in quotes.")
        return int(text)
    if not _FLOAT.fullmatch(text):
        return text
    number = float(text)
    if not math.isfinite(number):
        raise wrong(line, "this number is too large; put a text in quotes.")
    return number


def _joined(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return pair[1] + chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
