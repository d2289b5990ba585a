import itertools
import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.evidence import (
    ERROR,
    NARROWEST_AT,
    PADDING,
    Comparison,
    Interval,
    Summary,
    Verdict,
    compare,
    estimate,
    weigh,
)
from everloop.domain.ids import ConfigId

A, B, C, D = (ConfigId(f"config_{letter}") for letter in "abcd")
MEANS = st.floats(0, 1)


def summary(means):
    made = Summary()
    for mean in means:
        made = made.moved(None, mean)
    return made


def split(units, positive):
    """So many units, of which so many say 1 and the others 0."""
    return Summary(units, float(positive), float(positive))


def width(interval):
    return interval.high - interval.low


# ------------------------------------------------------------------------------------------------------------ summary


@given(st.lists(MEANS, min_size=1))
def test_a_summary_knows_mean_and_padded_variance(means):
    made = summary(means)
    assert made.units == len(means)
    assert made.mean == pytest.approx(statistics.fmean(means))
    padded = [*means, *[0.0] * PADDING, *[1.0] * PADDING]
    assert made.variance == pytest.approx(statistics.variance(padded))


@given(st.lists(st.tuples(MEANS, st.none() | MEANS)))
def test_what_units_said_before_leaves_no_trace(changes):
    moved = summary(before for before, _ in changes)
    for before, after in changes:
        moved = moved.moved(before, after)
    now = summary(after for _, after in changes if after is not None)
    assert moved.units == now.units
    assert moved.total == pytest.approx(now.total, abs=1e-9)
    assert moved.squares == pytest.approx(now.squares, abs=1e-9)


def test_rounding_does_not_add_up_over_half_a_million_changes():
    draw = random.Random(1)  # noqa: S311 - a test is to be repeatable
    means: list[float | None] = [None] * 1_000
    moved = Summary()
    for _ in range(500_000):
        unit, rated = draw.randrange(len(means)), draw.randint(0, 9)
        after = draw.randint(0, rated) / rated if rated else None
        moved, means[unit] = moved.moved(means[unit], after), after
    rated_means = [mean for mean in means if mean is not None]
    assert moved.units == len(rated_means)
    assert moved.total == pytest.approx(math.fsum(rated_means), abs=1e-9)
    assert moved.squares == pytest.approx(math.fsum(mean * mean for mean in rated_means), abs=1e-9)


def test_the_last_unit_takes_the_rounding_with_it():
    assert summary([0.1, 0.2, 0.3]).moved(0.1, None).moved(0.2, None).moved(0.3, None) == Summary()


# ---------------------------------------------------------------------------------------------------------- intervals


def test_nothing_is_known_of_an_empty_arm():
    assert estimate(Summary()).mean is None
    assert estimate(Summary()).interval == Interval(0, 1)
    assert compare(Summary(), split(9, 9)) == Comparison(None, Interval(-1, 1), Verdict.OPEN)
    assert compare(split(9, 9), Summary()) == Comparison(None, Interval(-1, 1), Verdict.OPEN)


@pytest.mark.parametrize("mean", [0.0, 0.5, 1.0])
def test_one_unit_says_next_to_nothing(mean):
    assert estimate(summary([mean])).interval == Interval(0, 1)
    assert compare(summary([mean]), summary([1 - mean])).interval == Interval(-1, 1)


def test_the_width_is_that_of_the_theorem():
    arm, control = split(400, 100), split(300, 60)
    time = 400 * 300 / 700
    rho2 = (-math.log(ERROR**2) + math.log(1 - math.log(ERROR**2))) / NARROWEST_AT
    deviation = math.sqrt((arm.variance / 400 + control.variance / 300) * time)
    boundary = math.sqrt(2 * (time * rho2 + 1) / (time**2 * rho2) * math.log(math.sqrt(time * rho2 + 1) / ERROR))
    found = compare(arm, control)
    assert found.difference == pytest.approx(0.05)
    assert found.interval.low == pytest.approx(0.05 - deviation * boundary)
    assert found.interval.high == pytest.approx(0.05 + deviation * boundary)


def test_the_estimate_of_one_arm_is_the_same_theorem():
    rho2 = (-math.log(ERROR**2) + math.log(1 - math.log(ERROR**2))) / NARROWEST_AT
    arm = split(250, 100)
    boundary = math.sqrt(2 * (250 * rho2 + 1) / (250**2 * rho2) * math.log(math.sqrt(250 * rho2 + 1) / ERROR))
    found = estimate(arm)
    assert (found.units, found.mean) == (250, 0.4)
    assert found.interval.low == pytest.approx(0.4 - boundary * math.sqrt(arm.variance))
    assert found.interval.high == pytest.approx(0.4 + boundary * math.sqrt(arm.variance))


