"""Experiments on the wire."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from everloop.api.fields import Answer, Items, Name, Request, Text
from everloop.api.v4.config_models import ModelConfigResponse


class PositiveLabel(Request):
    """A feedback label that counts as a success."""

    type: Text = Field(description="A feedback type of the project, such as `rating`.")
    value: Text = Field(description="Its label, such as `good`.")


class CreateExperimentRequest(Request):
    """A new experiment; its configs share the traffic equally."""

    name: Name = Field(description="Unique in the project.")
    config_ids: Items[Text] | None = Field(None, description="Configs of the project, all completion or all chat.")
    positive_labels: Items[PositiveLabel] = Field(description="What counts as a success.")
    set_active: bool | None = Field(None, description="true: put it live in the default environment (default false).")


class UpdateExperimentRequest(Request):
    """What is absent stays as it is."""

    name: Name | None = None
    positive_labels: Items[PositiveLabel] | None = Field(None, description="Judge the whole past anew.")
    config_ids_to_register: Items[Text] | None = Field(None, description="Get traffic, from now on or again.")
    config_ids_to_deregister: Items[Text] | None = Field(None, description="Get no more traffic; their results stay.")


class BaseMetricResponse(Answer):
    """How the configs are compared; the same for every experiment."""

    id: str
    name: str
    description: str
    code: str
    default: bool
    active: bool
    created_at: datetime
    updated_at: datetime


class ExperimentConfigResponse(Answer):
    """A config in an experiment, with its results in the environment where the experiment has the most trials.

    A trial is the first time that a user (or session, or call) met the config. `mean`, from 0 to 1, is over those that
    were rated, and `spread` its standard error; both are null before the first rating.
    """

    mean: float | None
    spread: float | None
    trials_count: int
    active: bool
    id: str
    display_name: str
    config: ModelConfigResponse
    created_at: datetime
    updated_at: datetime


class ExperimentResponse(Answer):
    """An experiment. `status` stays `In progress` when it is concluded: v4 has no word for that, `/api` has."""

    id: str
    project_id: str
    name: str
    status: Literal["Initialized", "In progress"]
    configs: list[ExperimentConfigResponse]
    metric: BaseMetricResponse
    positive_labels: list[PositiveLabel]
    created_at: datetime
    updated_at: datetime
