"""The default template language: `{{name}}` is replaced by an input, in a single pass, and nothing else happens."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from everloop.domain.value import value
from everloop.errors import MissingInputs

# One optional white-space character each side, as the official client's local renderer matches it.
_VARIABLE: Final = re.compile(r"{{\s?([a-zA-Z_\d]+)\s?}}")


@value
class Template:
    """A template cut at its variables: literal, variable, literal, variable, … literal."""

    pieces: tuple[str, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """The names asked for, in order of appearance, repeats included."""
        return self.pieces[1::2]

    def render(self, inputs: Mapping[str, Any]) -> str:
        """The text with every variable replaced; inserted text is never looked at again.

        Values that are not text are written as `str` writes them; None counts as missing, inputs not asked for are
        ignored. Raises `MissingInputs` with all missing names at once.
        """
        pieces = list(self.pieces)
        missing = set()
        for position in range(1, len(pieces), 2):
            value = inputs.get(pieces[position])
            if value is None:
                missing.add(pieces[position])
            else:
                pieces[position] = value if isinstance(value, str) else str(value)
        if missing:
            raise MissingInputs(sorted(missing))
        return "".join(pieces)


@lru_cache(maxsize=2048)
def parse(text: str) -> Template:
    """The template in `text`. Kept for the texts used lately: deployed templates are rendered again and again."""
    return Template(tuple(_VARIABLE.split(text)))
