"""What MiniJinja's errors say, in words for the author of a template."""

import re
from typing import Final

from minijinja import TemplateError

from everloop.templating import limits
from everloop.templating.wire import Flawed

_UNDEFINED: Final = re.compile(r"`([^`]+)` is undefined")
_WORD: Final = re.compile(r"[^\W\d]\w*")
_LONGEST: Final = 200
_PLACE: Final = re.compile(r" \(in template:\d+\)$")
_WORDS: Final = {
    "OutOfFuel": f"it takes more than {limits.STEPS:,} steps",
    "TemplateNotFound": "there are no other templates to include, import or extend",
}


def flaw(place: int, template: str, error: TemplateError) -> Flawed:
    """The error, with its line and what stands there."""
    said = _WORDS.get(error.kind) or shortened(_PLACE.sub("", error.message))
    there = "" if error.kind == "SyntaxError" else _there(template, error)
    return Flawed(place, error.line, f"{said}, at `{there}`" if there else said)


def needed(error: TemplateError) -> tuple[str, str] | None:
    """The name that a template needed and did not find, as it is written, and what it begins with: `a.b` and `a`.

    None for errors of other kinds.
    """
    found = _UNDEFINED.search(error.message)
    root = found and _WORD.match(found[1])
    return (found[1], root[0]) if found and root else None


def shortened(text: str) -> str:
    """As much of a text as helps in an error."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _there(template: str, error: TemplateError) -> str:
    if error.range is None:
        return ""
    begin, end = error.range
    return shortened(template.encode(errors="surrogatepass")[begin:end].decode(errors="replace"))
