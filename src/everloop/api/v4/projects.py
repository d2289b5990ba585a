"""`/v4/projects`: the places that applications call by name."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import Text
from everloop.api.paging import FirstZero, PaginatedData, Size, from_zero
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.log_models import LogResponse
from everloop.api.v4.log_view import log_response
from everloop.api.v4.project_config_models import GetModelConfigResponse, ProjectConfigResponse
from everloop.api.v4.project_config_view import active_config, project_config
from everloop.api.v4.project_models import CreateProjectRequest, ProjectResponse, UpdateProjectRequest
from everloop.api.v4.project_view import project
from everloop.domain.deployment import ConfigTarget, ExperimentTarget, Target
from everloop.domain.experiment import Experiment
from everloop.domain.ids import ConfigId, ExperimentId
from everloop.domain.project import ProjectSort
from everloop.errors import InvalidFields

router = APIRouter(route_class=StrictRoute, tags=["Projects"], dependencies=[KEY], responses=ERRORS)

ProjectPath = Annotated[str, path("pr_2Zx0cLq9RkT4vB7nYpW1e", "The project's id.")]
EnvironmentName = Annotated[Text | None, Query(description="The environment's name; the default one when absent.")]


@router.post("/v4/projects", status_code=201, operation_id="Projects_create")
async def create(
    caller: Caller, services: Use, request: Annotated[CreateProjectRequest, body({"name": "support-bot"})]
) -> ProjectResponse:
    """Make a project, or find the one that has the name already."""
    details = await services.projects.create(caller, request.name, request.directory_id)
    if request.feedback_types:
        types = [each.feedback_type() for each in request.feedback_types]
        await services.feedback.define_types(caller, details.project.id, types)
        details = await services.projects.get(caller, details.project.id)
    return project(caller, details, services.tools.box(caller))


@router.get("/v4/projects", operation_id="Projects_list")
async def page(
    caller: Caller,
    services: Use,
    page: FirstZero = 0,
    size: Size = 10,
    filter: Annotated[Text | None, Query(description="Part of the name, in any case.")] = None,
    user_filter: Annotated[Text | None, Query(description="Part of a user's name; no project has users yet.")] = None,
    sort_by: Annotated[ProjectSort, Query(description="What decides the order.")] = ProjectSort.CREATED_AT,
    order: Annotated[Literal["asc", "desc"], Query(description="Upwards or downwards.")] = "desc",
) -> PaginatedData[ProjectResponse]:
    """List projects."""
    found = await services.projects.page(
        caller,
        name_part=filter or None,
        user_part=user_filter or None,
        sort=sort_by,
        descending=order == "desc",
        request=from_zero(page, size),
    )
    tools = services.tools.box(caller)
    records = [project(caller, each, tools) for each in found.items]
    return PaginatedData[ProjectResponse](records=records, page=page, size=size, total=found.total)


@router.get("/v4/projects/{id}", operation_id="Projects_get")
async def get(caller: Caller, services: Use, id: ProjectPath) -> ProjectResponse:
    """Get a project."""
    return project(caller, await services.projects.get(caller, id), services.tools.box(caller))


@router.patch("/v4/projects/{id}", operation_id="Projects_update")
async def update(
    caller: Caller,
    services: Use,
    id: ProjectPath,
    request: Annotated[UpdateProjectRequest, body({"name": "support-bot-2"})],
) -> ProjectResponse:
    """Rename or move a project, or put a config or an experiment live in the default environment."""
    target = _target(request)
    view = await services.projects.view(caller, id)
    if target is not None:
        # Asked first, so that a call whose target cannot go live changes nothing.
        found = await services.deployments.find(caller, view.project, target)
        if isinstance(found, Experiment):
            found.started(found.updated_at)
    if request.name or request.directory_id:
        await services.projects.update(caller, id, name=request.name, directory_id=request.directory_id)
    if target is not None:
        await services.deployments.deploy(caller, id, target, None)
    return project(caller, await services.projects.get(caller, id), services.tools.box(caller))


@router.delete("/v4/projects/{id}", status_code=204, operation_id="Projects_delete")
async def delete(caller: Caller, services: Use, id: ProjectPath) -> None:
    """Delete a project with all that is in it, live or not: configs, experiments, datasets, logs. Its name is free."""
    await services.projects.delete(caller, id)


@router.get("/v4/projects/{id}/configs", operation_id="Projects_listConfigs")
async def configs(caller: Caller, services: Use, id: ProjectPath) -> list[ProjectConfigResponse]:
    """List a project's configs, newest first."""
    found = await services.configs.of_project(caller, id)
    tools = services.tools.box(caller)
    return [project_config(each.project, each.use, tools) for each in found]


@router.get("/v4/projects/{id}/active-config", operation_id="Projects_getActiveConfig")
async def active(
    caller: Caller,
    services: Use,
    id: ProjectPath,
    environment: EnvironmentName = None,
) -> GetModelConfigResponse:
    """Get the config that is live in an environment; a live experiment gives one of its own, with a `trial_id`."""
    return active_config(await services.sampling.active(caller, id, environment), services.tools.box(caller))


@router.delete("/v4/projects/{id}/active-config", operation_id="Projects_deactivateConfig")
async def deactivate(
    caller: Caller,
    services: Use,
    id: ProjectPath,
    environment: EnvironmentName = None,
) -> ProjectResponse:
    """Leave nothing live in an environment."""
    await services.deployments.clear_named(caller, id, environment)
    return project(caller, await services.projects.get(caller, id), services.tools.box(caller))


@router.delete("/v4/projects/{id}/active-experiment", operation_id="Projects_deactivateExperiment")
async def deactivate_experiment(
    caller: Caller,
    services: Use,
    id: ProjectPath,
    environment: EnvironmentName = None,
) -> ProjectResponse:
    """Leave nothing live in an environment where an experiment is; a config that is live stays."""
    await services.deployments.clear_experiment(caller, id, environment)
    return project(caller, await services.projects.get(caller, id), services.tools.box(caller))


@router.post("/v4/projects/{id}/export", operation_id="Projects_export")
async def export(
    caller: Caller,
    services: Use,
    id: ProjectPath,
    page: FirstZero = 0,
    size: Size = 10,
) -> PaginatedData[LogResponse]:
    """Export a project's logs, newest first."""
    found = await services.logs.page(caller, id, from_zero(page, size))
    tools = services.tools.box(caller)
    records = [log_response(each, tools) for each in found.items]
    return PaginatedData[LogResponse](records=records, page=page, size=size, total=found.total)


def _target(request: UpdateProjectRequest) -> Target | None:
    if request.positive_labels:
        raise InvalidFields.one(
            ("body", "positive_labels"),
            "Positive labels belong to an experiment: give them when you make or update it.",
        )
    if request.active_config_id and request.active_experiment_id:
        message = "One thing can be live: give either `active_config_id` or `active_experiment_id`."
        raise InvalidFields.one(("body", "active_experiment_id"), message)
    if request.active_experiment_id:
        return ExperimentTarget(ExperimentId(request.active_experiment_id))
    return ConfigTarget(ConfigId(request.active_config_id)) if request.active_config_id else None
