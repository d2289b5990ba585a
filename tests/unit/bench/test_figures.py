from dataclasses import replace

import pytest

from bench.calls import Kind
from bench.figures import Checked, Interval, Measured, Plan
from bench.load import Load
from bench.tables import of_kind, ratios, spread

GOOD = Interval(
    round=1,
    mode="plain",
    prompt="short",
    connections=32,
    side="everloop",
    load=Load(answers=100, errors=0, seconds=1.0, p50_ms=1.0, p99_ms=2.0, client_cpu_seconds=0.1),
    server_cpu_seconds=0.5,
    server_peak_rss_bytes=1,
    upstream_cpu_seconds=0.1,
    upstream_calls=100,
    window_seconds=1.1,
    other_cpu_seconds=0.0,
    machine_cpu_seconds=1.0,
)
CHECK = Checked(1, "plain", "short", 32, "everloop", answers=5, errors=0, first_p50_ms=1.0, first_p99_ms=2.0)


def measured(*intervals: Interval, checks: tuple[Checked, ...] = (CHECK,), peers: tuple[str, ...] = ()) -> Measured:
    return Measured(list(intervals), list(checks), {}, {}, {}, list(peers))


def loaded(interval: Interval, **load: float) -> Interval:
    return replace(interval, load=replace(interval.load, **load))  # type: ignore[arg-type]


def test_a_run_without_errors_is_not_void():
    assert measured(GOOD).failures() == []


@pytest.mark.parametrize(
    ("interval", "word"),
    [
        (loaded(GOOD, errors=2), "2 errors"),
        (loaded(GOOD, answers=0), "no answer"),
        (replace(GOOD, upstream_calls=99), "100 answers from 99"),
    ],
)
def test_what_is_wrong_voids_the_run(interval: Interval, word: str):
    assert word in measured(interval).failures()[0]


def test_wrong_answers_in_a_checked_interval_void_the_run():
    assert "1 errors" in measured(GOOD, checks=(replace(CHECK, errors=1),)).failures()[0]


def test_what_another_gateway_does_wrong_is_said_and_voids_nothing():
    found = measured(GOOD, loaded(replace(GOOD, side="litellm"), errors=3), peers=("litellm",))
    assert found.failures() == []
    assert "litellm" in found.peer_failures()[0]


def test_a_round_has_each_mode_with_the_long_prompt_at_its_own_connections():
    loads = list(Plan(1, 1, 0.1, (1, 32), (32,)).loads())
    assert [each for each in loads if each[0].prompt == "long"] == [
        (Kind("plain", "long"), 32),
        (Kind("streamed", "long"), 32),
    ]
    assert len(loads) == 6


def test_ratios_are_paired_within_rounds():
    slow_minute = [loaded(GOOD, answers=100), loaded(replace(GOOD, round=2), answers=50)]
    bare = [loaded(GOOD, answers=200), loaded(replace(GOOD, round=2), answers=100)]
    assert ratios(slow_minute, bare) == [0.5, 0.5]


def test_intervals_are_found_by_kind_connections_and_side():
    others = [replace(GOOD, side="bare"), replace(GOOD, connections=1), replace(GOOD, prompt="long")]
    assert of_kind(measured(*others, GOOD), Kind("plain", "short"), 32, "everloop") == [GOOD]


def test_a_spread_tells_median_lowest_and_highest():
    assert spread([3.0, 1.0, 2.0], 1) == "**2.0** (1.0 to 3.0)"
    assert spread([], 1) == "none"
