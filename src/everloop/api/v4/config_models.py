"""Model configurations on the wire."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from everloop.api.fields import Answer, Int64, Items, Number, OneOrMany, Request, Shape, Text
from everloop.api.v4.message_models import ChatMessageWithToolCall, Message
from everloop.domain.config import Endpoint, LoggedType, ModelConfig
from everloop.domain.organisation_tool import LINKED
from everloop.domain.template_language import DEFAULT
from everloop.services.configs import Labels


def _effort_kind(value: object) -> str:
    return "<word>" if isinstance(value, str) else "<number>"


# Said through tags, so that an error is about the one kind that was sent.
Effort = Annotated[
    Annotated[Literal["high", "medium", "low"], Tag("<word>")] | Annotated[Int64, Tag("<number>")],
    Discriminator(_effort_kind),
]


class ResponseFormat(Request):
    """What the model's output must look like."""

    type: Literal["json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None


class ToolRequest(Request):
    """A tool that the model may call: its whole definition, or (`source: "organization"`) a link to one by its id."""

    id: Text | None = None
    name: Text | None = None
    description: str | None = None
    strict: bool | None = None
    parameters: dict[str, Any] | None = Field(None, description="JSON Schema of the arguments.")
    source: Text | None = None
    source_code: str | None = None
    setup_schema: dict[str, Any] | None = None
    signature: str | None = None
    other: dict[str, Any] | None = None
    preset_name: Text | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.name and not (self.linked and self.id):
            raise ValueError("give a `name`, or link a tool by `id` and `source: organization`")
        return self

    @property
    def linked(self) -> bool:
        """Whether this is a link."""
        return self.source == LINKED

    def stored(self) -> dict[str, Any]:
        """The tool as it is kept: without what says nothing, and without an id that was only derived from the rest.

        A link is kept without the definition that answers show beside it: that is the organisation's.
        """
        if self.linked and self.id:
            return {"id": self.id, "source": LINKED}
        return {name: value for name, value in self if name != "id" and value is not None and value != ""}


def _model_alone(kind: Any) -> Any:  # noqa: ANN401 - any JSON value
    if kind in list(LoggedType):
        raise ValueError(f"a config of type `{kind}` only says what made a log; give one of type `model`")
    return kind


class ModelConfigRequest(Request):
    """Everything that decides what a provider is asked. Two equal ones are the same version of a project."""

    type: Annotated[Literal["model"] | None, BeforeValidator(_model_alone)] = None
    name: Text | None = Field(None, description="A label; no part of the config's identity.")
    description: Text | None = Field(None, description="A label; no part of the config's identity.")
    provider: Text | None = Field(None, min_length=1, description="Whom to ask (default `openai`).")
    model: Text = Field(min_length=1, description="The provider's name of the model.")
    max_tokens: Int64 | None = Field(None, description="-1 (the default): as many as the model gives.")
    temperature: Number | None = None
    top_p: Number | None = None
    stop: OneOrMany[str] | None = None
    presence_penalty: Number | None = None
    frequency_penalty: Number | None = None
    other: dict[str, Any] | None = Field(None, description="Goes into the provider's request as it is.")
    seed: Int64 | None = None
    response_format: ResponseFormat | None = None
    endpoint: Literal["complete", "chat"] | None = Field(
        None, description="How it is called. When absent: `chat` if there is a chat template alone, else `complete`."
    )
    prompt_template: str | None = Field(None, description="The prompt; `{{name}}` is replaced by the input `name`.")
    chat_template: Items[ChatMessageWithToolCall] | None = None
    template_language: Literal["default", "jinja"] | None = Field(
        None, description="What the templates are written in: names and calls between braces (default), or Jinja."
    )
    tools: Items[ToolRequest] | None = None
    reasoning_effort: Effort | None = None

    def config(self) -> ModelConfig:
        """The functional fields, with v4's defaults where nothing was said."""
        return ModelConfig(
            model=self.model,
            provider=self.provider or "openai",
            endpoint=self._endpoint(),
            prompt_template=self.prompt_template,
            chat_template=None if self.chat_template is None else tuple(each.stored() for each in self.chat_template),
            template_language=self.template_language or DEFAULT,
            tools=tuple(each.stored() for each in self.tools or ()),
            max_tokens=-1 if self.max_tokens is None else self.max_tokens,
            temperature=1.0 if self.temperature is None else self.temperature,
            top_p=1.0 if self.top_p is None else self.top_p,
            stop=self._stop(),
            presence_penalty=self.presence_penalty or 0.0,
            frequency_penalty=self.frequency_penalty or 0.0,
            other=self.other or {},
            seed=self.seed,
            response_format=self.response_format.model_dump(exclude_none=True) if self.response_format else None,
            reasoning_effort=self.reasoning_effort,
        )

    def labels(self) -> Labels:
        """What is no part of it."""
        return Labels(self.name, self.description)

    def _endpoint(self) -> Endpoint:
        if self.endpoint is not None:
            return Endpoint(self.endpoint)
        return Endpoint.CHAT if self.chat_template and self.prompt_template is None else Endpoint.COMPLETE

    def _stop(self) -> tuple[str, ...]:
        if isinstance(self.stop, list):
            return tuple(self.stop)
        return (self.stop,) if self.stop else ()


class ProjectModelConfigRequest(ModelConfigRequest):
    """A model configuration to register in a project."""

    project: Text | None = Field(None, description="The project's name; made when new. Give it or `project_id`.")
    project_id: Text | None = None
    experiment: Text | None = Field(None, description="The name of an experiment to add the config to.")


class ToolResponse(Answer):
    """A tool shown to the model. `strict` and `other` are not in the contract: without them a config lost them."""

    id: str
    name: str
    description: str | None
    parameters: dict[str, Any] | None
    source: str | None
    strict: bool | None
    other: dict[str, Any] | None


class ToolConfigResponse(Answer):
    """A tool of its own, or one shown to the model in the words of older clients. `strict` is as above."""

    id: str
    other: dict[str, Any] | None
    type: Literal["tool"]
    created_by: None
    status: str
    name: str
    description: str | None
    source: Literal["organization", "inline"] | None
    source_code: str | None
    setup_schema: dict[str, Any] | None
    parameters: dict[str, Any] | None
    signature: str | None
    is_preset: bool | None
    preset_name: str | None
    strict: bool | None


class ModelConfigResponse(Answer):
    """One version."""

    id: str
    other: dict[str, Any]
    type: Literal["model"]
    name: str | None
    description: str | None
    provider: str
    model: str
    max_tokens: int
    temperature: float
    top_p: float
    stop: str | list[str] | None
    presence_penalty: float
    frequency_penalty: float
    seed: int | None
    response_format: Annotated[dict[str, Any], Shape(ResponseFormat)] | None
    prompt_template: str | None
    chat_template: list[Message] | None
    tool_configs: list[ToolConfigResponse] = Field(json_schema_extra={"deprecated": True})
    tools: list[ToolResponse]
    endpoint: Literal["complete", "chat"]
    reasoning_effort: Annotated[str | int, Shape(Effort)] | None
    template_language: Annotated[str, Shape(Literal["default", "jinja"])]
