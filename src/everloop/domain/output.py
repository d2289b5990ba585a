"""From a provider's text to v4's `output`: the same text without white space at its ends, also while it streams."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class StrippedStream:
    """Strips a text that arrives in pieces: what it lets through adds up to `strip()` of the whole.

    White space is held back until something follows it, since it may be the end.
    """

    _started: bool = False
    _held: list[str] = field(default_factory=list)

    def push(self, piece: str) -> str:
        """The part of the text that is now certain; may be empty."""
        if not self._started:
            piece = piece.lstrip()
            self._started = bool(piece)
        certain = piece.rstrip()
        if not certain:
            # Joined only when something follows: models have been seen to write white space without end.
            self._held.append(piece)
            return ""
        text = "".join([*self._held, certain])
        self._held = [piece[len(certain) :]]
        return text
