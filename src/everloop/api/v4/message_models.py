"""Chat messages on the wire."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Discriminator, Field, Tag

from everloop.api.fields import Items, Request, Shape, Text

# v4 answers name these of every message, nulls included.
_KEYS: Final = ("content", "name", "tool_call_id", "role", "tool_calls", "tool_call")


class FunctionTool(Request):
    """A function that the model wants called; `arguments` is JSON in a text."""

    name: Text
    arguments: str | None = None


class ToolCall(Request):
    """One call of a tool."""

    id: Text
    type: Literal["function"]
    function: FunctionTool
    name: Text | None = None
    arguments: Any = None


class TextChatContent(Request):
    """A piece of text."""

    type: Literal["text"]
    text: str


class ImageUrl(Request):
    """Where an image is."""

    url: str
    detail: Literal["high", "low", "auto"] | None = None


class ImageChatContent(Request):
    """An image."""

    type: Literal["image_url"]
    image_url: ImageUrl


def _content_kind(value: object) -> str:
    return "<parts>" if isinstance(value, list) else "<text>"


Part = Annotated[TextChatContent | ImageChatContent, Field(discriminator="type")]
Content = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[Items[Part], Tag("<parts>")], Discriminator(_content_kind)
]


class ChatMessageWithToolCall(Request):
    """One message of a chat; a message with no content is accepted."""

    role: Literal["user", "assistant", "system", "tool"]
    content: Content | None = None
    name: Text | None = None
    tool_call_id: Text | None = None
    tool_calls: Items[ToolCall] | None = None
    tool_call: FunctionTool | None = Field(None, json_schema_extra={"deprecated": True})
    thinking: Items[dict[str, Any]] | None = None

    def stored(self) -> dict[str, Any]:
        """The message as it is kept: without the keys that say nothing."""
        return self.model_dump(exclude_none=True)


class FunctionResponse(BaseModel):
    """A function that the model wants called; `arguments` is JSON in a text."""

    name: str
    arguments: str | None = None


class ToolCallResponse(BaseModel):
    """One call of a tool. While streaming, `index` is its number and `arguments` a piece."""

    id: str
    type: Literal["function"]
    function: FunctionResponse


class MessageResponse(BaseModel):
    """A message of the chat."""

    content: str | list[Part] | None
    name: str | None
    tool_call_id: str | None
    role: Literal["user", "assistant", "system", "tool"]
    tool_calls: list[ToolCallResponse] | None
    tool_call: FunctionResponse | None = Field(json_schema_extra={"deprecated": True})
    thinking: list[dict[str, Any]] | None = Field(None, description="Only on a message that was sent with it.")


# A message as `message_view` shows it.
Message = Annotated[dict[str, Any], Shape(MessageResponse)]


def message_view(stored: Any) -> Any:  # noqa: ANN401 - a message in JSON
    """The message with all the keys that v4 shows."""
    return {key: stored.get(key) for key in _KEYS} | stored if isinstance(stored, dict) else stored
