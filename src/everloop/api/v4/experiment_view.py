"""Experiments as v4 shows them."""

import math
from typing import Final

from everloop.api.fields import moment
from everloop.api.v4.config_view import model_config
from everloop.api.v4.experiment_models import (
    BaseMetricResponse,
    ExperimentConfigResponse,
    ExperimentResponse,
    PositiveLabel,
)
from everloop.domain.evidence import Summary
from everloop.domain.experiment import Experiment, ExperimentStatus
from everloop.domain.toolbox import Toolbox
from everloop.services.experiment_details import ArmDetails, ExperimentDetails

_METRIC: Final = (
    "The mean, over the rated users (or sessions, or calls) of a config, of the share of their rated logs that have"
    " one of the experiment's positive labels."
)


def experiment(details: ExperimentDetails, tools: Toolbox) -> ExperimentResponse:
    """An experiment with its configs."""
    kept = details.experiment
    initialized = kept.status is ExperimentStatus.INITIALIZED
    return ExperimentResponse(
        id=kept.id,
        project_id=kept.project_id,
        name=kept.name,
        status="Initialized" if initialized else "In progress",
        configs=[_config(kept, each, tools) for each in details.arms],
        metric=_metric(kept),
        positive_labels=[PositiveLabel(type=each.type, value=each.value) for each in kept.positive_labels],
        created_at=moment(kept.created_at),
        updated_at=moment(kept.updated_at),
    )


def _config(kept: Experiment, details: ArmDetails, tools: Toolbox) -> ExperimentConfigResponse:
    version, outcomes = details.version, details.results.outcomes
    return ExperimentConfigResponse(
        mean=outcomes.mean,
        spread=_standard_error(outcomes),
        trials_count=details.results.usage.trials,
        active=details.arm.active,
        id=version.id,
        display_name=version.name or version.config.model,
        config=model_config(version, tools),
        created_at=moment(details.arm.added_at),
        updated_at=moment(kept.updated_at),
    )


def _standard_error(outcomes: Summary) -> float | None:
    return math.sqrt(outcomes.variance / outcomes.units) if outcomes.units else None


def _metric(kept: Experiment) -> BaseMetricResponse:
    """v4 wants a metric with an id; ours is not a thing of its own, so it shares the experiment's characters."""
    return BaseMetricResponse(
        id=f"metric_{kept.id.rpartition('_')[2]}",
        name="Positive feedback",
        description=_METRIC,
        code="",
        default=True,
        active=True,
        created_at=moment(kept.created_at),
        updated_at=moment(kept.updated_at),
    )
