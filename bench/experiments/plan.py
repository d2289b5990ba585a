"""What is simulated: worlds without a difference, where every verdict is false, and worlds with one."""

from dataclasses import dataclass, replace
from random import Random
from statistics import NormalDist

from bench.experiments.world import World, ratings
from everloop.domain.evidence import ERROR
from everloop.domain.outcome import Outcome, Tally

POWER = 0.8

# Judged by the wrong ways too: their false verdicts show that this simulation can fail.
CONTRAST = World("two arms", rates=(0.6, 0.6), weights=(1, 1), units=600)
EQUAL = (
    CONTRAST,
    World("four arms", rates=(0.6,) * 4, weights=(1,) * 4, units=600),
    World("90 % to the control, most succeed", rates=(0.9, 0.9), weights=(9, 1), units=600),
    World("success is rare", rates=(0.05, 0.05), weights=(1, 1), units=600),
    World("one call a unit", rates=(0.5, 0.5), weights=(1, 1), units=1_500, most_calls=1, rated=1.0),
)
# Ten times the units of the others, hence fewer of it.
LONG = World("two arms, for long", rates=(0.6, 0.6), weights=(1, 1), units=5_000)
LONG_PART = 5
LIFTS = (
    World("+5 points", rates=(0.6, 0.65), weights=(1, 1), units=6_000),
    World("+10 points", rates=(0.6, 0.7), weights=(1, 1), units=2_500),
)
LIFT_PART = 5


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`, with its 95 % Wilson interval (Wilson, JASA 22, 1927)."""

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself."""
        return self.count / self.of


def share(count: int, of: int) -> Share:
    """Count the share and its interval."""
    z = NormalDist().inv_cdf(0.975)
    middle = (count + z * z / 2) / (of + z * z)
    margin = z / (of + z * z) * (count * (of - count) / of + z * z / 4) ** 0.5
    return Share(count, of, max(middle - margin, 0.0), min(middle + margin, 1.0))


def fixed_horizon(world: World) -> float:
    """Return the rated units, both arms together, of a test that looks once, at the end, with a power of `POWER`.

    For each arm (z(1 - error/2) + z(power))**2 * (s1**2 + s2**2) / difference**2: the usual formula for two means,
    which for equal variances is Lehr's 16 s**2/d**2 (Statistics in Medicine 11, 1992; van Belle, Statistical Rules of
    Thumb, chapter 2). The variances are those of units whose ratings are all in.
    """
    normal = NormalDist()
    z = normal.inv_cdf(1 - ERROR / 2) + normal.inv_cdf(POWER)
    control, arm = world.rates
    variances = sum(variance_of_a_unit(world, rate) for rate in world.rates)
    return 2 * z * z * variances / (arm - control) ** 2


def variance_of_a_unit(world: World, rate: float, units: int = 20_000) -> float:
    """Return the variance of the means of units in the end, from a sample of that many."""
    alone = replace(world, rates=(rate,), weights=(1,), units=units)
    tallies, outcomes = [Tally()] * units, dict[int, Outcome]()
    random = Random(f"variance of {world.name} at {rate}")  # noqa: S311 - a simulation is to be repeatable
    for _, unit, call, outcome in ratings(alone, [0] * units, random):
        tallies[unit] = tallies[unit].changed(outcomes.get(call, Outcome.UNRATED), outcome)
        outcomes[call] = outcome
    means = [tally.mean for tally in tallies if tally.mean is not None]
    middle = sum(means) / len(means)
    return sum((mean - middle) ** 2 for mean in means) / (len(means) - 1)