def test_the_interval_is_narrowest_for_its_time_where_it_says():
    """The half width in standard errors: a boundary made for one time is lowest there."""

    def standard_errors(units):
        arm = split(units, units // 2)
        return (estimate(arm).interval.high - 0.5) / math.sqrt(arm.variance / units)

    sizes = range(100, 3_000, 10)
    assert min(sizes, key=standard_errors) == pytest.approx(NARROWEST_AT, rel=0.1)
    assert standard_errors(50) / standard_errors(500) == pytest.approx(1.27, abs=0.01)


@pytest.mark.parametrize("positive", [0, 1])
def test_agreement_never_makes_the_interval_a_point(positive):
    widths = [width(estimate(split(units, units * positive)).interval) for units in (2, 10, 100, 10_000, 1_000_000)]
    assert all(wide > narrow > 0 for wide, narrow in itertools.pairwise(widths))
    assert widths[0] == 1
    assert width(compare(split(1_000, 1_000), split(1_000, 1_000)).interval) > 0.005


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.data())
def test_intervals_stay_within_what_is_possible(units, others, data):
    arm = split(units, data.draw(st.integers(0, units)))
    control = split(others, data.draw(st.integers(0, others)))
    one, two = estimate(arm), compare(arm, control)
    assert one.mean is not None
    assert two.difference is not None
    assert 0 <= one.interval.low <= one.mean <= one.interval.high <= 1
    assert -1 <= two.interval.low <= two.difference <= two.interval.high <= 1


@given(st.integers(1, 1_000), st.integers(1, 1_000), st.data())
def test_the_two_sides_mirror_each_other(units, others, data):
    arm = split(units, data.draw(st.integers(0, units)))
    control = split(others, data.draw(st.integers(0, others)))
    there, back = compare(arm, control), compare(control, arm)
    assert there.interval.low == pytest.approx(-back.interval.high)
    mirrored = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER, Verdict.OPEN: Verdict.OPEN}
    assert there.verdict is mirrored[back.verdict]


# ----------------------------------------------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("arm", "control", "verdict"),
    [
        ((500, 400), (500, 250), Verdict.BETTER),
        ((500, 250), (500, 400), Verdict.WORSE),
        ((500, 260), (500, 250), Verdict.OPEN),
        ((500, 500), (500, 500), Verdict.OPEN),
        ((500, 0), (500, 0), Verdict.OPEN),
    ],
)
def test_a_verdict_says_what_the_interval_says(arm, control, verdict):
    found = compare(split(*arm), split(*control))
    assert found.verdict is verdict
    assert (found.interval.low > 0) is (verdict is Verdict.BETTER)
    assert (found.interval.high < 0) is (verdict is Verdict.WORSE)


def test_few_units_give_no_verdict_however_much_they_agree():
    many = 10**6
    assert {compare(split(units, units), split(units, 0)).verdict for units in range(1, 16)} == {Verdict.OPEN}
    assert compare(split(16, 16), split(16, 0)).verdict is Verdict.BETTER
    assert {compare(split(units, units), split(many, 0)).verdict for units in range(1, 10)} == {Verdict.OPEN}
    assert compare(split(10, 10), split(many, 0)).verdict is Verdict.BETTER


def test_words_of_verdicts():
    assert [verdict.value for verdict in Verdict] == ["better", "worse", "no telling yet"]


# ---------------------------------------------------------------------------------------------------------- all of it


def test_every_arm_is_compared_with_the_control_and_shares_the_error():
    summaries = {A: split(900, 500), B: split(900, 450), C: split(800, 500), D: Summary()}
    found = weigh(summaries, control=B)
    assert found.control == B
    assert found.arms == {arm: estimate(summaries[arm]) for arm in summaries}
    assert found.comparisons == {arm: compare(summaries[arm], summaries[B], comparisons=3) for arm in (A, C, D)}
    alone = compare(summaries[A], summaries[B])
    assert width(alone.interval) < width(found.comparisons[A].interval)
    assert found.comparisons[D].verdict is Verdict.OPEN
    assert "3 comparisons" in found.correction
    assert "Bonferroni" in found.correction
    assert "1.67%" in found.correction


def test_what_is_enough_for_one_comparison_may_not_be_for_many():
    arm, control = split(300, 180), split(300, 137)
    assert compare(arm, control).verdict is Verdict.BETTER
    assert compare(arm, control, comparisons=5).verdict is Verdict.OPEN


def test_two_arms_need_no_correction():
    found = weigh({A: split(10, 5), B: split(10, 5)}, control=A)
    assert list(found.comparisons) == [B]
    assert found.correction == "One comparison with the control, at an error of 5% however often it is looked at."


def test_an_arm_alone_is_compared_with_nothing():
    found = weigh({A: split(10, 5)}, control=A)
    assert found.comparisons == {}
    assert found.correction == "No comparison: the control is the only arm."
    assert found.arms[A].mean == 0.5
