from dataclasses import replace

import pytest

from bench.exposure import Exposure

AGREED = Exposure(logs_with_trial=9, units=4, trials=4, arm_logs=9, arm_trials=4, smallest_arm=0.5)


def test_logs_trials_and_sums_of_the_same_calls_agree():
    assert AGREED.failures(rows=9) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"logs_with_trial": 8}, "8 of 9 logs have a trial"),
        ({"arm_logs": 10}, "the arms counted 10 logs of 9"),
        ({"units": 3}, "4 trials for 3 units"),
        ({"arm_trials": 5}, "the arms counted 5 trials of 4"),
        ({"smallest_arm": 0.1}, "an arm got only 10%"),
    ],
)
def test_what_does_not_agree_is_named(change: dict[str, float], word: str):
    failures = replace(AGREED, **change).failures(rows=9)  # type: ignore[arg-type]
    assert [word in failure for failure in failures] == [True]
