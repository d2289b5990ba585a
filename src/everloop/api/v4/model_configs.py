"""`/v4/model-configs`: what a provider is asked, registered once per content."""

from typing import Annotated

from fastapi import APIRouter

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.config_models import ModelConfigResponse, ProjectModelConfigRequest
from everloop.api.v4.config_view import model_config
from everloop.api.v4.project_config_models import ProjectConfigResponse
from everloop.api.v4.project_config_view import project_config
from everloop.domain.reference import ProjectReference

router = APIRouter(route_class=StrictRoute, tags=["Model Configs"], dependencies=[KEY], responses=ERRORS)

_EXAMPLE = {
    "project": "support-bot",
    "provider": "mock",
    "model": "mock-1",
    "prompt_template": "Answer kindly: {{question}}",
    "temperature": 0.7,
}


@router.post("/v4/model-configs", operation_id="ModelConfigs_register")
async def register(
    caller: Caller, services: Use, request: Annotated[ProjectModelConfigRequest, body(_EXAMPLE)]
) -> ProjectConfigResponse:
    """Register a config. The first one ever in a project goes live in the default environment.

    With `experiment` it joins that experiment, or neither happens.
    """
    reference = ProjectReference(request.project, request.project_id)
    config, labels = request.config(), request.labels()
    if request.experiment:
        registered = await services.experiments.register(caller, reference, request.experiment, config, labels)
    else:
        registered = await services.configs.register(caller, reference, config, labels)
    return project_config(registered.project, registered.use, services.tools.box(caller))


@router.get("/v4/model-configs/{id}", operation_id="ModelConfigs_get")
async def get(
    caller: Caller,
    services: Use,
    id: Annotated[str, path("config_7Hq2mXc5TzJ8wK1sRdV0b", "The config's id.")],
) -> ModelConfigResponse:
    """Get a config."""
    return model_config(await services.configs.get(caller, id), services.tools.box(caller))
