"""Text of others for a terminal."""

from typing import Final

_LONGEST: Final = 500


def one_line(text: str) -> str:
    """The text in one line that is not too long, with nothing that a terminal obeys: such characters are escaped."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)
