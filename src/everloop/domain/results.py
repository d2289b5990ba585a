"""Results: what is known of the arms of an experiment in one environment, all of it from sums."""

import math
from collections.abc import Mapping
from dataclasses import field

from everloop.domain.evidence import Summary
from everloop.domain.ids import ConfigId, EnvironmentId
from everloop.domain.latency import quantile
from everloop.domain.value import value


@value
class ArmUsage:
    """What the calls of one arm took. Failed logs count, also those that cost nothing; the caller's going away is none.

    `cost` is in US dollars, over the `priced` logs whose price is known. `latencies` counts the durations of the logs
    that succeeded, by `domain.latency` bucket.
    """

    trials: int = 0
    logs: int = 0
    errors: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    priced: int = 0
    latencies: Mapping[int, int] = field(default_factory=dict)

    @property
    def error_rate(self) -> float | None:
        """The share of logs that failed; None without logs."""
        return self.errors / self.logs if self.logs else None

    def latency(self, share: float) -> float | None:
        """A quantile of the durations, in seconds; None without any."""
        return quantile(self.latencies, share)


@value
class ArmResults:
    """One arm: what its calls took, and what was said of them."""

    usage: ArmUsage = field(default_factory=ArmUsage)
    outcomes: Summary = field(default_factory=Summary)


# By environment, then by arm; an arm that nobody met there yet may be absent.
Results = Mapping[EnvironmentId, Mapping[ConfigId, ArmResults]]


def busiest(results: Results) -> EnvironmentId | None:
    """The environment with the most trials; None before the first one."""
    trials = {place: sum(arm.usage.trials for arm in arms.values()) for place, arms in results.items()}
    return max(trials, key=lambda place: trials[place], default=None)


@value
class Moment:
    """What was known of an arm's outcomes at a time, in Unix milliseconds."""

    at: int
    config_id: ConfigId
    outcomes: Summary


def bucket_of(age: int) -> int:
    """The place of an age, in milliseconds, among the moments that are kept: each lasts a hundredth of the age.

    So a chart has as many points after an hour as after a year: about 700 for each factor of a thousand.
    """
    return math.floor(math.log(max(age, 1000) / 1000) * 100)
