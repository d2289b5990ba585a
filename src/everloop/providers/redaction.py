"""Keeping a provider key from coming back: a vendor may echo it in an error or in an answer."""

from typing import Final

import msgspec

from everloop.domain.generation import Secret

REDACTED: Final = "[redacted]"
# Shorter keys are placeholders ("EMPTY", "ollama") for servers that want none; replacing them would garble answers.
SHORTEST: Final = 8
_TELLS_NOTHING: Final = 3  # characters of a key ("sk-") that may be shown before it is known for one


def forms(key: str) -> tuple[bytes, ...]:
    """How a key is written in bodies: as it is, and as JSON has it, which is mostly the same."""
    return tuple({key.encode(), msgspec.json.encode(key)[1:-1]})


class Redactor:
    """Replaces every occurrence of one key."""

    __slots__ = ("_forms", "_key")

    def __init__(self, key: Secret | None) -> None:
        self._key = key.value if key is not None and len(key.value) >= SHORTEST else None
        self._forms = forms(self._key or "")

    def text(self, text: str) -> str:
        """The text without the key."""
        return text.replace(self._key, REDACTED) if self._key is not None and self._key in text else text

    def body(self, body: bytes) -> bytes:
        """A body without the key; what was valid JSON still is. Also finds a key written with JSON escapes."""
        if self._key is None:
            return body
        body = self._replaced(body)
        if b"\\u00" in body or b"\\/" in body:
            return self._unescaped(body)
        return body

    def find(self, text: str) -> tuple[int, int]:
        """Where the key begins and ends in a text; -1 when it is not there."""
        place = text.find(self._key) if self._key is not None else -1
        return place, place + len(self._key or "")

    def held(self, text: str) -> int:
        """Where an end of the text begins that may be the beginning of the key; its length when there is none."""
        if self._key is None:
            return len(text)
        start = text.find(self._key[0], max(0, len(text) - len(self._key) + 1))
        while start >= 0:
            if self._key.startswith(text[start:]):
                return start
            start = text.find(self._key[0], start + 1)
        return len(text)

    def settled(self, text: str) -> tuple[str, int]:
        """The text without the key, and where an end of it begins that may be the beginning of the key."""
        text = self.text(text)
        return text, self.held(text)

    def _replaced(self, body: bytes) -> bytes:
        for form in self._forms:
            if form in body:
                body = body.replace(form, REDACTED.encode())
        return body

    def _unescaped(self, body: bytes) -> bytes:
        try:
            plain = msgspec.json.encode(msgspec.json.decode(body))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return body  # not JSON: nobody will undo its escapes
        replaced = self._replaced(plain)
        return replaced if replaced != plain else body


class StreamedText:
    """Text that comes in pieces, with the key taken out even when it is split over them.

    Only an end that is plainly the beginning of the key waits for the next piece: text flows as it comes.
    """

    __slots__ = ("_redactor", "_shown", "_tail")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._tail = ""  # the end of the text that may be the beginning of the key
        self._shown = 0  # how much of it was shown

    def add(self, piece: str) -> str:
        """What can be shown now."""
        text, shown, lead = self._tail + piece, self._shown, ""
        place, end = self._redactor.find(text)
        if 0 <= place < shown:
            text, shown, lead = text[end:], 0, REDACTED
        text, start = self._redactor.settled(text)
        self._tail = text[start:]
        self._shown = min(len(self._tail), _TELLS_NOTHING)
        return lead + text[shown : start + self._shown]

    def rest(self) -> str:
        """What was still waiting, now that nothing follows; most of a key is as bad as all of it."""
        tail, waiting = self._tail, self._tail[self._shown :]
        self._tail, self._shown = "", 0
        return REDACTED if len(tail) >= SHORTEST else waiting
