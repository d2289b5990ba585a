"""The wire models of chat completions."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from everloop.api.fields import Items, NoBoolean, Request, Text
from everloop.api.openai.answer_models import OpenAIUsage
from everloop.api.openai.call_models import CallRequest
from everloop.api.openai.messages import ChatMessage
from everloop.api.v4.call_models import Wishes
from everloop.services.command import Chat

# More than v4 has: newer models know more of them.
OpenAIEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class FunctionName(Request):
    """A function by its name."""

    name: Text


class NamedTool(Request):
    """The tool that the model has to call."""

    type: Literal["function"]
    function: FunctionName


class Function(Request):
    """A function that the model may call."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    description: str | None = None
    parameters: dict[str, Any] | None = Field(None, description="JSON Schema of the arguments.")
    strict: bool | None = None


class Tool(Request):
    """A tool that the model may call."""

    type: Literal["function"]
    function: Function


class ChatResponseFormat(Request):
    """What the model's output must look like. `text` says nothing: the config decides."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None


def _choice_kind(value: object) -> str:
    return "<word>" if isinstance(value, str) else "<tool>"


ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("<word>")] | Annotated[NamedTool, Tag("<tool>")],
    Discriminator(_choice_kind),
]


class ChatCompletionRequest(CallRequest):
    """A chat with the deployed config. Its template comes first, filled; then `messages`, as they are."""

    messages: Items[ChatMessage] = Field(description="The chat so far, after the config's template.")
    tools: Items[Tool] | None = Field(
        None, description="Functions for a config that has no tools of its own; ignored when it has some."
    )
    tool_choice: ToolChoice | None = None
    response_format: ChatResponseFormat | None = Field(None, description="Goes before that of the config.")
    reasoning_effort: OpenAIEffort | None = Field(
        None, description="Goes before that of the config. Which of the words a model takes is its provider's to say."
    )
    logprobs: bool | None = Field(None, description="true: the answer has the log probability of each token.")
    top_logprobs: Annotated[int, Field(ge=0, le=20), NoBoolean] | None = Field(
        None, description="How many other tokens, with theirs, for each. Only with `logprobs`."
    )

    @model_validator(mode="after")
    def _logprobs_first(self) -> Self:
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("`top_logprobs` goes with `logprobs: true`")
        return self

    @property
    def wants_logprobs(self) -> bool:
        return self.logprobs is True

    @property
    def brings_tools(self) -> bool:
        return bool(self.tools)

    def wishes(self) -> Wishes:
        chat = Chat(
            messages=tuple(each.stored() for each in self.messages),
            tool_choice=self.tool_choice.model_dump() if isinstance(self.tool_choice, NamedTool) else self.tool_choice,
            response_format=self._wanted_format(),
            reasoning_effort=self.reasoning_effort,
            tools=tuple(each.function.model_dump(exclude_none=True) for each in self.tools or ()),
        )
        return {"chat": chat, "logprobs": (self.top_logprobs or 0) if self.logprobs else None}

    def _wanted_format(self) -> dict[str, Any] | None:
        if self.response_format is None or self.response_format.type == "text":
            return None
        return self.response_format.model_dump(exclude_none=True)


class FunctionCall(BaseModel):
    """A function that the model wants called; `arguments` is JSON in a text."""

    name: str
    arguments: str


class ChatToolCall(BaseModel):
    """One call of a tool."""

    id: str
    type: Literal["function"]
    function: FunctionCall


class AssistantMessage(BaseModel):
    """The model's message, ready to be sent back."""

    role: Literal["assistant"]
    content: str | None
    refusal: str | None
    tool_calls: list[ChatToolCall] | None = Field(None, description="Left out when there are none.")


class TokenLogprob(BaseModel):
    """A token that could have stood in a place, and its log probability."""

    token: str
    logprob: float
    bytes: list[int] | None


class ChosenToken(TokenLogprob):
    """The token that was chosen, and those that nearly were."""

    top_logprobs: list[TokenLogprob]


class ChoiceLogprobs(BaseModel):
    """Log probabilities of the message's tokens."""

    content: list[ChosenToken] | None
    refusal: list[ChosenToken] | None


class ChatChoice(BaseModel):
    """One answer."""

    index: int
    message: AssistantMessage
    logprobs: ChoiceLogprobs | None
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"]


class ChatCompletion(BaseModel):
    """The answers."""

    id: str = Field(description="The id of the (first) answer's log.")
    object: Literal["chat.completion"]
    created: int
    model: str
    system_fingerprint: Any
    choices: list[ChatChoice]
    usage: OpenAIUsage
