"""The default template language: names and calls of tools between braces, found here, and replaced by `filling`."""

import re
from functools import lru_cache
from typing import Final

from everloop.domain.template_names import CALL, NAME
from everloop.errors import Unprocessable

# A template cut at its places: literal, what stands between the braces, literal, … literal.
Pieces = tuple[str, ...]

# One optional white-space character each side, as the official client's local renderer matches it.
_PLACE: Final = re.compile(rf"{{{{\s?({CALL}|{NAME})\s?}}}}")
_MOST_PLACES: Final = 10_000
# Characters. Anybody may send templates, and those that are remembered take memory: some 100 MB of the worst of them.
_SHORT: Final = 8_000
_LONG: Final = 250_000


def parse(text: str) -> Pieces:
    """The template in `text`. Raises `Unprocessable` for one with too many places.

    Those used lately are remembered: deployed templates are rendered again and again.
    """
    if len(text) <= _SHORT:
        return _short(text)
    return _long(text) if len(text) <= _LONG else _parsed(text)


def _parsed(text: str) -> Pieces:
    pieces = _PLACE.split(text, _MOST_PLACES + 1)
    if len(pieces) > 2 * _MOST_PLACES + 1:
        raise Unprocessable(f"The template has more than {_MOST_PLACES:,} places to fill. Take a shorter one.")
    return tuple(pieces)


_short: Final = lru_cache(maxsize=1024)(_parsed)
_long: Final = lru_cache(maxsize=64)(_parsed)
