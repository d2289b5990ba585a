"""`/v4/experiments`: configs of a project that share its traffic, compared by what their users say."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter

from everloop.api.documentation import ERRORS, KEY, body, path
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.experiment_models import (
    CreateExperimentRequest,
    ExperimentResponse,
    PositiveLabel,
    UpdateExperimentRequest,
)
from everloop.api.v4.experiment_view import experiment
from everloop.api.v4.project_config_models import GetModelConfigResponse
from everloop.api.v4.project_config_view import active_config
from everloop.api.v4.projects import ProjectPath
from everloop.domain import outcome
from everloop.errors import InvalidFields
from everloop.services.experiment_changes import ArmChange, ExperimentChange
from everloop.services.experiments import NewExperiment

router = APIRouter(route_class=StrictRoute, tags=["Experiments"], dependencies=[KEY], responses=ERRORS)

ExperimentPath = Annotated[str, path("exp_4Tz8Wq1NvB6yKs3LpXc0d", "The experiment's id.")]

_EXAMPLE: Final = {
    "name": "kind or brief",
    "config_ids": ["config_7Hq2mXc5TzJ8wK1sRdV0b", "config_3Vb9kLs0QyN4tR7eWzX2c"],
    "positive_labels": [{"type": "rating", "value": "good"}],
    "set_active": True,
}
_CHANGE: Final = {"config_ids_to_deregister": ["config_3Vb9kLs0QyN4tR7eWzX2c"]}


@router.post("/v4/projects/{project_id}/experiments", operation_id="Experiments_create")
async def create(
    caller: Caller,
    services: Use,
    project_id: ProjectPath,
    request: Annotated[CreateExperimentRequest, body(_EXAMPLE)],
) -> ExperimentResponse:
    """Make an experiment; with `set_active`, which takes two configs at least, it is live at once."""
    new = NewExperiment(
        request.name,
        positive_labels(request.positive_labels),
        tuple(request.config_ids or ()),
        live=bool(request.set_active),
    )
    return experiment(await services.experiments.create(caller, project_id, new), services.tools.box(caller))


@router.get("/v4/projects/{project_id}/experiments", operation_id="Experiments_list")
async def listing(caller: Caller, services: Use, project_id: ProjectPath) -> list[ExperimentResponse]:
    """List a project's experiments, newest first."""
    found = await services.experiments.of_project(caller, project_id)
    return [experiment(each, services.tools.box(caller)) for each in found]


@router.patch("/v4/experiments/{experiment_id}", operation_id="Experiments_update")
async def update(
    caller: Caller,
    services: Use,
    experiment_id: ExperimentPath,
    request: Annotated[UpdateExperimentRequest, body(_CHANGE)],
) -> ExperimentResponse:
    """Change an experiment, live or not: its name, its labels, which configs get traffic."""
    change = ExperimentChange(
        name=request.name,
        positive_labels=None if request.positive_labels is None else positive_labels(request.positive_labels),
        arms=_arms(request),
    )
    return experiment(await services.experiments.update(caller, experiment_id, change), services.tools.box(caller))


@router.delete("/v4/experiments/{experiment_id}", status_code=204, operation_id="Experiments_delete")
async def delete(caller: Caller, services: Use, experiment_id: ExperimentPath) -> None:
    """Delete an experiment and its results; one that is live cannot be deleted. Its logs stay."""
    await services.experiments.delete(caller, experiment_id)


@router.get("/v4/experiments/{experiment_id}/model-config", operation_id="Experiments_sample")
async def sample(caller: Caller, services: Use, experiment_id: ExperimentPath) -> GetModelConfigResponse:
    """Get one of the experiment's configs by chance, with a `trial_id` to give with the log of what you make of it."""
    return active_config(await services.sampling.of_experiment(caller, experiment_id), services.tools.box(caller))


def positive_labels(labels: Sequence[PositiveLabel]) -> tuple[outcome.PositiveLabel, ...]:
    """The labels themselves."""
    return tuple(outcome.PositiveLabel(each.type, each.value) for each in labels)


def _arms(request: UpdateExperimentRequest) -> dict[str, ArmChange]:
    come, gone = request.config_ids_to_register or (), request.config_ids_to_deregister or ()
    both = next((each for each in gone if each in come), None)
    if both is not None:
        message = f"Config {both} cannot be registered and deregistered at once."
        raise InvalidFields.one(("body", "config_ids_to_deregister"), message)
    return {each: ArmChange(active=True) for each in come} | {each: ArmChange(active=False) for each in gone}
