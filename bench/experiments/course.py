"""The course of one experiment: a look after every rating, by the product's verdict and by two that are wrong."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bench.experiments.world import World, arms_of_units, ratings
from everloop.domain.evidence import Summary, Verdict, compare, estimate
from everloop.domain.outcome import Outcome, Tally

# An arm, the control, and the number of comparisons: what a way of judging is given.
Judge = Callable[[Summary, Summary, int], Verdict]


@dataclass(frozen=True, slots=True)
class Found:
    """The first verdict of one way of judging: in which arm (counted from 1), and after how many rated units in all."""

    arm: int
    verdict: Verdict
    units: int


@dataclass(slots=True)
class Course:
    """What came of one experiment; `missed` says whether the control's interval ever lost the control's true rate."""

    looks: int = 0
    units: int = 0
    by_unit: Found | None = None
    by_call: Found | None = None
    naive: Found | None = None
    missed: bool = False


@dataclass(slots=True)
class _Sample:
    """The summaries of all arms, the control's first, and one way of judging them."""

    judge: Judge
    arms: list[Summary]
    found: Found | None = None

    def move(self, arm: int, before: float | None, after: float | None) -> None:
        self.arms[arm] = self.arms[arm].moved(before, after)

    def look(self, changed: int, rated: list[Summary]) -> None:
        """Judge what the change of one arm may have changed: its own comparison, or all when it is the control.

        `rated` are the summaries by unit, of which a verdict says how many there were.
        """
        if self.found is not None:
            return
        others = range(1, len(self.arms))
        for arm in [changed] if changed else others:
            verdict = self.judge(self.arms[arm], self.arms[0], len(others))
            if verdict is not Verdict.OPEN:
                self.found = Found(arm, verdict, _units(rated))
                return


def follow(world: World, seed: str, *, contrast: bool, until_verdict: bool = False) -> Course:
    """Run one experiment. With `contrast` the wrong ways judge too; `until_verdict` ends it at the first verdict."""
    arms = arms_of_units(world, seed)
    by_unit, by_call, naive = (_Sample(judge, [Summary()] * len(world.rates)) for judge in (shipped, shipped, repeated))
    tallies = [Tally()] * world.units
    outcomes: dict[int, Outcome] = {}
    course = Course()
    for _, unit, call, outcome in ratings(world, arms, Random(seed)):  # noqa: S311 - a simulation is to be repeatable
        arm, tally, before = arms[unit], tallies[unit], outcomes.get(call, Outcome.UNRATED)
        tallies[unit], outcomes[call] = tally.changed(before, outcome), outcome
        course.looks += 1
        by_unit.move(arm, tally.mean, tallies[unit].mean)
        by_unit.look(arm, by_unit.arms)
        if contrast:
            by_call.move(arm, VALUE[before], VALUE[outcome])
            by_call.look(arm, by_unit.arms)
            naive.arms = by_unit.arms
            naive.look(arm, by_unit.arms)
        if until_verdict and by_unit.found:
            break
        course.missed = course.missed or (arm == 0 and _misses(by_unit.arms[0], world.rates[0]))
    course.units = _units(by_unit.arms)
    course.by_unit, course.by_call, course.naive = by_unit.found, by_call.found, naive.found
    return course


def _units(arms: list[Summary]) -> int:
    return sum(arm.units for arm in arms)


# What a call is worth when calls are taken as the sample.
VALUE = {Outcome.POSITIVE: 1.0, Outcome.NEGATIVE: 0.0, Outcome.UNRATED: None}


def shipped(arm: Summary, control: Summary, comparisons: int) -> Verdict:
    """Judge as the product does."""
    return compare(arm, control, comparisons).verdict


def repeated(arm: Summary, control: Summary, comparisons: int) -> Verdict:
    """Judge as who does an ordinary two-sided z test of 5 % at every look, from 30 units an arm; for two arms."""
    assert comparisons == 1
    if min(arm.units, control.units) < 30:
        return Verdict.OPEN
    error = math.sqrt(_ordinary_variance(arm) / arm.units + _ordinary_variance(control) / control.units)
    difference = arm.total / arm.units - control.total / control.units
    if abs(difference) <= 1.959964 * error:
        return Verdict.OPEN
    return Verdict.BETTER if difference > 0 else Verdict.WORSE


def _ordinary_variance(arm: Summary) -> float:
    return (arm.squares - arm.total * arm.total / arm.units) / (arm.units - 1)


def _misses(arm: Summary, rate: float) -> bool:
    interval = estimate(arm).interval
    return not interval.low <= rate <= interval.high
