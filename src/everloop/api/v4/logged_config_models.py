"""Configurations that only say what made a log, on the wire: tools, agents, and anything else."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from everloop.api.fields import Answer, Items, Request, Shape, Text
from everloop.api.v4.config_models import Effort, ModelConfigRequest, ResponseFormat, ToolRequest
from everloop.api.v4.message_models import Message
from everloop.domain.config import LoggedConfig, LoggedType
from everloop.services.configs import Labels

_TYPES = ("model", *LoggedType)


class ToolConfigRequest(ToolRequest):
    """A tool whose call is logged."""

    type: Literal["tool"]
    name: Text = Field(min_length=1)

    def config(self) -> LoggedConfig:
        """What made the log."""
        return LoggedConfig(LoggedType.TOOL, self.stored())

    def stored(self) -> dict[str, Any]:
        """The tool as it is kept."""
        return {name: value for name, value in super().stored().items() if name != "type"}

    def labels(self) -> Labels:
        """None: what a tool is called is part of it, since models see it."""
        return Labels()


class GenericConfigRequest(Request):
    """Anything else that made a log, told apart by its name and by what is in `other`."""

    type: Literal["generic"]
    name: Text | None = None
    description: Text | None = Field(None, description="A label; no part of the config's identity.")
    other: dict[str, Any] | None = None

    def config(self) -> LoggedConfig:
        """What made the log."""
        return LoggedConfig(LoggedType.GENERIC, _said({"name": self.name or None, "other": self.other or None}))

    def labels(self) -> Labels:
        """What is no part of it."""
        return Labels(None, self.description)


class AgentConfigRequest(Request):
    """An agent whose work is logged."""

    type: Literal["agent"]
    name: Text | None = Field(None, description="A label; no part of the config's identity.")
    description: Text | None = Field(None, description="A label; no part of the config's identity.")
    agent_class: Text
    # pydantic keeps the name `model_config` for itself.
    given_config: ModelConfigRequest = Field(alias="model_config", description="What the agent asks, and whom.")
    tools: Items[ToolConfigRequest] | None = None
    other: dict[str, Any] | None = None

    def config(self) -> LoggedConfig:
        """What made the log."""
        given = self.given_config
        content = {
            "agent_class": self.agent_class,
            "model_config": given.config().functional()
            | _said({"name": given.name or None, "description": given.description or None}),
            "tools": [each.stored() for each in self.tools or ()],
            "other": self.other or None,
        }
        return LoggedConfig(LoggedType.AGENT, _said(content))

    def labels(self) -> Labels:
        """What is no part of it."""
        return Labels(self.name, self.description)


def _said(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value is not None}


def _type_of(config: object) -> str | None:
    kind = config.get("type") if isinstance(config, dict) else None
    if kind is None:
        return "<model>"
    return f"<{kind}>" if kind in _TYPES else None


# Said through tags, so that an error is about the one type that was sent.
LogConfigRequest = Annotated[
    Annotated[ModelConfigRequest, Tag("<model>")]
    | Annotated[ToolConfigRequest, Tag("<tool>")]
    | Annotated[GenericConfigRequest, Tag("<generic>")]
    | Annotated[AgentConfigRequest, Tag("<agent>")],
    Discriminator(
        _type_of,
        custom_error_type="config_type",
        custom_error_message=f"give a `type`: {', '.join(_TYPES)} (default model)",
    ),
]


class GenericConfigResponse(Answer):
    """Anything else that made a log."""

    id: str
    other: dict[str, Any] | None
    type: Literal["generic"]
    created_by: None
    status: str
    name: str
    description: str | None


class AgentConfigResponse(Answer):
    """An agent whose work was logged, with what it asked and what it had, as they were given."""

    id: str
    other: dict[str, Any] | None
    type: Literal["agent"]
    created_by: None
    status: str
    name: str
    description: str | None
    agent_class: str
    tools: list["GivenToolConfig"]
    given_config: "GivenModelConfig" = Field(serialization_alias="model_config")


class GivenTool(Answer):
    """A tool that a model may call; one that is linked has its `id`."""

    id: str | None
    name: str
    description: str | None
    strict: bool | None
    parameters: dict[str, Any] | None
    source: Literal["organization", "inline"] | None
    source_code: str | None
    setup_schema: dict[str, Any] | None
    signature: str | None
    other: dict[str, Any] | None
    preset_name: str | None


class GivenToolConfig(GivenTool):
    """A tool of an agent."""

    type: Literal["tool"]


class GivenModelConfig(Answer):
    """A model config that is no version of its own, with v4's defaults filled in."""

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
    other: dict[str, Any]
    seed: int | None
    response_format: Annotated[dict[str, Any], Shape(ResponseFormat)] | None
    endpoint: Literal["complete", "chat"]
    prompt_template: str | None
    chat_template: list[Message] | None
    tools: list[GivenTool]
    reasoning_effort: Annotated[str | int, Shape(Effort)] | None
    template_language: Annotated[str, Shape(Literal["default", "jinja"])]
