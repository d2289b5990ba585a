"""The rendering process: reads orders from standard input and writes replies to standard output, until it is closed."""

import os
import sys
from typing import BinaryIO

from msgspec import Raw

from everloop.templating import limits
from everloop.templating.rendering import reply_to
from everloop.templating.wire import HEAD, Called, Order, Reply, frame, length_of, read_given, read_order


class _Line:
    """The way to the server and back."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def heard(self) -> bytes | None:
        """The next message, or None when the server has closed the line."""
        head = self._incoming.read(HEAD)
        return self._incoming.read(length_of(head)) if len(head) == HEAD else None

    def say(self, message: Reply) -> None:
        """Sends a message."""
        self._outgoing.write(frame(message))
        self._outgoing.flush()

    def call(self, name: str, arguments: list[str]) -> str | None:
        """What a tool gives, or None when it refuses."""
        self.say(Called(name, arguments))
        answer = self.heard()
        return None if answer is None else read_given(answer).text


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Replies to one order after the other. Ends the process by a signal when an order takes more than it may."""
    line = _Line(incoming, outgoing)
    while (order := line.heard()) is not None:
        limits.start_clock()
        try:
            reply: Reply = reply_to(read_order(order), line.call)
            line.say(reply)
        except MemoryError:
            os.abort()  # as the engine itself does: what is left of this process is not worth keeping


def _warm_up() -> None:
    """What the engine loads late is loaded now: when files can still be opened."""
    for template in ("{{ missing }}", "{{", "{{ x.pop() }}", "{{ 1 / 0 }}"):
        reply_to(Order("render", [template], Raw(b'{"x":[]}')), lambda *_: None)


def main() -> None:
    """What the process does."""
    _warm_up()
    limits.enter()
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
