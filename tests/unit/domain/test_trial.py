import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.assignment import assign, unit_of
from everloop.domain.ids import ConfigId, EnvironmentId
from everloop.domain.trial import met, trial_id

HERE, THERE = EnvironmentId("env_1"), EnvironmentId("env_2")
ONE, TWO = ConfigId("config_1"), ConfigId("config_2")


def test_every_process_finds_the_same_one():
    """Trials are kept for as long as their experiment: another hash would count every unit anew."""
    assert trial_id("salt", HERE, ONE, "user:ada") == "trial_Tqv9uayg2hWUNNUFmmEi2"


def test_a_unit_has_one_in_each_arm_of_each_environment_of_each_experiment():
    ids = [
        trial_id(salt, environment, arm, unit)
        for salt in ("salt", "another")
        for environment in (HERE, THERE)
        for arm in (ONE, TWO)
        for unit in ("user:ada", "session:ada", "user:ada ")
    ]
    assert len(set(ids)) == len(ids)


@given(unit=st.text(st.characters(), max_size=50), salt=st.text(st.characters(codec="utf-8"), max_size=16))
def test_it_is_an_identifier_whatever_the_unit_is_called(unit: str, salt: str):
    assert re.fullmatch(
        r"trial_[0-9A-Za-z]{21}", trial_id(salt, HERE, ONE, unit_of(user=unit, session_id=None, otherwise="x"))
    )


def test_half_a_character_is_a_unit_too():
    assert trial_id("salt", HERE, ONE, "user:\ud83d") != trial_id("salt", HERE, ONE, "user:\ud83e")


def test_names_do_not_run_into_each_other():
    names = [("a", "bc"), ("ab", "c"), ("abc", "")]
    assert len({trial_id("salt", EnvironmentId(one), ConfigId(two), "d") for one, two in names}) == 3


def test_a_salt_that_is_too_long_is_said():
    with pytest.raises(ValueError, match="64"):
        trial_id("s" * 65, HERE, ONE, "user:ada")


@given(
    units=st.lists(st.text(max_size=300), max_size=5),
    weights=st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=1, max_size=3).filter(any),
)
def test_a_unit_that_comes_again_is_where_it_was(units: list[str], weights: list[float]):
    arms = {ConfigId(f"config_{place}"): weight for place, weight in enumerate(weights)}
    for unit in units * 2:
        arm = assign(unit, "salt", arms)
        assert met(unit, "salt", tuple(arms.items()), HERE) == (arm, trial_id("salt", HERE, arm, unit))


def test_other_weights_or_another_place_are_weighed_anew():
    one, two = met("u", "s", ((ONE, 1.0),), HERE), met("u", "s", ((TWO, 1.0),), HERE)
    assert (one[0], two[0]) == (ONE, TWO)
    assert met("u", "s", ((ONE, 1.0),), THERE)[1] != one[1]
