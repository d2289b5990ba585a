"""Experiments and their results as our own API shows them."""

from collections.abc import Mapping

from everloop.api.fields import moment
from everloop.api.manage.experiment_models import (
    ArmResponse,
    ArmResultsResponse,
    ComparisonResponse,
    EnvironmentTrialsResponse,
    IntervalResponse,
    ManagedExperimentResponse,
    PlaceResponse,
    PointEstimateResponse,
    PointResponse,
    ResultsResponse,
    TimelineResponse,
)
from everloop.api.v4.experiment_models import PositiveLabel
from everloop.domain.evidence import Estimate, Evidence, Interval
from everloop.domain.experiment import Arm
from everloop.domain.ids import ConfigId, EnvironmentId
from everloop.services.experiment_details import ArmDetails, ExperimentDetails
from everloop.services.experiment_results import ExperimentResults, Timeline

Names = Mapping[EnvironmentId, str]


def experiment(details: ExperimentDetails) -> ManagedExperimentResponse:
    """An experiment with its arms."""
    kept = details.experiment
    total = sum(kept.weights.values())
    return ManagedExperimentResponse(
        id=kept.id,
        project_id=kept.project_id,
        name=kept.name,
        status=kept.status,
        positive_labels=[PositiveLabel(type=each.type, value=each.value) for each in kept.positive_labels],
        control=kept.control,
        winner=kept.winner,
        created_at=moment(kept.created_at),
        updated_at=moment(kept.updated_at),
        concluded_at=None if kept.concluded_at is None else moment(kept.concluded_at),
        live_in=[PlaceResponse(id=each.id, name=each.name) for each in details.live_in],
        arms=[_arm(each, total) for each in details.arms],
    )


def results_view(found: ExperimentResults, names: Names) -> ResultsResponse:
    """What is known of an experiment in one environment."""
    evidence = found.evidence
    return ResultsResponse(
        environment=_place(found.environment_id, names),
        environments=[
            EnvironmentTrialsResponse(id=each.environment_id, name=each.name, trials=each.trials)
            for each in found.environments
        ],
        control=found.experiment.control,
        correction=None if evidence is None else evidence.correction,
        arms=[] if evidence is None else [_arm_results(each, found, evidence) for each in found.experiment.arms],
        comparisons=[] if evidence is None else _comparisons(evidence),
    )


def timeline_view(found: Timeline, names: Names) -> TimelineResponse:
    """How the results came to be."""
    return TimelineResponse(
        environment=_place(found.environment_id, names),
        control=found.experiment.control,
        points=[
            PointResponse(
                at=moment(each.at),
                arms=[_point(config_id, estimate) for config_id, estimate in each.evidence.arms.items()],
                comparisons=_comparisons(each.evidence),
            )
            for each in found.points
        ],
    )


def _arm(details: ArmDetails, total: float) -> ArmResponse:
    arm, version = details.arm, details.version
    return ArmResponse(
        config_id=arm.config_id,
        config_name=version.name,
        model=version.config.model,
        weight=arm.weight,
        share=arm.weight / total if arm.active and total else 0.0,
        active=arm.active,
        added_at=moment(arm.added_at),
    )


def _arm_results(arm: Arm, found: ExperimentResults, evidence: Evidence) -> ArmResultsResponse:
    usage, estimate = found.arms[arm.config_id].usage, evidence.arms[arm.config_id]
    return ArmResultsResponse(
        config_id=arm.config_id,
        active=arm.active,
        trials=usage.trials,
        rated_units=estimate.units,
        mean=estimate.mean,
        interval=_interval(estimate.interval),
        logs=usage.logs,
        errors=usage.errors,
        error_rate=usage.error_rate,
        prompt_tokens=usage.prompt_tokens,
        output_tokens=usage.output_tokens,
        cost=usage.cost,
        priced_logs=usage.priced,
        mean_cost=usage.cost / usage.priced if usage.priced else None,
        latency_p50=usage.latency(0.5),
        latency_p95=usage.latency(0.95),
    )


def _point(config_id: ConfigId, estimate: Estimate) -> PointEstimateResponse:
    return PointEstimateResponse(
        config_id=config_id, units=estimate.units, mean=estimate.mean, interval=_interval(estimate.interval)
    )


def _comparisons(evidence: Evidence) -> list[ComparisonResponse]:
    return [
        ComparisonResponse(
            config_id=config_id,
            difference=each.difference,
            interval=_interval(each.interval),
            verdict=each.verdict,
        )
        for config_id, each in evidence.comparisons.items()
    ]


def _interval(interval: Interval) -> IntervalResponse:
    return IntervalResponse(low=interval.low, high=interval.high)


def _place(environment_id: EnvironmentId | None, names: Names) -> PlaceResponse | None:
    return None if environment_id is None else PlaceResponse(id=environment_id, name=names.get(environment_id))
