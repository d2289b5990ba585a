"""Deployments on the wire."""

from pydantic import Field

from everloop.api.fields import Answer, Items, Request, Text


class EnvironmentRequest(Request):
    """An environment, by its id."""

    id: Text
    name: Text | None = None


class EnvironmentProjectConfigRequest(Request):
    """What to put live, and where."""

    config_id: Text | None = None
    environments: Items[EnvironmentRequest] | None = Field(None, description="Absent: the default environment.")
    experiment_id: Text | None = Field(None, description="An experiment instead of a config.")


class EnvironmentProjectConfigResponse(Answer):
    """An environment of a project, with what is live there (null for nothing)."""

    project_id: str
    project_name: str
    model_config_id: str | None
    model_config_name: str | None
    environment_id: str
    environment_name: str
    environment_tag: str
    experiment_id: str | None
    experiment_name: str | None
