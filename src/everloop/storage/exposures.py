"""What the logs of experiments bring with them: their trials, and what they add to the usage of their arms.

On PostgreSQL the log writer keeps both in the transaction of the logs themselves, put together over the whole batch
first. On SQLite `folding` makes the same of the logs later.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan
from typing import Final

from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, OrganisationId, TrialId
from everloop.domain.latency import bucket_of
from everloop.domain.log import Log

# A log of an experiment, and whose it is.
Exposure = tuple[OrganisationId, Log]
Arm = tuple[OrganisationId, ExperimentId, EnvironmentId, ConfigId]
Trial = tuple[OrganisationId, TrialId]
SumRow = tuple[str | int | float, ...]

# A caller who went away is no failure of the arm (`services.record.CANCELLED`).
CANCELLED: Final = "cancelled"
# What a caller may report is not always true, and a sum that left the numbers of the database could not come back:
# tokens and dollars of one log beyond these do not count.
MOST_TOKENS: Final = 10**9
MOST_DOLLARS: Final = 1e6


class _Taken:
    """What the logs of one arm in one batch took: `domain.results.ArmUsage`, on its way there."""

    __slots__ = ("cost", "errors", "latencies", "logs", "output_tokens", "priced", "prompt_tokens", "trials")

    def __init__(self) -> None:
        self.trials = self.logs = self.errors = self.prompt_tokens = self.output_tokens = self.priced = 0
        self.cost = 0.0
        self.latencies: dict[int, int] = {}

    def add(self, each: Log) -> None:
        self.logs += 1
        if each.error_kind is not None:
            self.errors += each.error_kind != CANCELLED
        elif each.duration is not None and not isnan(each.duration):
            bucket = bucket_of(each.duration)
            self.latencies[bucket] = self.latencies.get(bucket, 0) + 1
        usage = each.usage
        if usage is not None:
            self.prompt_tokens += _credible(usage.prompt_tokens)
            self.output_tokens += _credible(usage.output_tokens)
        if each.prompt_cost is not None or each.output_cost is not None:
            cost = (each.prompt_cost or 0.0) + (each.output_cost or 0.0)
            if -MOST_DOLLARS <= cost <= MOST_DOLLARS:
                self.cost += cost
                self.priced += 1


def _credible(tokens: int | None) -> int:
    return tokens if tokens is not None and 0 <= tokens <= MOST_TOKENS else 0


@dataclass(frozen=True, slots=True)
class Gathered:
    """The exposures of one batch: a row for each trial, and what each arm took."""

    trials: dict[Trial, SumRow]
    arms: dict[Arm, _Taken]

    def count(self, new: Iterable[Arm]) -> None:
        """Adds the trials that were not known before to their arms."""
        for arm in new:
            self.arms[arm].trials += 1

    def usage(self) -> list[SumRow]:
        """The rows to add to `arm_usage`."""
        return [(*arm, *_sums(taken)) for arm, taken in self.arms.items()]

    def latencies(self) -> list[SumRow]:
        """The rows to add to `arm_latency`."""
        return [(*arm, bucket, logs) for arm, taken in self.arms.items() for bucket, logs in taken.latencies.items()]


def gathered(exposures: Iterable[Exposure]) -> Gathered:
    """Puts the exposures of a batch together."""
    arms: dict[Arm, _Taken] = {}
    trials: dict[Trial, SumRow] = {}
    for organisation_id, each in exposures:
        experiment_id, environment_id, arm_id = each.experiment_id, each.environment_id, each.arm_id or each.config_id
        if experiment_id is None or environment_id is None or arm_id is None or each.trial_id is None:
            continue
        arm = (organisation_id, experiment_id, environment_id, arm_id)
        trial = (organisation_id, each.trial_id)
        if trial not in trials:
            trials[trial] = (*trial, experiment_id, environment_id, arm_id, each.created_at)
        taken = arms.get(arm)
        if taken is None:
            taken = arms[arm] = _Taken()
        taken.add(each)
    return Gathered(trials, arms)


def _sums(taken: _Taken) -> SumRow:
    """In the order of the columns of `arm_usage`."""
    return (
        taken.trials,
        taken.logs,
        taken.errors,
        taken.prompt_tokens,
        taken.output_tokens,
        taken.cost,
        taken.priced,
    )
