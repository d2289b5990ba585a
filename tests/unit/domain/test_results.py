import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.evidence import Summary
from everloop.domain.ids import ConfigId, EnvironmentId
from everloop.domain.latency import bucket_of as latency_bucket
from everloop.domain.results import ArmResults, ArmUsage, bucket_of, busiest

HERE, THERE = EnvironmentId("env_1"), EnvironmentId("env_2")
ONE, TWO = ConfigId("config_1"), ConfigId("config_2")
MINUTE, HOUR, YEAR = 60_000, 3_600_000, 31_536_000_000


def used(trials: int) -> ArmResults:
    return ArmResults(ArmUsage(trials))


def test_nothing_is_known_of_an_arm_without_calls():
    nothing = ArmResults()
    assert (nothing.usage.error_rate, nothing.usage.latency(0.5), nothing.outcomes) == (None, None, Summary())


def test_rates_and_latencies_come_from_the_counts():
    usage = ArmUsage(logs=8, errors=2, latencies={latency_bucket(1.0): 3, latency_bucket(4.0): 1})
    assert usage.error_rate == 0.25
    assert usage.latency(0.5) == pytest.approx(1.0, rel=0.01)
    assert usage.latency(1.0) == pytest.approx(4.0, rel=0.01)


def test_the_busiest_environment_has_the_most_trials_in_all_arms_together():
    assert busiest({}) is None
    assert busiest({HERE: {ONE: used(5)}, THERE: {ONE: used(3), TWO: used(3)}}) == THERE
    assert busiest({HERE: {ONE: used(7)}, THERE: {ONE: used(3), TWO: used(3)}}) == HERE


@given(one=st.integers(-YEAR, 100 * YEAR), more=st.integers(0, 100 * YEAR))
def test_time_moves_on_only(one: int, more: int):
    assert bucket_of(one) <= bucket_of(one + more)


@given(age=st.integers(1000, 100 * YEAR))
def test_a_stretch_lasts_about_a_hundredth_of_the_age(age: int):
    assert bucket_of(age + age // 50 + 1) > bucket_of(age)
    assert bucket_of(age - age // 200) >= bucket_of(age) - 1


def test_a_chart_has_as_many_points_after_a_year_as_after_an_hour():
    assert bucket_of(1000 * MINUTE) - bucket_of(MINUTE) == pytest.approx(691, abs=1)
    assert bucket_of(YEAR) < 1_750


def test_the_first_second_is_one_stretch_and_so_is_all_time_before():
    assert {bucket_of(age) for age in (-HOUR, 0, 1, 999, 1000)} == {0}
