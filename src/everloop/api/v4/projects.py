"""`/v4/projects`: the places that applications call by name."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.fields import Text
from everloop.api.paging import FirstZero, PaginatedData, Size, from_zero
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.config_models import GetModelConfigResponse, ProjectConfigResponse
from everloop.api.v4.config_view import active_config, project_config
from everloop.api.v4.filters import refuse
from everloop.api.v4.log_models import LogResponse
from everloop.api.v4.log_view import log_response
from everloop.api.v4.project_models import CreateProjectRequest, ProjectResponse, UpdateProjectRequest
from everloop.api.v4.project_view import project
from everloop.domain.deployment import ConfigTarget
from everloop.domain.ids import ConfigId
from everloop.domain.project import ProjectSort
from everloop.errors import InvalidFields, NotFound

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
    return project(caller, details)


@router.get("/v4/projects", operation_id="Projects_list")
async def page(
    caller: Caller,
    services: Use,
    raw: Request,
    page: FirstZero = 0,
    size: Size = 10,
    filter: Annotated[Text | None, Query(description="Part of the name, in any case.")] = None,
    sort_by: Annotated[ProjectSort, Query(description="What decides the order.")] = ProjectSort.CREATED_AT,
    order: Annotated[Literal["asc", "desc"], Query(description="Upwards or downwards.")] = "desc",
) -> PaginatedData[ProjectResponse]:
    """List projects."""
    refuse(raw, {"user_filter"})
    found = await services.projects.page(
        caller, name_part=filter or None, sort=sort_by, descending=order == "desc", request=from_zero(page, size)
    )
    records = [project(caller, each) for each in found.items]
    return PaginatedData[ProjectResponse](records=records, page=page, size=size, total=found.total)


@router.get("/v4/projects/{id}", operation_id="Projects_get")
async def get(caller: Caller, services: Use, id: ProjectPath) -> ProjectResponse:
    """Get a project."""
    return project(caller, await services.projects.get(caller, id))


@router.patch("/v4/projects/{id}", operation_id="Projects_update")
async def update(
    caller: Caller,
    services: Use,
    id: ProjectPath,
    request: Annotated[UpdateProjectRequest, body({"name": "support-bot-2"})],
) -> ProjectResponse:
    """Rename or move a project, or put a config live in the default environment."""
    _refuse_unsupported(request)
    view = await services.projects.view(caller, id)
    if request.active_config_id:
        # Looked for first, so that a call that names none changes nothing.
        await services.configs.within(caller, view.project, request.active_config_id)
    if request.name or request.directory_id:
        await services.projects.update(caller, id, name=request.name, directory_id=request.directory_id)
    if request.active_config_id:
        await services.deployments.deploy(caller, id, ConfigTarget(ConfigId(request.active_config_id)), None)
    return project(caller, await services.projects.get(caller, id))


@router.get("/v4/projects/{id}/configs", operation_id="Projects_listConfigs")
async def configs(caller: Caller, services: Use, id: ProjectPath) -> list[ProjectConfigResponse]:
    """List a project's configs, newest first."""
    return [project_config(each.project, each.use) for each in await services.configs.of_project(caller, id)]


@router.get("/v4/projects/{id}/active-config", operation_id="Projects_getActiveConfig")
async def active(
    caller: Caller,
    services: Use,
    id: ProjectPath,
    environment: EnvironmentName = None,
) -> GetModelConfigResponse:
    """Get the config that is live in an environment."""
    return active_config(await services.sampling.active(caller, id, environment))


@router.delete("/v4/projects/{id}/active-config", operation_id="Projects_deactivateConfig")
async def deactivate(
    caller: Caller,
    services: Use,
    id: ProjectPath,
    environment: EnvironmentName = None,
) -> ProjectResponse:
    """Leave nothing live in an environment."""
    await services.deployments.clear_named(caller, id, environment)
    return project(caller, await services.projects.get(caller, id))


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
    records = [log_response(each) for each in found.items]
    return PaginatedData[LogResponse](records=records, page=page, size=size, total=found.total)


def _refuse_unsupported(request: UpdateProjectRequest) -> None:
    if request.active_experiment_id:
        raise NotFound(f"There is no experiment with the id {request.active_experiment_id!r}.")
    if request.positive_labels:
        raise InvalidFields.one(("body", "positive_labels"), "Positive labels are not supported yet.")
