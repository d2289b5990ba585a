"""Projects as v4 shows them."""

from everloop.api.fields import moment
from everloop.api.v4.experiment_view import experiment
from everloop.api.v4.project_config_view import project_config
from everloop.api.v4.project_models import CategoricalFeedbackLabel, FeedbackTypeModel, ProjectResponse
from everloop.domain.feedback import FeedbackType
from everloop.domain.ids import OrganisationId, Prefix
from everloop.domain.scope import Scope
from everloop.domain.toolbox import Toolbox
from everloop.services.projects import ProjectDetails


def project(scope: Scope, details: ProjectDetails, tools: Toolbox) -> ProjectResponse:
    """A project."""
    kept = details.project
    return ProjectResponse(
        id=kept.id,
        name=kept.name,
        active_config=None if details.active is None else project_config(kept, details.active, tools),
        users=[],
        data_count=details.logs,
        feedback_types=[feedback_type(each) for each in details.feedback_types],
        team_id=_team_id(scope.organisation_id),
        config_type="model",
        active_evaluators=[],
        directory_id=kept.directory_id,
        created_at=moment(kept.created_at),
        updated_at=moment(kept.updated_at),
        active_experiment=None if details.experiment is None else experiment(details.experiment, tools),
    )


def feedback_type(kind: FeedbackType) -> FeedbackTypeModel:
    """A feedback type."""
    labels = [CategoricalFeedbackLabel(value=value, sentiment=said) for value, said in kind.labels.items()]
    return FeedbackTypeModel(type=kind.name, values=labels if kind.categorical else None)


def _team_id(organisation_id: OrganisationId) -> str:
    """v4 names a team where we know only the organisation; the two share their characters."""
    return f"{Prefix.TEAM.value}_{organisation_id.rpartition('_')[2]}"
