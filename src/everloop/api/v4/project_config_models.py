"""Configurations of every type in their projects, on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from everloop.api.fields import Answer, Nothing
from everloop.api.v4.config_models import ModelConfigResponse, ToolConfigResponse
from everloop.api.v4.logged_config_models import AgentConfigResponse, GenericConfigResponse

ConfigResponse = Annotated[
    ModelConfigResponse | ToolConfigResponse | GenericConfigResponse | AgentConfigResponse, Field(discriminator="type")
]


class ProjectConfigResponse(Answer):
    """A version in its project; `last_used` is when it was made for one that was not used yet."""

    project_id: str
    project_name: str
    created_at: datetime
    updated_at: datetime
    last_used: datetime
    num_datapoints: int
    evaluation_aggregates: Nothing
    config: ConfigResponse
    feedback_stats: None
    experiment_id: str | None


class GetModelConfigResponse(ProjectConfigResponse):
    """The version that is live in an environment, or that an experiment gave: then under a trial."""

    environment_id: str
    trial_id: str | None
