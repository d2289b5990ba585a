"""Evidence: what the outcomes of units say of the arms, true at every moment and however often one looks.

A unit is the sample: it counts once in an arm, with the mean outcome of its rated logs, in [0, 1] (`outcome.Tally`).

The intervals are asymptotic confidence sequences: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform
central limit theory and asymptotic confidence sequences", Annals of Statistics 52(6), 2024, Theorem 2.2 (a normal
mixture boundary, Robbins 1970, around the mean, scaled by the estimated standard deviation). After t units

    mean  ±  s * sqrt( (t*rho**2 + 1) / (t**2 * rho**2) * log( (t*rho**2 + 1) / error**2 ) )

holds the truth at all t at once with a chance that tends to 1 - error, where an ordinary interval holds it only at
one t fixed before. The intervals are asymptotic by choice. Those with guarantees at every size (by betting, empirical
Bernstein) bet on one unit after the other in a fixed order; here a unit's mean goes on changing long after it came,
with each late, changed and unset rating, and nothing but sums is kept. What holds in return at real sizes, with such
outcomes and a look after every event, is measured by the simulation in `bench/experiments`, which drives `compare`.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from everloop.domain.ids import ConfigId
from everloop.domain.value import value

ERROR: Final = 0.05
# The t at which the intervals are as narrow as they can be: two arms of 1,000 units each, or one of 500. At a tenth of
# it they are 27 % wider than if they were made for that t, at ten times of it 7 %.
NARROWEST_AT: Final = 500.0
# Units of outcome 0, and as many of outcome 1, that are added to an arm to estimate its variance.
PADDING: Final = 4


@value
class Interval:
    """Both ends belong to it."""

    low: float
    high: float


class Verdict(StrEnum):
    """How an arm stands against the control."""

    BETTER = "better"
    WORSE = "worse"
    OPEN = "no telling yet"


@value
class Summary:
    """All that is kept of an arm's outcomes: its rated units, the sum of their means, and of the squares of those."""

    units: int = 0
    total: float = 0.0
    squares: float = 0.0

    def moved(self, before: float | None, after: float | None) -> "Summary":
        """The summary once one unit's mean went from one value to another; None is a unit without rated logs."""
        units = self.units + (after is not None) - (before is not None)
        if not units:
            return Summary()  # what rounding left of the sums goes with the last unit
        gone, come = before or 0.0, after or 0.0
        return Summary(units, self.total + come - gone, self.squares + come * come - gone * gone)

    @property
    def mean(self) -> float | None:
        """The mean over units; None without any."""
        return min(max(self.total / self.units, 0.0), 1.0) if self.units else None

    @property
    def variance(self) -> float:
        """The variance of one unit, estimated with a few units more: `PADDING` of outcome 0 and as many of outcome 1.

        So it is above 0 even when all units agree, and the units added are soon outnumbered. Agresti and Coull (The
        American Statistician 52(2), 1998) repair intervals for proportions by adding z**2/2 successes and as many
        failures; z is about 3 here. They move the middle as well, which is left where the data has it here. Without,
        the sequence of a rate near 0 or 1 would lose it much too often; the figures are in `bench/experiments`.
        """
        count, total = self.units + 2 * PADDING, self.total + PADDING
        return (self.squares + PADDING - total * total / count) / (count - 1)


@value
class Estimate:
    """One arm: `mean` is None before the first outcome. The interval has an error of `ERROR` for this arm alone."""

    units: int
    mean: float | None
    interval: Interval


@value
class Comparison:
    """One arm against the control: `difference` is the arm's mean less the control's, None while either has none."""

    difference: float | None
    interval: Interval
    verdict: Verdict


@value
class Evidence:
    """Every arm, and every arm but the control compared with it; by configuration."""

    control: ConfigId
    arms: Mapping[ConfigId, Estimate]
    comparisons: Mapping[ConfigId, Comparison]

    @property
    def correction(self) -> str:
        """How several comparisons share the error, in words for the reader of the results."""
        count = len(self.comparisons)
        if not count:
            return "No comparison: the control is the only arm."
        if count < 2:
            return f"One comparison with the control, at an error of {ERROR:.0%} however often it is looked at."
        return (
            f"Bonferroni: {count} comparisons with the control, each at an error of {ERROR / count:.2%}, so that the"
            f" chance of any false verdict is at most {ERROR:.0%} however often they are looked at."
        )


def weigh(summaries: Mapping[ConfigId, Summary], control: ConfigId) -> Evidence:
    """All that can be said of an experiment now. `summaries` has every arm, paused ones too, and the control."""
    others = [arm for arm in summaries if arm != control]
    return Evidence(
        control,
        {arm: estimate(summary) for arm, summary in summaries.items()},
        {arm: compare(summaries[arm], summaries[control], len(others)) for arm in others},
    )


def estimate(arm: Summary) -> Estimate:
    """The mean of one arm."""
    mean = arm.mean
    if mean is None:
        return Estimate(0, None, Interval(0.0, 1.0))
    margin = _margin(arm.variance / arm.units, arm.units, ERROR)
    return Estimate(arm.units, mean, Interval(max(mean - margin, 0.0), min(mean + margin, 1.0)))


def compare(arm: Summary, control: Summary, comparisons: int = 1) -> Comparison:
    """An arm against the control, one of so many comparisons (Bonferroni: each gets an equal part of the error).

    For two arms of n and m units, t is n*m/(n + m) and s**2/t the variance of the difference. That carries the theorem
    over because differences of means at successive looks have the covariance of a Brownian motion, with the inverse
    of the variance for its time: Jennison and Turnbull, "Distribution theory of group sequential t, chi-squared and F
    tests for general linear models", Sequential Analysis 10(4), 1991.

    Bonferroni counts the arms that are there now: one added later widens all intervals from then on, and verdicts of
    before were held to the error of their time. A verdict is the present state of the evidence and may be taken back.
    It stays open while a side has few outcomes, however much they agree: below 10 in the smaller arm, below 16 in
    each of two equal ones.
    """
    ours, theirs = arm.mean, control.mean
    if ours is None or theirs is None:
        return Comparison(None, Interval(-1.0, 1.0), Verdict.OPEN)
    difference = ours - theirs
    time = arm.units * control.units / (arm.units + control.units)
    margin = _margin(arm.variance / arm.units + control.variance / control.units, time, ERROR / comparisons)
    low, high = max(difference - margin, -1.0), min(difference + margin, 1.0)
    verdict = Verdict.BETTER if low > 0 else Verdict.WORSE if high < 0 else Verdict.OPEN
    return Comparison(difference, Interval(low, high), verdict)


def _margin(variance: float, time: float, error: float) -> float:
    """The half width of Theorem 2.2, for an estimate of that variance (s**2/t) after that time (t).

    `narrow` is t*rho**2 at the t where the interval is narrowest: the root of x = log(1 + x) - 2*log(error), from one
    step of the iteration, as in the paper's closed form for rho.
    """
    surprise = -2 * math.log(error)
    narrow = surprise + math.log1p(surprise)
    spread = narrow * time / NARROWEST_AT
    return math.sqrt(variance * (1 + 1 / spread) * (math.log1p(spread) + surprise))
