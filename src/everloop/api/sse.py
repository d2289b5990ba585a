"""Server-sent events as every generation of the official SDKs parses them.

One `data: ` line of ASCII JSON per event; the space in a string that contains `data: ` is escaped (SDKs up to 0.7.0
split on that text); lines stay below 64 KiB (aiohttp refuses longer ones); no terminator event.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from everloop.api.errors import V4, Wording
from everloop.api.exchange import Header
from everloop.errors import EverloopError

HEADERS: Final[tuple[Header, ...]] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
PING: Final = b": ping\n\n"
# A character may take 6 bytes once escaped (12 when it is two UTF-16 units), and a chunk carries its text four times.
MAX_TEXT: Final = 1200
ESCAPED: Final = "data:\\u0020"

encode: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def event(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """One event."""
    return frame(encode(value))


def error_event(error: EverloopError, wording: Wording = V4) -> bytes:
    """An error after the stream has begun."""
    return wording.event + event(wording.answer(error).content)


def frame(text: str) -> bytes:
    """One event, from its JSON in ASCII."""
    return f"data: {text.replace('data: ', ESCAPED)}\n\n".encode("ascii")


def slices(text: str) -> Iterator[str]:
    """The text in pieces that fit into a line; one empty piece for an empty text."""
    yield text[:MAX_TEXT]
    for start in range(MAX_TEXT, len(text), MAX_TEXT):
        yield text[start : start + MAX_TEXT]
