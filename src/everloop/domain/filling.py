"""Filling: what goes into the templates of one call, and how much of it."""

from collections.abc import Mapping
from typing import Any, Final

from everloop.domain.lookup import Lookup
from everloop.domain.template import parse
from everloop.domain.template_tool import NO_TEMPLATE_TOOLS, TemplateTools, ToolResult
from everloop.errors import Unprocessable

# UTF-8, all filled templates of a call together. A few bytes of template can ask for an input any number of times.
LONGEST_OUTPUT: Final = 10_000_000
# Characters of a text that is worth counting its bytes; those of a shorter one are taken to have four each.
_COUNTED: Final = 10_000
# Pieces that are joined before their length is looked at: ten places, each with at most what a request can bring.
_FEW: Final = 21


class Filling:
    """One call's: the same inputs and tools for each of its templates. In the end comes `finish`."""

    # Here, because most calls fill plain names alone and need none of it.
    _lookup: Lookup | None = None
    _made = 0
    _filled = 0

    def __init__(self, inputs: Mapping[str, Any], tools: TemplateTools = NO_TEMPLATE_TOOLS) -> None:
        self._inputs = inputs
        self._tools = tools

    def fill(self, template: str) -> str:
        """The template with every place filled; inserted text is never looked at again.

        Inputs not asked for are ignored; what is missing is told by `finish`. Raises `Unprocessable` when there is too
        much to fill.
        """
        pieces, inputs = list(parse(template)), self._inputs
        for position in range(1, len(pieces), 2):
            found = inputs.get(pieces[position])
            pieces[position] = found if isinstance(found, str) else self._looked_up(pieces[position])
        if len(pieces) > _FEW and sum(map(len, pieces)) > LONGEST_OUTPUT:
            raise _too_long()  # before it takes memory
        text = "".join(pieces)
        self._filled += len(text) if text.isascii() else _bytes_of(text)
        if self._filled > LONGEST_OUTPUT:
            raise _too_long()
        return text

    def finish(self) -> tuple[ToolResult, ...]:
        """The tools that ran. Raises `MissingInputs` with all missing names, else what a tool had against its call."""
        return () if self._lookup is None else self._lookup.finish()

    def _looked_up(self, written: str) -> str:
        """What stands in for a name or a call; made once, however often asked."""
        if self._lookup is None:
            self._lookup = Lookup(self._inputs, self._tools)
        known = self._lookup.known(written)
        if known is None:
            known = self._lookup.text(written)
            self._made += len(known)
            if self._made > LONGEST_OUTPUT:
                raise _too_long()
        return known


def _bytes_of(text: str) -> int:
    return 4 * len(text) if len(text) <= _COUNTED else len(text.encode(errors="surrogatepass"))


def _too_long() -> Unprocessable:
    return Unprocessable(
        f"The filled template is longer than {LONGEST_OUTPUT:,} bytes. Give it shorter inputs, or use them less often."
    )
