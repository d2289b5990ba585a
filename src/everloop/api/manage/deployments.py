"""`/api/projects/…/deployments`: what was live where, since when, by whom."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter

from everloop.api.documentation import ERRORS, KEY, path
from everloop.api.fields import Answer, moment
from everloop.api.manage.policies import PolicyView, policy_view
from everloop.api.paging import FirstZero, PaginatedData, Size, from_zero
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.domain.deployment import ConfigTarget, Deployment, ExperimentTarget
from everloop.domain.ids import EnvironmentId

router = APIRouter(route_class=StrictRoute, tags=["Deployments"], dependencies=[KEY], responses=ERRORS)


class DeploymentResponse(Answer):
    """A change of what is live, a config, an experiment, or (both null) nothing; or of the policy alone.

    `created_by` is the id of the API key that made it; `ended_at` is null for the present state.
    `policy` is how calls were made there from then on, null for the one by default.
    """

    id: str
    project_id: str
    environment_id: str
    environment_name: str | None
    config_id: str | None
    experiment_id: str | None
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    policy: PolicyView | None


@router.get("/api/projects/{project_id}/deployments", operation_id="Deployments_list")
async def history(
    caller: Caller,
    services: Use,
    project_id: Annotated[str, path("pr_2Zx0cLq9RkT4vB7nYpW1e", "The project's id.")],
    page: FirstZero = 0,
    size: Size = 50,
) -> PaginatedData[DeploymentResponse]:
    """List every change of what is live in a project, or of how it is called, newest first."""
    found = await services.deployments.history(caller, project_id, from_zero(page, size))
    names = await services.environments.names(caller)
    records = [_view(each, names) for each in found.items]
    return PaginatedData[DeploymentResponse](records=records, page=page, size=size, total=found.total)


def _view(deployment: Deployment, names: Mapping[EnvironmentId, str]) -> DeploymentResponse:
    target = deployment.target
    return DeploymentResponse(
        id=deployment.id,
        project_id=deployment.project_id,
        environment_id=deployment.environment_id,
        environment_name=names.get(deployment.environment_id),
        config_id=target.config_id if isinstance(target, ConfigTarget) else None,
        experiment_id=target.experiment_id if isinstance(target, ExperimentTarget) else None,
        created_at=moment(deployment.created_at),
        created_by=deployment.created_by,
        ended_at=None if deployment.ended_at is None else moment(deployment.ended_at),
        policy=None if deployment.policy is None else policy_view(deployment.policy),
    )
