"""Keys of several parts, as AWS has them (`ID:SECRET:TOKEN`): whoever sees one part has seen too much as well."""

from typing import Final

from everloop.domain.generation import Secret
from everloop.providers.redaction import REDACTED, SHORTEST, Redactor, forms

PARTING: Final = ":"


def redactor_of(key: Secret | None) -> Redactor:
    """What takes the key out, and each of its parts if it has any."""
    if key is None or PARTING not in key.value:
        return Redactor(key)
    return PartedRedactor(key)


class PartedRedactor(Redactor):
    """Replaces every occurrence of a key, and of its parts; the whole key, where it is whole, at once."""

    __slots__ = ("_keys",)

    def __init__(self, key: Secret) -> None:
        super().__init__(key)
        found = {part for part in [key.value, *key.value.split(PARTING)] if len(part) >= SHORTEST}
        self._keys = tuple(sorted(found, key=len, reverse=True))
        self._forms = tuple(form for each in self._keys for form in forms(each)) or self._forms

    def text(self, text: str) -> str:
        """The text without the key and its parts."""
        for key in self._keys:
            text = text.replace(key, REDACTED)
        return text

    def find(self, text: str) -> tuple[int, int]:
        """Where the first of them begins and ends in a text, unless it may be going on; -1 when there is none."""
        place, end = self._first(text, 0)
        return (-1, end) if place >= 0 and self._may_go_on(text, place, end) else (place, end)

    def held(self, text: str) -> int:
        """Where an end of the text begins that may be the beginning of one of them."""
        longest = len(self._keys[0]) if self._keys else 0
        starts = range(max(0, len(text) - longest + 1), len(text))
        return next((start for start in starts if self._begins(text[start:])), len(text))

    def settled(self, text: str) -> tuple[str, int]:
        """As `Redactor.settled`: a part at the very end may be the beginning of the whole key, and waits."""
        pieces, behind = [], 0
        place, end = self._first(text, 0)
        while place >= 0 and not self._may_go_on(text, place, end):
            pieces += [text[behind:place], REDACTED]
            behind = end
            place, end = self._first(text, behind)
        lead, rest = "".join(pieces), text[behind:]
        return lead + rest, len(lead) + self.held(rest)

    def _first(self, text: str, start: int) -> tuple[int, int]:
        """The first of them from there on, and of those that begin at one place the longest."""
        found = [(text.find(key, start), -len(key)) for key in self._keys]
        place, length = min((each for each in found if each[0] >= 0), default=(-1, 0))
        return place, place - length

    def _may_go_on(self, text: str, place: int, end: int) -> bool:
        return any(len(key) > end - place and key.startswith(text[place:]) for key in self._keys)

    def _begins(self, text: str) -> bool:
        return any(key.startswith(text) for key in self._keys)
