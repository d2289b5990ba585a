"""The promise that matters, in the small: experiments without a difference, looked at after every rating.

The figures of the full simulation are in `bench/results`; `bench/experiments/README.md` says how they come about.
"""

from dataclasses import replace

import pytest

from bench.experiments.course import follow
from bench.experiments.plan import CONTRAST, LIFTS, share
from bench.experiments.world import arms_of_units
from everloop.domain.evidence import ERROR, Verdict

EXPERIMENTS = 250
SHORT = replace(CONTRAST, units=300)


@pytest.fixture(scope="module")
def courses():
    return [follow(SHORT, f"small {number}", contrast=True) for number in range(EXPERIMENTS)]


def test_false_verdicts_are_as_rare_as_promised(courses):
    assert sum(course.looks for course in courses) > EXPERIMENTS * 1_000
    assert share(sum(course.by_unit is not None for course in courses), EXPERIMENTS).value <= ERROR


def test_intervals_keep_the_truth_as_often_as_promised(courses):
    assert share(sum(course.missed for course in courses), EXPERIMENTS).value <= ERROR


def test_the_same_experiments_judged_wrongly_break_the_promise(courses):
    """Otherwise the two tests above would pass whatever the product said."""
    assert share(sum(course.by_call is not None for course in courses), EXPERIMENTS).low > ERROR
    assert share(sum(course.naive is not None for course in courses), EXPERIMENTS).low > ERROR


def test_a_true_difference_is_found_and_in_the_right_direction():
    lift = replace(LIFTS[-1], units=1_200, rates=(0.5, 0.8))
    found = [follow(lift, f"lift {number}", contrast=False, until_verdict=True).by_unit for number in range(20)]
    assert {each.verdict for each in found if each} == {Verdict.BETTER}
    assert all(found)


def test_an_experiment_repeats_itself_from_its_seed():
    assert follow(SHORT, "again", contrast=True) == follow(SHORT, "again", contrast=True)
    assert arms_of_units(SHORT, "one") != arms_of_units(SHORT, "other")
