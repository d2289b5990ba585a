"""The wire models of chats."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from everloop.api.fields import Items, Request, Text
from everloop.api.v4.call_models import (
    CallRequest,
    CallResponse,
    ConfigRequest,
    DataResponse,
    DeployedRequest,
    ExperimentRequest,
    Target,
    Wishes,
)
from everloop.api.v4.config_models import Effort, ModelConfigRequest, ResponseFormat
from everloop.api.v4.message_models import (
    ChatMessageWithToolCall,
    FunctionResponse,
    MessageResponse,
    ToolCallResponse,
)
from everloop.domain.config import Endpoint, ModelConfig
from everloop.errors import FieldIssue, InvalidFields
from everloop.services.command import Chat


class FunctionToolChoice(Request):
    """A function by its name."""

    name: Text


class ToolChoice(Request):
    """The tool that the model has to call."""

    type: Literal["function"]
    function: FunctionToolChoice


def _choice_kind(value: object) -> str:
    return "<word>" if isinstance(value, str) else "<tool>"


Word = Literal["none", "auto", "required"]
_Choice = Annotated[
    Annotated[Word, Tag("<word>")] | Annotated[ToolChoice, Tag("<tool>")],
    Discriminator(_choice_kind),
]
_OldChoice = Annotated[
    Annotated[Literal["none", "auto"], Tag("<word>")] | Annotated[FunctionToolChoice, Tag("<tool>")],
    Discriminator(_choice_kind),
]


class ChatCallRequest(CallRequest):
    """What every chat takes besides. The config's template comes first, filled; then `messages`, as they are."""

    messages: Items[ChatMessageWithToolCall] = Field(description="The chat so far, after the config's template.")
    tool_choice: _Choice | None = Field(
        None,
        description="`none`: no tool is called. `auto` (the default with tools): the model decides. `required`: it has"
        " to call one. An object names the one to call.",
    )
    tool_call: _OldChoice | None = Field(
        None, json_schema_extra={"deprecated": True}, description="The older form of `tool_choice`."
    )
    response_format: ResponseFormat | None = Field(None, description="Goes before that of the config.")
    reasoning_effort: Effort | None = Field(None, description="Goes before that of the config.")

    def wishes(self) -> Wishes:
        if issues := _issues(self.messages):
            raise InvalidFields(issues)
        wanted = self.response_format
        return {
            "chat": Chat(
                tuple(each.stored() for each in self.messages),
                self.choice(),
                wanted.model_dump(exclude_none=True) if wanted else None,
                self.reasoning_effort,
            )
        }

    def choice(self) -> str | dict[str, Any] | None:
        """The tool choice, whichever way it was said. Raises `InvalidFields` when it was said in both."""
        if self.tool_choice is not None and self.tool_call is not None:
            raise InvalidFields.one(("body", "tool_call"), "`tool_choice` says the same: give that one alone.")
        if isinstance(self.tool_call, FunctionToolChoice):
            return {"type": "function", "function": {"name": self.tool_call.name}}
        if isinstance(self.tool_choice, ToolChoice):
            return self.tool_choice.model_dump()
        return self.tool_choice or self.tool_call


def _issues(messages: Sequence[ChatMessageWithToolCall]) -> list[FieldIssue]:
    """What is wrong with messages beyond their shape; logs of chats that others had may hold the like."""
    issues = []
    called = False
    for place, message in enumerate(messages):
        if message.role == "tool" and not message.tool_call_id and not (called and message.name):
            problem = ("tool_call_id", "A tool's message says which call it answers.")
        elif message.role == "user" and message.content is None:
            problem = ("content", "A user's message has content.")
        elif message.role != "assistant" and (message.tool_calls or message.tool_call):
            problem = ("tool_calls" if message.tool_calls else "tool_call", "Only an assistant calls tools.")
        else:
            called = called or message.tool_call is not None
            continue
        issues.append(FieldIssue(("body", "messages", place, problem[0]), problem[1]))
    return issues


class ChatDeployedRequest(ChatCallRequest, DeployedRequest):
    """A chat with what is deployed."""


class ChatExperimentRequest(ChatCallRequest, ExperimentRequest):
    """A chat with an experiment."""


class ChatModelConfigRequest(ChatCallRequest, ConfigRequest):
    """A chat with a registered config."""


class ModelConfigChatRequest(ModelConfigRequest):
    """A config that comes with its call; it may have a chat template."""

    @model_validator(mode="after")
    def _of_a_chat(self) -> Self:
        if self.endpoint == "complete" or self.prompt_template is not None:
            raise ValueError("a config with a prompt template cannot chat: send it to /v4/completion")
        return self

    def config(self) -> ModelConfig:
        return replace(super().config(), endpoint=Endpoint.CHAT)


class ChatRequest(ChatCallRequest):
    """A chat with a config that comes with it."""

    # pydantic keeps the name `model_config` for itself.
    given_config: ModelConfigChatRequest = Field(
        alias="model_config", description="What to ask, and whom. Registered in the project unless it is there already."
    )

    def target(self) -> Target:
        given = self.given_config
        return {"config": given.config(), "labels": given.labels()}


class ChatDataResponse(DataResponse):
    """One sample. `messages` is what the model was given, `output_message` its answer, to be sent back as it is."""

    messages: list[MessageResponse] | None
    tool_call: FunctionResponse | None = Field(json_schema_extra={"deprecated": True})
    tool_calls: list[ToolCallResponse] | None
    output_message: MessageResponse


class ChatResponse(CallResponse):
    """The answer of a chat; while streaming, each event is one of these with a piece of one sample."""

    data: list[ChatDataResponse]
    tool_choice: Word | ToolChoice | None
    tool_call: str | dict[str, Any] | None = Field(json_schema_extra={"deprecated": True})
