"""A made-up experiment: units that come, call, rate late, think again; and the ratings in the order they arrive."""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from everloop.domain.assignment import assign
from everloop.domain.ids import ConfigId
from everloop.domain.outcome import Outcome

# Durations, in the time between two units: calls of one unit, and their ratings, mix with those of many others.
BETWEEN_CALLS = 15.0
UNTIL_RATED = 30.0
UNTIL_RECONSIDERED = 60.0


@dataclass(frozen=True, slots=True)
class World:
    """What is true of an experiment.

    `rates` is the chance of a positive rating in each arm, the control's first; `weights` the arms' weights. Units
    differ: each has a rate of its own from the beta distribution of its arm's mean, so that two ratings of one unit
    correlate by `correlation` (0: calls are independent). A unit makes 1 to `most_calls` calls, few of them many.
    Of its calls `rated` get a rating; of the ratings `changed` are given anew later on and `unset` are taken back.
    """

    name: str
    rates: tuple[float, ...]
    weights: tuple[float, ...]
    units: int
    correlation: float = 0.3
    most_calls: int = 20
    rated: float = 0.6
    changed: float = 0.1
    unset: float = 0.05

    @property
    def arms(self) -> tuple[ConfigId, ...]:
        """The arms' names, the control's first."""
        return tuple(ConfigId(f"config_{number}") for number in range(len(self.rates)))


class Rating(NamedTuple):
    """At `time`, the rating of one call of one unit becomes `outcome`; sorts by time."""

    time: float
    unit: int
    call: int
    outcome: Outcome


def arms_of_units(world: World, salt: str) -> list[int]:
    """The arm of each unit, by the product's own assignment."""
    weights = dict(zip(world.arms, world.weights, strict=True))
    numbers = {arm: number for number, arm in enumerate(world.arms)}
    return [numbers[assign(f"user:{unit}", salt, weights)] for unit in range(world.units)]


def ratings(world: World, arms: list[int], random: Random) -> list[Rating]:
    """Every rating that arrives, in order; calls are numbered through the whole experiment."""
    events: list[Rating] = []
    call = 0
    for unit, arm in enumerate(arms):
        rate = _rate_of_unit(world, world.rates[arm], random)
        time = float(unit)
        for _ in range(1 + int(world.most_calls * random.random() ** 2)):
            time += random.expovariate(1 / BETWEEN_CALLS)
            if random.random() < world.rated:
                events += _ratings_of_call(world, Rating(time, unit, call, Outcome.UNRATED), rate, random)
            call += 1
    events.sort()
    return events


def _rate_of_unit(world: World, rate: float, random: Random) -> float:
    if not world.correlation:
        return rate
    strength = 1 / world.correlation - 1
    return random.betavariate(rate * strength, (1 - rate) * strength)


def _ratings_of_call(world: World, made: Rating, rate: float, random: Random) -> list[Rating]:
    """The first rating, and its change or its end when there is one."""
    time = made.time + random.expovariate(1 / UNTIL_RATED)
    found = [made._replace(time=time, outcome=_drawn(rate, random))]
    if (turn := random.random()) < world.changed + world.unset:
        later = time + random.expovariate(1 / UNTIL_RECONSIDERED)
        outcome = _drawn(rate, random) if turn < world.changed else Outcome.UNRATED
        found.append(made._replace(time=later, outcome=outcome))
    return found


def _drawn(rate: float, random: Random) -> Outcome:
    return Outcome.POSITIVE if random.random() < rate else Outcome.NEGATIVE
