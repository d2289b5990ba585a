import hashlib
import math

import pytest

from everloop.domain.assignment import SALT_BYTES, assign, sample_unit, unit_of
from everloop.domain.ids import ConfigId

A, B, C = (ConfigId(f"config_{letter}") for letter in "abc")


def unit(**given):
    return unit_of(**({"user": None, "session_id": None, "otherwise": "r"} | given))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"user": "u", "session_id": "i"}, "user:u"),
        ({"session_id": "i"}, "session:i"),
        ({}, "call:r"),
        ({"user": "", "session_id": "i"}, "session:i"),
        ({"user": "", "session_id": ""}, "call:r"),
    ],
)
def test_a_unit_is_the_first_name_that_is_there(given, found):
    assert unit(**given) == found


def test_names_of_different_kinds_are_different_units():
    same = [unit(user="x"), unit(session_id="x"), unit(otherwise="x")]
    samples = [sample_unit(name, index) for name in same for index in range(3)]
    forged = [unit(user=name) for name in same + samples]
    assert len({*same, *samples, *forged}) == len(same) + len(samples) + len(forged)


# What these units got when the scheme was made. A change here moves units of running experiments to other arms.
VECTORS = {
    "user:1": (A, C),
    "user:2": (C, B),
    "user:3": (C, C),
    "session:1": (A, B),
    "call:0123456789abcdefghijk": (B, C),
    "sample:0:user:1": (C, A),
    "user:žluťoučký kůň": (C, B),
    "user:\ud800": (C, C),
    "": (C, C),
}


@pytest.mark.parametrize(("name", "arms"), VECTORS.items())
def test_assignment_never_changes(name, arms):
    weights = {A: 1.0, B: 1.0, C: 2.0}
    assert (assign(name, "salt", weights), assign(name, "other", weights)) == arms


def test_assignment_is_what_its_description_says():
    weights = {A: 0.3, B: 1.0, C: 2.0}
    for number in range(200):
        name = f"user:{number}"
        scores = {}
        for arm, weight in weights.items():
            message = f"{arm}\0{name}".encode()
            digest = hashlib.blake2b(message, digest_size=8, key=b"salt", person=b"everloop arm").hexdigest()
            scores[arm] = -weight / math.log((int(digest[:13], 16) + 0.5) / 16**13)
        assert assign(name, "salt", weights) == max(scores, key=scores.__getitem__)


def test_an_arm_of_weight_0_is_never_drawn():
    assert {assign(f"user:{number}", "salt", {A: 0.0, B: 1.0, C: 0.0}) for number in range(500)} == {B}


@pytest.mark.parametrize("weights", [{}, {A: 0.0, B: 0.0}])
def test_there_must_be_an_arm_to_draw(weights):
    with pytest.raises(ValueError, match="without an active arm"):
        assign("user:1", "salt", weights)


def test_weights_of_any_size_and_the_longest_salt_are_fine():
    assert assign("user:1", "s" * SALT_BYTES, {A: 1e-6, B: 1e6}) == B
    assert assign("user:1", "", {A: 1e-6, B: 1e-6}) in {A, B}
