"""Server-sent events out of bytes, however they are cut into packets.

The format is https://html.spec.whatwg.org/multipage/server-sent-events.html, with one leniency: an event that the
stream ends on without its blank line counts, since vendors end that way.
"""

from typing import Final, NamedTuple

LONGEST: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


class ServerSentEvent(NamedTuple):
    """One event. Its data stays undecoded: a JSON parser takes bytes."""

    name: bytes
    data: bytes


class SseParser:
    """Bytes in, events out. `longest` bounds an event in bytes; beyond it `too_long` turns true and stays so."""

    __slots__ = ("_after_cr", "_data", "_first", "_longest", "_name", "_partial", "_size", "too_long")

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._partial: list[bytes] = []
        self._data: list[bytes] = []
        self._name = b""
        self._size = 0  # of the partial line and the data before it
        self._after_cr = False
        self._first = True
        self.too_long = False

    def feed(self, packet: bytes) -> list[ServerSentEvent]:
        """The events that this packet completes."""
        if self._after_cr and packet:
            packet = packet.removeprefix(b"\n")
            self._after_cr = False
        events: list[ServerSentEvent] = []
        for line in packet.splitlines(keepends=True):
            self._size += len(line)
            if self.too_long or self._size > self._longest:
                self.too_long = True
                return events
            if line.endswith((b"\n", b"\r")):
                self._complete(line.rstrip(b"\r\n"), events)
            else:
                self._partial.append(line)
        self._after_cr = packet.endswith(b"\r") or (self._after_cr and not packet)
        return events

    def end(self) -> list[ServerSentEvent]:
        """What the end of the stream completes."""
        events: list[ServerSentEvent] = []
        if self._partial:
            self._complete(b"", events)
        self._dispatch(events)
        return events

    def _complete(self, line: bytes, events: list[ServerSentEvent]) -> None:
        if self._partial:
            self._partial.append(line)
            line = b"".join(self._partial)
            self._partial.clear()
        if self._first:
            line = line.removeprefix(_BOM)
            self._first = False
        if line.startswith(b"data: "):
            self._data.append(line[6:])
        elif line:
            self._field(line)
        else:
            self._dispatch(events)
        if not self._data:
            self._size = 0

    def _field(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        if self._data:
            events.append(ServerSentEvent(self._name, b"\n".join(self._data)))
            self._data.clear()
        self._name = b""
