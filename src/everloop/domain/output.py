"""From a provider's text to v4's `output`: the same text without white space at its ends, also while it streams."""

from dataclasses import dataclass


@dataclass(slots=True)
class StrippedStream:
    """Strips a text that arrives in pieces: what it lets through adds up to `strip()` of the whole.

    White space is held back until something follows it, since it may be the end.
    """

    _started: bool = False
    _held: str = ""

    def push(self, piece: str) -> str:
        """The part of the text that is now certain; may be empty."""
        text = self._held + piece
        if not self._started:
            text = text.lstrip()
            self._started = bool(text)
        certain = text.rstrip()
        self._held = text[len(certain) :]
        return certain
