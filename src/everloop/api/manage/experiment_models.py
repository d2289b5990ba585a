"""Experiments on the wire of our own API."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from everloop.api.fields import Answer, Items, Name, Number, Request, Text
from everloop.api.v4.experiment_models import PositiveLabel
from everloop.domain.evidence import Verdict
from everloop.domain.experiment import HEAVIEST, LIGHTEST, ExperimentStatus


def _share(weight: float) -> float:
    if weight != 0 and not LIGHTEST <= weight <= HEAVIEST:
        raise ValueError(f"0, or from {LIGHTEST:f} to {HEAVIEST:.0f}")
    return weight


class ArmBody(Request):
    """New values for one arm; a config that is no arm yet becomes one, unless it shall only be paused."""

    config_id: Text
    weight: Annotated[Number, AfterValidator(_share)] | None = Field(
        None, description="Relative to the other active arms: 3 beside 1 gets three quarters. 0 gets nothing."
    )
    active: bool | None = Field(None, description="false: no more traffic; the results stay.")


def _each_once(arms: list[ArmBody]) -> list[ArmBody]:
    seen: set[str] = set()
    for arm in arms:
        if arm.config_id in seen:
            raise ValueError(f"the config {arm.config_id} is there twice")
        seen.add(arm.config_id)
    return arms


class ExperimentBody(Request):
    """What is absent stays as it is."""

    name: Name | None = None
    positive_labels: Items[PositiveLabel] | None = Field(None, description="Judge the whole past anew.")
    control: Text | None = Field(None, description="The arm that the others are compared with.")
    arms: Annotated[Items[ArmBody], AfterValidator(_each_once)] | None = Field(None, description="Each at most once.")


class PlaceBody(Request):
    """An environment, by its id."""

    id: Text


class ConclusionBody(Request):
    """How an experiment ends."""

    winner: Text | None = Field(
        None, description="The arm that goes live. Without one the control takes over where the experiment is live."
    )
    environments: Items[PlaceBody] | None = Field(
        None,
        description="Where the winner goes live besides. When absent: the default environment if the experiment is live"
        " nowhere.",
    )


class PlaceResponse(Answer):
    """An environment; its name is null when it is not known any more."""

    id: str
    name: str | None


class ArmResponse(Answer):
    """A config in an experiment."""

    config_id: str
    config_name: str | None
    model: str
    weight: float = Field(description="Relative to the other active arms.")
    share: float = Field(description="The part of the traffic, from 0 to 1; 0 while paused.")
    active: bool
    added_at: datetime


class ManagedExperimentResponse(Answer):
    """An experiment. `winner` and `concluded_at` are null until it is concluded; `winner` also when it was stopped."""

    id: str
    project_id: str
    name: str
    status: ExperimentStatus
    positive_labels: list[PositiveLabel]
    control: str | None = Field(description="The arm that the others are compared with; null without arms.")
    winner: str | None
    created_at: datetime
    updated_at: datetime
    concluded_at: datetime | None
    live_in: list[PlaceResponse]
    arms: list[ArmResponse]


class EnvironmentTrialsResponse(PlaceResponse):
    """An environment in which the experiment has results."""

    trials: int


class IntervalResponse(Answer):
    """Both ends belong to it.

    It holds the truth with a chance of 95 %, however often you look and whenever you stop. (An ordinary interval holds
    it only at one moment that was fixed before; whoever looks every day and stops at a good one is wrong far more
    often.) It is asymptotic: with few units it is a good approximation, no guarantee.
    """

    low: float
    high: float


class EstimateResponse(Answer):
    """What users said of one arm.

    The unit is the user, else the session, else the call: each counts once, with the share of its rated logs that are
    positive, so that a busy user weighs no more than a quiet one.
    """

    config_id: str
    mean: float | None = Field(description="From 0 to 1, over the rated units; null before the first.")
    interval: IntervalResponse


class ArmResultsResponse(EstimateResponse):
    """One arm: what users said of it, and what its calls took."""

    active: bool
    trials: int = Field(description="Units that met this arm, rated or not.")
    rated_units: int = Field(description="Units with a rating that speaks of the positive labels' types.")
    logs: int
    errors: int = Field(description="Logs that failed. A caller who went away is no failure.")
    error_rate: float | None = Field(description="`errors` over `logs`; null without logs.")
    prompt_tokens: int
    output_tokens: int
    cost: float = Field(description="US dollars, of the logs whose price is known.")
    priced_logs: int = Field(description="Logs whose price is known.")
    mean_cost: float | None = Field(description="`cost` over `priced_logs`; null without any.")
    latency_p50: float | None = Field(description="Seconds that half of the calls that succeeded took at most (±1 %).")
    latency_p95: float | None = Field(description="Seconds that 95 % of them took at most (±1 %).")


class ComparisonResponse(Answer):
    """One arm against the control.

    `better` and `worse` are said once the interval of the difference leaves 0 out: it holds the truth of all
    comparisons together with a chance of 95 %, however often you look. Until then there is `no telling yet`. A verdict
    is the present state of the evidence and may be taken back when ratings change.
    """

    config_id: str
    difference: float | None = Field(description="The arm's mean less the control's; null while either has none.")
    interval: IntervalResponse
    verdict: Verdict


class ResultsResponse(Answer):
    """What is known of an experiment in one environment; results of several environments are never mixed."""

    environment: PlaceResponse | None = Field(description="Whose results these are; null while there are none at all.")
    environments: list[EnvironmentTrialsResponse] = Field(description="Every environment that has results.")
    control: str | None
    correction: str | None = Field(description="How several comparisons share the chance of error; null without arms.")
    arms: list[ArmResultsResponse]
    comparisons: list[ComparisonResponse] = Field(description="Every arm but the control.")


class PointEstimateResponse(EstimateResponse):
    """One arm at a time."""

    units: int = Field(description="Rated units by then.")


class PointResponse(Answer):
    """What could be said at a time, with the control and the arms of now."""

    at: datetime
    arms: list[PointEstimateResponse]
    comparisons: list[ComparisonResponse]


class TimelineResponse(Answer):
    """How the results came to be, oldest point first."""

    environment: PlaceResponse | None
    control: str | None
    points: list[PointResponse]
