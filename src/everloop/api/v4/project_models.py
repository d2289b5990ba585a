"""Projects on the wire."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from everloop.api.fields import Answer, Items, Name, Nothing, Reference, Request, Text
from everloop.api.v4.experiment_models import ExperimentResponse, PositiveLabel
from everloop.api.v4.project_config_models import ProjectConfigResponse
from everloop.domain.feedback import FeedbackClass, FeedbackType, Sentiment
from everloop.domain.feedback_room import LABEL_TOO_LONG, is_too_long

# They are written in one go, for which every other write waits.
_MOST_LABELS: Final = 10_000


def _short(label: str) -> str:
    if is_too_long(label):
        raise ValueError(LABEL_TOO_LONG)
    return label


class FeedbackLabelRequest(Request):
    """A label of a feedback type, and what it says of the output."""

    value: Annotated[Reference, AfterValidator(_short)]
    sentiment: Sentiment | None = None


class FeedbackTypeRequest(Request):
    """A feedback type that the project shall know."""

    type: Name
    kind: FeedbackClass | None = Field(None, alias="class", description="How its values are given (default `select`).")
    values: Items[FeedbackLabelRequest] | None = None

    def feedback_type(self, known: FeedbackClass | None = None) -> FeedbackType:
        """The type itself; `known` is the class that it has in the project, if it is there."""
        kind = self.kind or known or FeedbackClass.SELECT
        labels = {each.value: each.sentiment or Sentiment.UNSET for each in self.values or ()}
        return FeedbackType(self.type, kind, labels)


def _few_labels(types: list[FeedbackTypeRequest]) -> list[FeedbackTypeRequest]:
    if sum(len(each.values or ()) for each in types) > _MOST_LABELS:
        raise ValueError(f"at most {_MOST_LABELS} labels in one request")
    return types


FeedbackTypeRequests = Annotated[Items[FeedbackTypeRequest], AfterValidator(_few_labels)]


class CreateProjectRequest(Request):
    """A new project. Creating one whose name is taken gives the one there is."""

    name: Name
    directory_id: Reference | None = None
    feedback_types: FeedbackTypeRequests | None = Field(None, description="More than the default types.")


class UpdateProjectRequest(Request):
    """What is absent stays as it is."""

    name: Name | None = None
    active_config_id: Text | None = Field(None, description="Goes live in the default environment.")
    directory_id: Reference | None = None
    active_experiment_id: Text | None = Field(None, description="The same with an experiment; give either of the two.")
    positive_labels: Items[PositiveLabel] | None = Field(None, json_schema_extra={"deprecated": True})


class ProjectUserResponse(Answer):
    """Somebody who works on the project."""

    id: str
    email_address: str
    full_name: str | None


class CategoricalFeedbackLabel(Answer):
    """A label and what it says of the output."""

    value: str
    sentiment: Sentiment


class FeedbackTypeModel(Answer):
    """A feedback type; `values` are its labels, null when it has none to choose from."""

    type: str
    values: list[CategoricalFeedbackLabel] | None


class ProjectResponse(Answer):
    """A project; `active_config` or `active_experiment` is what is live in the default environment."""

    id: str
    name: str
    active_config: ProjectConfigResponse | None
    users: list[ProjectUserResponse]
    data_count: int
    feedback_types: list[FeedbackTypeModel]
    team_id: str
    config_type: Literal["model"]
    active_evaluators: Nothing
    directory_id: str | None
    created_at: datetime
    updated_at: datetime
    active_experiment: ExperimentResponse | None
