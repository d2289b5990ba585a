"""Configurations of every type in their projects, as v4 shows them."""

from collections.abc import Mapping
from typing import Any

from everloop.api.fields import moment
from everloop.api.v4.config_view import SOURCES, model_config, stop_view, tool_config
from everloop.api.v4.logged_config_models import (
    AgentConfigResponse,
    GenericConfigResponse,
    GivenModelConfig,
    GivenTool,
    GivenToolConfig,
)
from everloop.api.v4.message_models import message_view
from everloop.api.v4.project_config_models import ConfigResponse, GetModelConfigResponse, ProjectConfigResponse
from everloop.domain.config import AnyVersion, ConfigUse, LoggedType, LoggedVersion, ModelConfig
from everloop.domain.project import Project
from everloop.domain.toolbox import Toolbox
from everloop.services.sampling import ActiveConfig


def project_config(project: Project, use: ConfigUse, tools: Toolbox) -> ProjectConfigResponse:
    """One version in its project, with its use."""
    return ProjectConfigResponse(**_in_project(project, use, tools))


def active_config(active: ActiveConfig, tools: Toolbox) -> GetModelConfigResponse:
    """The version that is live in an environment."""
    described = _in_project(active.project, active.use, tools) | {"experiment_id": active.experiment_id}
    return GetModelConfigResponse(**described, environment_id=active.environment.id, trial_id=active.trial_id)


def _in_project(project: Project, use: ConfigUse, tools: Toolbox) -> dict[str, Any]:
    made = moment(use.version.created_at)
    return {
        "project_id": project.id,
        "project_name": project.name,
        "created_at": made,
        "updated_at": made,
        "last_used": made if use.last_used is None else moment(use.last_used),
        "num_datapoints": use.logs,
        "evaluation_aggregates": [],
        "config": config(use.version, tools),
        "feedback_stats": None,
        "experiment_id": None,
    }


def config(version: AnyVersion, tools: Toolbox) -> ConfigResponse:
    """One version of any type."""
    if not isinstance(version, LoggedVersion):
        return model_config(version, tools)
    match version.config.type:
        case LoggedType.TOOL:
            return tool_config(version.config.content, version.id)
        case LoggedType.GENERIC:
            return _generic(version)
        case LoggedType.AGENT:
            return _agent(version)


def _generic(version: LoggedVersion) -> GenericConfigResponse:
    content = version.config.content
    return GenericConfigResponse(
        id=version.id,
        other=content.get("other"),
        type="generic",
        created_by=None,
        status="committed",
        name=content.get("name") or "generic",
        description=version.description,
    )


def _agent(version: LoggedVersion) -> AgentConfigResponse:
    content = version.config.content
    return AgentConfigResponse(
        id=version.id,
        other=content.get("other"),
        type="agent",
        created_by=None,
        status="committed",
        name=version.name or content["agent_class"],
        description=version.description,
        agent_class=content["agent_class"],
        tools=[GivenToolConfig(type="tool", **_tool(each)) for each in content["tools"]],
        given_config=_given(content["model_config"]),
    )


def _given(model: Mapping[str, Any]) -> GivenModelConfig:
    # Every field, also of a config from before one was added.
    kept = {"name": None, "description": None} | ModelConfig(model="").functional() | dict(model)
    messages = kept["chat_template"]
    shown: dict[str, Any] = {
        "type": "model",
        "stop": stop_view(kept["stop"]),
        "chat_template": None if messages is None else [message_view(each) for each in messages],
        "tools": [GivenTool(**_tool(each)) for each in kept["tools"]],
    }
    fields: dict[str, Any] = {name: shown.get(name, kept.get(name)) for name in GivenModelConfig.model_fields}
    return GivenModelConfig(**fields)


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    source = tool.get("source")
    shown = {"name": tool.get("name") or tool.get("id"), "source": source if source in SOURCES else None}
    return {name: tool.get(name) for name in GivenTool.model_fields} | shown
