"""What holds of assignment for any weights: shares, and who moves when an experiment changes."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everloop.domain.assignment import assign
from everloop.domain.ids import ConfigId

ARMS = [ConfigId(f"config_{number}") for number in range(6)]
POSITIVE = st.floats(0.01, 100)
WEIGHTS = st.dictionaries(st.sampled_from(ARMS[:5]), POSITIVE, min_size=2)
SALTS = st.text(max_size=16)
UNITS = [f"user:{number}" for number in range(300)]
NEW = ARMS[5]


def drawn(salt, weights):
    return {unit: assign(unit, salt, weights) for unit in UNITS}


def moves(salt, before, after):
    """Who is elsewhere after the change: pairs of arms."""
    one, other = drawn(salt, before), drawn(salt, after)
    return {(one[unit], other[unit]) for unit in UNITS if one[unit] != other[unit]}


@pytest.mark.parametrize(
    "weights",
    [(1, 1), (1, 1, 1), (9, 1), (1, 2, 3, 4), (1, 0, 1), (0.5, 99.5), (5, 5, 5, 5, 80)],
)
@pytest.mark.parametrize("salt", ["", "another experiment"])
def test_shares_follow_weights(salt, weights):
    named = dict(zip(ARMS, map(float, weights), strict=False))
    count = 100_000
    got = Counter(assign(f"user:{number}", salt, named) for number in range(count))
    for arm, weight in named.items():
        assert got[arm] / count == pytest.approx(weight / sum(weights), abs=0.01)


@given(SALTS, WEIGHTS, POSITIVE)
@settings(max_examples=50)
def test_a_new_arm_takes_units_and_moves_no_other(salt, weights, weight):
    assert all(arm == NEW for _, arm in moves(salt, weights, weights | {NEW: weight}))


@given(SALTS, WEIGHTS, st.data())
@settings(max_examples=50)
def test_a_paused_arm_gives_its_units_and_moves_no_other(salt, weights, data):
    paused = data.draw(st.sampled_from(sorted(weights)))
    left = {arm: weight for arm, weight in weights.items() if arm != paused}
    assert all(arm == paused for arm, _ in moves(salt, weights, left))
    assert drawn(salt, left) == drawn(salt, weights | {paused: 0.0})


@given(SALTS, WEIGHTS, st.data(), st.floats(1, 1000))
@settings(max_examples=50)
def test_a_raised_weight_takes_units_and_moves_no_other(salt, weights, data, factor):
    raised = data.draw(st.sampled_from(sorted(weights)))
    assert all(arm == raised for _, arm in moves(salt, weights, weights | {raised: weights[raised] * factor}))


@given(SALTS, WEIGHTS, st.data(), st.floats(0, 1))
@settings(max_examples=50)
def test_a_lowered_weight_gives_units_and_moves_no_other(salt, weights, data, factor):
    lowered = data.draw(st.sampled_from(sorted(weights)))
    assert all(arm == lowered for arm, _ in moves(salt, weights, weights | {lowered: weights[lowered] * factor}))


@given(SALTS, WEIGHTS, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_the_order_of_arms_is_irrelevant(salt, weights, order):
    items = list(weights.items())
    order.shuffle(items)
    assert drawn(salt, dict(items)) == drawn(salt, weights)


@given(SALTS, WEIGHTS, st.sampled_from([2.0**-10, 0.5, 4.0, 2.0**10]))
@settings(max_examples=50)
def test_weights_are_relative(salt, weights, factor):
    assert drawn(salt, {arm: weight * factor for arm, weight in weights.items()}) == drawn(salt, weights)


@given(SALTS, SALTS)
@settings(max_examples=50)
def test_experiments_are_independent_of_each_other(one, other):
    weights = dict.fromkeys(ARMS[:2], 1.0)
    agree = sum(assign(unit, one, weights) == assign(unit, other, weights) for unit in UNITS)
    assert agree == len(UNITS) if one == other else 90 < agree < 210  # 150 are expected, 7 standard deviations are 60


@given(SALTS, st.text(), WEIGHTS)
def test_any_text_is_a_unit(salt, unit, weights):
    assert assign(unit, salt, weights) in weights


def test_half_a_surrogate_pair_is_a_unit():
    assert assign("user:\ud800", "salt", {ARMS[0]: 1.0}) == ARMS[0]
