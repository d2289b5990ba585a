"""Chat messages: v5's are v4's, and know one role more."""

from typing import Any, Final, Literal

import msgspec

from everloop.imports.humanloop.shapes import Object, shaped

# v4 has no `developer`; models that know the role take `system` for it.
ROLES: Final = {"developer": "system"}


class _Function(msgspec.Struct, omit_defaults=True):
    name: str
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    id: str
    function: _Function
    type: Literal["function"] = "function"


class _Image(msgspec.Struct, omit_defaults=True):
    url: str
    detail: Literal["high", "low", "auto"] | None = None


class _TextPart(msgspec.Struct, tag_field="type", tag="text"):
    text: str


class _ImagePart(msgspec.Struct, tag_field="type", tag="image_url"):
    image_url: _Image


class _Message(msgspec.Struct, omit_defaults=True):
    role: Literal["user", "assistant", "system", "tool", "developer"]
    content: str | list[_TextPart | _ImagePart] | None = None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[_ToolCall] | None = None
    thinking: list[Object] | None = None


def message(value: Any) -> Object:  # noqa: ANN401 - any JSON value
    """A message in v4's words, without keys that say nothing. Raises `Unmappable`."""
    read = shaped(value, _Message)
    found: Object = msgspec.to_builtins(read)
    return found | {"role": ROLES.get(read.role, read.role)}


def messages(values: Any) -> tuple[Object, ...]:  # noqa: ANN401 - any JSON value
    """Some messages. Raises `Unmappable`."""
    return tuple(message(each) for each in shaped(values, list[Any]))


def spoken(value: Object) -> Object:
    """A message of a log or a datapoint, with all it has: what was said is kept as it was."""
    role = value.get("role")
    return value | {"role": ROLES.get(role, role)} if isinstance(role, str) else value
