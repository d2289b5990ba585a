import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.latency import ACCURACY, bucket_of, buckets_of, quantile

SECONDS = st.floats(1e-6, 3e6)
SHARES = st.floats(0, 1)


def counted(values: list[float]) -> Counter[int]:
    return Counter(bucket_of(value) for value in values)


@given(values=st.lists(SECONDS, min_size=1, max_size=200), share=SHARES)
def test_a_quantile_is_within_a_hundredth_of_the_true_one(values: list[float], share: float):
    true = sorted(values)[math.floor(share * (len(values) - 1))]
    assert quantile(counted(values), share) == pytest.approx(true, rel=ACCURACY * (1 + 1e-9))


@given(one=st.lists(SECONDS), other=st.lists(SECONDS), share=SHARES)
def test_counts_of_two_add_up(one: list[float], other: list[float], share: float):
    assert quantile(counted(one) + counted(other), share) == quantile(counted([*one, *other]), share)


@given(one=SECONDS, other=SECONDS)
def test_buckets_are_in_the_order_of_their_values(one: float, other: float):
    assert (bucket_of(one) <= bucket_of(other)) or one > other


@given(seconds=st.floats(allow_nan=False))
def test_any_number_has_a_bucket(seconds: float):
    assert bucket_of(1e-6) <= bucket_of(seconds) <= bucket_of(3e6)


@given(values=st.lists(SECONDS | st.floats(allow_nan=False)))
def test_many_at_once_have_the_buckets_of_each(values: list[float]):
    assert buckets_of(values) == counted(values)


def test_the_ends_are_the_shortest_and_the_longest():
    values = [0.001, 0.01, 0.1, 1.0, 10.0]
    assert quantile(counted(values), 0) == pytest.approx(0.001, rel=ACCURACY)
    assert quantile(counted(values), 0.5) == pytest.approx(0.1, rel=ACCURACY)
    assert quantile(counted(values), 1) == pytest.approx(10.0, rel=ACCURACY)


def test_nothing_has_no_quantile():
    assert quantile({}, 0.5) is None
