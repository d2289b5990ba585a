from dataclasses import replace

import pytest

from everloop.domain.assignment import SALT_BYTES, assign
from everloop.domain.config import ConfigVersion, Endpoint, ModelConfig, fingerprint
from everloop.domain.experiment import Arm, Experiment, ExperimentStatus
from everloop.domain.ids import ConfigId, ExperimentId, ProjectId
from everloop.domain.outcome import PositiveLabel
from everloop.errors import BadRequest, Conflict, InvalidFields, NotFound

A, B, C = (ConfigId(f"config_{letter}") for letter in "abc")
STRANGER = ConfigId("config_stranger")
EMPTY = Experiment(
    id=ExperimentId("exp_1"),
    project_id=ProjectId("pr_1"),
    name="tone",
    salt="salt",
    positive_labels=(PositiveLabel("rating", "good"),),
    created_at=1,
    updated_at=1,
)


def version(config_id, endpoint=Endpoint.COMPLETE, project="pr_1"):
    config = ModelConfig(model="m", endpoint=endpoint, prompt_template=config_id)
    return ConfigVersion(config_id, ProjectId(project), config, fingerprint(config), created_at=1)


TWO = EMPTY.with_arm(version(A), at=2).with_arm(version(B), at=3)


def test_arms_are_active_weigh_the_same_and_the_first_is_the_control():
    assert TWO.arms == (
        Arm(A, Endpoint.COMPLETE, added_at=2, weight=1.0, active=True),
        Arm(B, Endpoint.COMPLETE, added_at=3, weight=1.0, active=True),
    )
    assert TWO.control == A
    assert TWO.updated_at == 3
    assert TWO.status is ExperimentStatus.INITIALIZED
    assert (EMPTY.control, EMPTY.endpoint, TWO.endpoint) == (None, None, Endpoint.COMPLETE)


def test_a_running_experiment_takes_another_arm():
    three = TWO.started(at=4).with_arm(version(C), at=5, weight=3.0)
    assert three.weights == {A: 1, B: 1, C: 3}
    assert three.control == A
    assert three.status is ExperimentStatus.IN_PROGRESS


def test_one_experiment_does_not_mix_chat_and_completion():
    with pytest.raises(BadRequest, match=r"config_c is for chat calls.*'tone' are for complete calls"):
        TWO.with_arm(version(C, Endpoint.CHAT), at=4)


def test_a_config_is_in_it_once():
    with pytest.raises(Conflict, match="has the config config_a already"):
        TWO.with_arm(version(A), at=4)
    with pytest.raises(Conflict):  # paused is still there
        TWO.paused([A], at=4).with_arm(version(A), at=5)


def test_a_config_of_another_project_is_unknown():
    with pytest.raises(NotFound, match="no config config_c"):
        EMPTY.with_arm(version(C, project="pr_2"), at=2)


@pytest.mark.parametrize("weight", [-1.0, -1e-9, 1e-7, 1e7, float("inf"), float("-inf"), float("nan")])
def test_a_weight_is_a_share(weight):
    for change in (lambda: EMPTY.with_arm(version(A), 2, weight), lambda: TWO.weighted({A: weight}, at=4)):
        with pytest.raises(InvalidFields, match=r"weight of config_a must be 0, or from 0\.000001 to 1000000"):
            change()


def test_weights_change_and_0_gets_nobody():
    changed = TWO.weighted({A: 0.0, B: 2.5}, at=4)
    assert changed.weights == {A: 0, B: 2.5}
    assert changed.drawn == ((B, 2.5),)
    assert changed.updated_at == 4
    assert assign("user:1", changed.salt, changed.weights) == B


def test_somebody_must_be_left_to_get_units():
    paused = TWO.paused([A], at=4)
    for change in (
        lambda: TWO.weighted({A: 0.0, B: 0.0}, at=5),
        lambda: TWO.paused([A, B], at=5),
        lambda: paused.paused([B], at=5),
        lambda: paused.weighted({B: 0.0}, at=5),
        lambda: TWO.weighted({B: 0.0}, at=5).paused([A], at=6),
    ):
        with pytest.raises(BadRequest, match="left without an active arm"):
            change()


def test_a_paused_arm_stays_and_comes_back():
    paused = TWO.paused([B], at=4)
    assert paused.weights == {A: 1}
    assert paused.drawn == ((A, 1),)
    assert [arm.active for arm in paused.arms] == [True, False]
    assert paused.resumed([B], at=5).weights == TWO.weights


@pytest.mark.parametrize(
    "few",
    [
        EMPTY,
        EMPTY.with_arm(version(A), at=2),
        TWO.paused([A], at=4),
        TWO.weighted({B: 0.0}, at=4),
        EMPTY.with_arm(version(A), at=2, weight=0.0).with_arm(version(B), at=2, weight=0.0),
    ],
)
def test_it_takes_two_to_start(few):
    with pytest.raises(BadRequest, match="at least two active arms"):
        few.started(at=5)


def test_another_arm_becomes_the_control():
    assert TWO.controlled_by(B, at=4).control == B


@pytest.mark.parametrize(
    "change",
    [
        lambda: TWO.controlled_by(STRANGER, at=4),
        lambda: TWO.promoted(STRANGER, at=4),
        lambda: TWO.paused([A, STRANGER], at=4),
        lambda: TWO.resumed([STRANGER], at=4),
        lambda: TWO.weighted({STRANGER: 1.0}, at=4),
    ],
)
def test_a_stranger_is_no_arm(change):
    with pytest.raises(NotFound, match=r"'tone' has no arm with the config config_stranger"):
        change()


def test_a_conclusion_is_the_end():
    won, stopped = TWO.started(at=4).promoted(B, at=5), TWO.stopped(at=5)
    assert (won.status, won.winner, won.updated_at) == (ExperimentStatus.CONCLUDED, B, 5)
    assert (stopped.status, stopped.winner) == (ExperimentStatus.CONCLUDED, None)
    for change in (
        lambda: won.with_arm(version(C), at=6),
        lambda: won.weighted({A: 2.0}, at=6),
        lambda: won.paused([A], at=6),
        lambda: won.resumed([A], at=6),
        lambda: won.controlled_by(B, at=6),
        lambda: won.started(at=6),
        lambda: won.promoted(A, at=6),
        lambda: stopped.stopped(at=6),
    ):
        with pytest.raises(BadRequest, match="is concluded"):
            change()


def test_the_salt_fits_the_hash():
    assert replace(EMPTY, salt="s" * SALT_BYTES).salt == "s" * SALT_BYTES
    with pytest.raises(ValueError, match="64 bytes"):
        replace(EMPTY, salt="s" * (SALT_BYTES + 1))
