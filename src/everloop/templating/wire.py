"""What the server and a rendering process say to each other: JSON in frames, each after its length."""

import struct
from typing import Final, Literal

import msgspec

_LENGTH: Final = struct.Struct(">I")
HEAD: Final = _LENGTH.size


class Order(msgspec.Struct):
    """Something to do with templates: to look at their syntax, or to render them with `inputs` (a JSON object).

    `tools` are the names that templates may call.
    """

    do: Literal["check", "render"]
    templates: list[str]
    inputs: msgspec.Raw = msgspec.Raw(b"{}")
    tools: list[str] = []


class Called(msgspec.Struct, tag="called"):
    """A template calls a tool, and waits for its `Given`."""

    name: str
    arguments: list[str]


class Given(msgspec.Struct):
    """What the tool gave; None when it refused, which ends the rendering."""

    text: str | None


class Done(msgspec.Struct, tag="done"):
    """The rendered templates, in their order; none after a check."""

    texts: list[str] = []


class Missing(msgspec.Struct, tag="missing"):
    """Inputs that templates needed and that were not there."""

    names: list[str]


class Flawed(msgspec.Struct, tag="flawed"):
    """The template at `place` (from 0) cannot be rendered. What nobody knows is None; `line` is from 1."""

    place: int | None
    line: int | None
    message: str


Reply = Called | Done | Missing | Flawed
read_order: Final = msgspec.json.Decoder(Order).decode
read_given: Final = msgspec.json.Decoder(Given).decode
read_reply: Final[msgspec.json.Decoder[Reply]] = msgspec.json.Decoder(Reply)
_encode: Final = msgspec.json.Encoder().encode


def frame(message: Order | Reply | Given) -> bytes:
    """The message with its length before it."""
    body = _encode(message)
    return _LENGTH.pack(len(body)) + body


def length_of(head: bytes) -> int:
    """How many bytes follow the `HEAD` bytes of a frame."""
    (length,) = _LENGTH.unpack(head)
    return int(length)
