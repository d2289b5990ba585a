"""Versions of model configurations as v4 shows them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from everloop.api.v4.config_models import ModelConfigResponse, ToolConfigResponse, ToolResponse
from everloop.api.v4.message_models import message_view
from everloop.domain.config import ConfigVersion, ModelConfig, canonical_json, fingerprint
from everloop.domain.ids import ConfigId, Prefix, ProjectId, identifier
from everloop.domain.organisation_tool import LINKED
from everloop.domain.toolbox import Toolbox

SOURCES: Final = (LINKED, "inline")


def unregistered(config: ModelConfig, name: str | None, description: str | None, tools: Toolbox) -> ModelConfigResponse:
    """A configuration that is in no project. Its id says what it is, so that it is the same in every answer."""
    digest = fingerprint(config)
    config_id = ConfigId(identifier(Prefix.CONFIG, int(digest, 16)))
    return model_config(ConfigVersion(config_id, ProjectId(""), config, digest, 0, name, description), tools)


def model_config(version: ConfigVersion, tools: Toolbox) -> ModelConfigResponse:
    """One version, with the present definitions of the tools that it links.

    `name` stays null unless the caller gave one: the official client 0.7.0 takes a config with a name for another kind.
    """
    config = version.config
    shown = [tools.shown(each) for each in config.tools]
    return ModelConfigResponse(
        id=version.id,
        other=dict(config.other),
        type="model",
        name=version.name,
        description=version.description,
        provider=config.provider,
        model=config.model,
        max_tokens=config.max_tokens,
        temperature=config.temperature,
        top_p=config.top_p,
        stop=stop_view(config.stop),
        presence_penalty=config.presence_penalty,
        frequency_penalty=config.frequency_penalty,
        seed=config.seed,
        response_format=None if config.response_format is None else dict(config.response_format),
        prompt_template=config.prompt_template,
        chat_template=None if config.chat_template is None else [message_view(each) for each in config.chat_template],
        tool_configs=[tool_config(each, _tool_id(each)) for each in shown],
        tools=[_tool(each) for each in shown],
        endpoint=config.endpoint.value,
        reasoning_effort=config.reasoning_effort,
        template_language=config.template_language,
    )


def stop_view(stop: Sequence[str]) -> str | list[str] | None:
    """Stop texts as v4 writes them."""
    # An empty text is only told from no text at all as an item of a list.
    return stop[0] if len(stop) == 1 and stop[0] else list(stop) or None


def _tool(tool: Mapping[str, Any]) -> ToolResponse:
    tool_id = _tool_id(tool)
    return ToolResponse(
        id=tool_id,
        name=tool.get("name") or tool_id,
        description=tool.get("description"),
        parameters=tool.get("parameters"),
        source=tool.get("source"),
        strict=tool.get("strict"),
        other=tool.get("other"),
    )


def tool_config(tool: Mapping[str, Any], tool_id: str) -> ToolConfigResponse:
    """A tool with all that is kept of it."""
    source = tool.get("source")
    return ToolConfigResponse(
        id=tool_id,
        other=tool.get("other"),
        type="tool",
        created_by=None,
        status="committed",
        name=tool.get("name") or tool_id,
        description=tool.get("description"),
        source=source if source in SOURCES else None,
        source_code=tool.get("source_code"),
        setup_schema=tool.get("setup_schema"),
        parameters=tool.get("parameters"),
        signature=tool.get("signature"),
        is_preset=None,
        preset_name=tool.get("preset_name"),
        strict=tool.get("strict"),
    )


def _tool_id(tool: Mapping[str, Any]) -> str:
    """A linked tool's own id; else one that says what the tool is, so that it is the same in every answer."""
    if "id" in tool:
        return str(tool["id"])
    digest = hashlib.sha256(canonical_json(tool).encode()).digest()
    return identifier(Prefix.TOOL, int.from_bytes(digest, "big"))
