"""Chat messages as OpenAI writes them, and as they are kept."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from everloop.api.fields import Items, Request, Text
from everloop.api.v4.message_models import ImageChatContent, TextChatContent, ToolCall


class RefusalPart(Request):
    """What a model said in the place of an answer."""

    type: Literal["refusal"]
    refusal: str


def _content_kind(value: object) -> str:
    return "<parts>" if isinstance(value, list) else "<text>"


Part = Annotated[TextChatContent | ImageChatContent | RefusalPart, Field(discriminator="type")]
Content = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[Items[Part], Tag("<parts>")], Discriminator(_content_kind)
]


class ChatMessage(Request):
    """One message. `developer` is the newer name of `system`."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content | None = None
    name: Text | None = None
    refusal: str | None = None
    tool_calls: Items[ToolCall] | None = None
    tool_call_id: Text | None = None

    @model_validator(mode="after")
    def _of_its_role(self) -> Self:
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("a tool's message says in `tool_call_id` which call it answers")
        if self.tool_calls and self.role != "assistant":
            raise ValueError("only an assistant's message has `tool_calls`")
        if self.content is None and self.role != "assistant":
            raise ValueError("a message has `content`, unless it is an assistant's")
        return self

    def stored(self) -> dict[str, Any]:
        """The message in v4's words, without the keys that say nothing."""
        message = self.model_dump(exclude_none=True)
        if self.role == "developer":
            message["role"] = "system"
        refusal = message.pop("refusal", None)
        if refusal and not message.get("content"):
            message["content"] = refusal
        if isinstance(self.content, list):
            message["content"] = [_kept(part) for part in message["content"]]
        if not message.get("tool_calls", True):
            del message["tool_calls"]
        return message


def _kept(part: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": part["refusal"]} if part["type"] == "refusal" else part
