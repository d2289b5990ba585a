"""How chat completions, and completions, are written: whole choices, and pieces of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from everloop.api import sse
from everloop.api.openai import logprobs
from everloop.domain.config import Endpoint
from everloop.domain.generation import Usage
from everloop.domain.message import answered
from everloop.services.answer import AnsweredSample
from everloop.services.sample import Chunk, ToolCallPiece

# Vendors have words of their own; a client knows these alone.
_REASONS: Final = {"stop": "stop", "length": "length", "content_filter": "content_filter", "tool_call": "tool_calls"}
_NO_REASON: Final = "stop"


@dataclass(frozen=True, slots=True)
class Wire:
    """One of the two. What is the inside of a choice in an event is written as text.

    `opening` is for the first event of an answer, by its first chunk if that is there; `called` for a piece of a tool
    call, with whether it is the first of that call.
    """

    endpoint: Endpoint
    whole: str
    event: str
    choice: Callable[[AnsweredSample], dict[str, Any]]
    opening: Callable[[Chunk | None], str | None]
    text: Callable[[str], str]
    called: Callable[[ToolCallPiece, str, bool], str]
    ending: str
    logprobs: Callable[[Any], Any]
    tools: bool

    def reason(self, reason: str | None) -> str:
        """Why an answer ended, in OpenAI's words; a completion has none for tool calls."""
        said = _REASONS.get(reason or "", _NO_REASON)
        return said if self.tools or said != "tool_calls" else _NO_REASON


def usage_view(usage: Usage) -> dict[str, Any]:
    """Tokens as OpenAI names them."""
    reasoning = usage.reasoning_tokens
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.prompt_tokens + usage.output_tokens,
        "completion_tokens_details": None if reasoning is None else {"reasoning_tokens": reasoning},
    }


def _message(sample: AnsweredSample) -> dict[str, Any]:
    return {"message": {"refusal": None, **answered(sample.raw_output, sample.tool_calls)}}


def _role(chunk: Chunk | None) -> str:
    """The content of an answer that begins with a tool call is null until there is some, as in a whole answer."""
    content = "" if chunk is None else ',"content":null' if chunk.tool_call else ',"content":""'
    return f'"delta":{{"role":"assistant"{content}}}'


def _call(piece: ToolCallPiece, arguments: str, first: bool) -> str:  # noqa: FBT001 - of a callable's shape
    """Id and name come once: clients put together what comes in pieces."""
    told: dict[str, Any] = {"index": piece.place}
    if first:
        told |= {"id": piece.call.id, "type": "function"}
    told["function"] = {"name": piece.call.name, "arguments": arguments} if first else {"arguments": arguments}
    return f'"delta":{sse.encode({"tool_calls": [told]})}'


CHAT: Final = Wire(
    endpoint=Endpoint.CHAT,
    whole="chat.completion",
    event="chat.completion.chunk",
    choice=_message,
    opening=_role,
    text=lambda text: f'"delta":{{"content":{sse.encode(text)}}}',
    called=_call,
    ending='"delta":{}',
    logprobs=logprobs.of_chat,
    tools=True,
)
TEXT: Final = Wire(
    endpoint=Endpoint.COMPLETE,
    whole="text_completion",
    event="text_completion",
    choice=lambda sample: {"text": sample.raw_output},
    opening=lambda _: None,
    text=lambda text: f'"text":{sse.encode(text)}',
    called=_call,
    ending='"text":""',
    logprobs=logprobs.of_text,
    tools=False,
)
