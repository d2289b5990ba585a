"""`/api/experiments`: what v4 leaves out of them, which is weights, control, results, and how they end."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from everloop.api.documentation import ERRORS, KEY, body
from everloop.api.fields import Text
from everloop.api.manage.experiment_models import (
    ConclusionBody,
    ExperimentBody,
    ManagedExperimentResponse,
    ResultsResponse,
    TimelineResponse,
)
from everloop.api.manage.experiment_view import experiment, results_view, timeline_view
from everloop.api.services import Caller, Use
from everloop.api.strict_json import StrictRoute
from everloop.api.v4.experiments import ExperimentPath, positive_labels
from everloop.api.v4.projects import ProjectPath
from everloop.services.experiment_changes import ArmChange, ExperimentChange

router = APIRouter(route_class=StrictRoute, tags=["Experiments"], dependencies=[KEY], responses=ERRORS)

ResultsOf = Annotated[
    Text | None, Query(description="The environment's name; when absent the one with the most trials.")
]
Points = Annotated[int, Query(ge=1, le=1000, description="At most so many points, evenly over time.")]

_CHANGE: Final = {
    "arms": [
        {"config_id": "config_7Hq2mXc5TzJ8wK1sRdV0b", "weight": 3},
        {"config_id": "config_3Vb9kLs0QyN4tR7eWzX2c", "weight": 1},
    ],
    "control": "config_7Hq2mXc5TzJ8wK1sRdV0b",
}
_CONCLUSION: Final = {"winner": "config_3Vb9kLs0QyN4tR7eWzX2c"}


@router.get("/api/projects/{project_id}/experiments", operation_id="ManagedExperiments_list")
async def listing(caller: Caller, services: Use, project_id: ProjectPath) -> list[ManagedExperimentResponse]:
    """List a project's experiments, newest first."""
    return [experiment(each) for each in await services.experiments.of_project(caller, project_id)]


@router.get("/api/experiments/{experiment_id}", operation_id="ManagedExperiments_get")
async def get(caller: Caller, services: Use, experiment_id: ExperimentPath) -> ManagedExperimentResponse:
    """Get an experiment."""
    return experiment(await services.experiments.get(caller, experiment_id))


@router.patch("/api/experiments/{experiment_id}", operation_id="ManagedExperiments_update")
async def update(
    caller: Caller,
    services: Use,
    experiment_id: ExperimentPath,
    request: Annotated[ExperimentBody, body(_CHANGE)],
) -> ManagedExperimentResponse:
    """Change an experiment, live or not, all at once or not at all: name, labels, control, arms and their weights.

    Users keep their arm as far as the new weights allow.
    """
    change = ExperimentChange(
        name=request.name,
        positive_labels=None if request.positive_labels is None else positive_labels(request.positive_labels),
        control=request.control or None,
        arms={each.config_id: ArmChange(each.weight, each.active) for each in request.arms or ()},
    )
    return experiment(await services.experiments.update(caller, experiment_id, change))


@router.get("/api/experiments/{experiment_id}/results", operation_id="ManagedExperiments_results")
async def results(
    caller: Caller, services: Use, experiment_id: ExperimentPath, environment: ResultsOf = None
) -> ResultsResponse:
    """Get what is known of an experiment now: what users said of each arm, what it took, and which arm is better."""
    found = await services.experiment_results.results(caller, experiment_id, environment or None)
    return results_view(found, await services.environments.names(caller))


@router.get("/api/experiments/{experiment_id}/timeline", operation_id="ManagedExperiments_timeline")
async def timeline(
    caller: Caller,
    services: Use,
    experiment_id: ExperimentPath,
    environment: ResultsOf = None,
    points: Points = 200,
) -> TimelineResponse:
    """Get how the results of an experiment came to be, for a chart."""
    found = await services.experiment_results.timeline(caller, experiment_id, environment or None, points)
    return timeline_view(found, await services.environments.names(caller))


@router.post("/api/experiments/{experiment_id}/conclude", operation_id="ManagedExperiments_conclude")
async def conclude(
    caller: Caller,
    services: Use,
    experiment_id: ExperimentPath,
    request: Annotated[ConclusionBody, body(_CONCLUSION)],
) -> ManagedExperimentResponse:
    """End an experiment: the winner takes its place wherever it is live, or the control when there is no winner.

    The results stay readable, and nothing can be changed any more but the name.
    """
    places = [each.id for each in request.environments or ()]
    return experiment(
        await services.experiments.conclude(caller, experiment_id, request.winner or None, places or None)
    )
