"""`/v4/projects/…`: what is live in each environment."""

from typing import Annotated

from fastapi import APIRouter

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.deployment_models import EnvironmentProjectConfigRequest, EnvironmentProjectConfigResponse
from everloop.api.v4.deployment_view import environment_config
from everloop.api.v4.projects import ProjectPath
from everloop.domain.deployment import ConfigTarget, ExperimentTarget, Target
from everloop.domain.ids import ConfigId, ExperimentId
from everloop.errors import InvalidFields

router = APIRouter(route_class=StrictRoute, tags=["Projects"], dependencies=[KEY], responses=ERRORS)

_EXAMPLE = {"config_id": "config_7Hq2mXc5TzJ8wK1sRdV0b", "environments": [{"id": "env_5Nf8pGt3LxM6yQ2uCaZ9h"}]}


@router.patch("/v4/projects/{project_id}/deploy-config", operation_id="Projects_deployConfig")
async def deploy(
    caller: Caller,
    services: Use,
    project_id: ProjectPath,
    request: Annotated[EnvironmentProjectConfigRequest, body(_EXAMPLE)],
) -> list[EnvironmentProjectConfigResponse]:
    """Put a config or an experiment live: in the environments given (all or none), or in the default one."""
    places = None if request.environments is None else [each.id for each in request.environments]
    live = await services.deployments.deploy(caller, project_id, _target(request), places)
    return [environment_config(each) for each in live]


def _target(request: EnvironmentProjectConfigRequest) -> Target:
    match request.config_id or None, request.experiment_id or None:
        case str(config_id), None:
            return ConfigTarget(ConfigId(config_id))
        case None, str(experiment_id):
            return ExperimentTarget(ExperimentId(experiment_id))
        case _:
            message = "Say what to put live: give either `config_id` or `experiment_id`."
            raise InvalidFields.one(("body", "config_id"), message)


@router.get("/v4/projects/{id}/deployed-configs", operation_id="Projects_listDeployedConfigs")
async def deployed(caller: Caller, services: Use, id: ProjectPath) -> list[EnvironmentProjectConfigResponse]:
    """List the environments, the default one first, with what is live in each."""
    return [environment_config(each) for each in await services.deployments.live(caller, id)]


@router.delete(
    "/v4/projects/{project_id}/deployed-config/{environment_id}", operation_id="Projects_deleteDeployedConfig"
)
async def delete(
    caller: Caller,
    services: Use,
    project_id: ProjectPath,
    environment_id: Annotated[str, path("env_5Nf8pGt3LxM6yQ2uCaZ9h", "The environment's id.")],
) -> list[EnvironmentProjectConfigResponse]:
    """Leave nothing live in an environment; answers what is live in each one then."""
    await services.deployments.clear(caller, project_id, environment_id)
    return [environment_config(each) for each in await services.deployments.live(caller, project_id)]
