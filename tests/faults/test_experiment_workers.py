"""Experiments over several processes, and over a restart: a user keeps one config, and is counted once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.api.experimenting import GOOD, Stage
from tests.server import RunningServer, serving

DEADLINE = 60.0  # generous, as each look is many calls; a second is what we promise
USERS = 40  # that all of them draw one of two configs has a chance of 2**-39

Configs = dict[str, set[str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("workers") / "data", arguments=("--workers", "2")) as running:
        yield running
        running.stop()


def burst(stage: Stage) -> Configs:
    """Four calls of each user, many at once so that both processes answer some: the configs of each user."""

    def call(n: int) -> tuple[str, str]:
        user = f"user {n % USERS}"
        return user, stage.call(user=user)["data"][0]["model_config_id"]

    configs: Configs = {}
    with ThreadPoolExecutor(8) as callers:
        for user, config in callers.map(call, range(4 * USERS)):
            configs.setdefault(user, set()).add(config)
    return configs


def settled(stage: Stage, wanted: set[str]) -> Configs:
    """The configs of each user once three bursts have said the same, in which these and no others are met.

    A process may learn a second late of what another one has deployed, and one burst may have met one process alone.
    """
    deadline, same = time.monotonic() + DEADLINE, 0
    before: Configs = {}
    while same < 3 and time.monotonic() < deadline:
        seen = burst(stage)
        same = same + 1 if seen == before and set().union(*seen.values()) == wanted else 0
        before = seen
    assert same == 3, before
    return before


def test_a_user_has_one_config_in_both_and_is_counted_once(server: RunningServer):
    stage = Stage.build(server, "sticky", live=True)

    kept = settled(stage, {stage.one, stage.two})

    assert {len(configs) for configs in kept.values()} == {1}
    trials = {each["config_id"]: each["trials"] for each in stage.results()["arms"]}
    # The process that learnt late had all users at the first config, as a call of no experiment: that is no trial.
    assert trials == {arm: sum(arm in configs for configs in kept.values()) for arm in (stage.one, stage.two)}


def test_weights_and_the_winner_reach_both(server: RunningServer):
    stage = Stage.build(server, "followed", live=True)
    before = settled(stage, {stage.one, stage.two})

    stage.change(arms=[{"config_id": stage.one, "weight": 0}]).expect(200)
    settled(stage, {stage.two})
    stage.change(arms=[{"config_id": stage.one, "weight": 1}]).expect(200)
    assert settled(stage, {stage.one, stage.two}) == before
    stage.conclude(stage.one).expect(200)
    settled(stage, {stage.one})


def test_what_one_has_made_the_other_finds_at_once(server: RunningServer):
    for n in range(20):
        stage = Stage.build(server, f"new {n}")

        sampled = stage.sample()
        body = {"project": stage.project, "trial_id": sampled["trial_id"], "output": "x", "feedback": GOOD}
        server.post("/v4/logs", body).expect(200)
        arm = stage.arm(sampled["config"]["id"])
        assert (arm["rated_units"], arm["mean"]) == (1, 1.0)
        assert stage.draw(num_samples=2).expect(200)["project_id"] == stage.project_id


def test_ratings_by_both_at_once_are_all_counted(server: RunningServer):
    stage = Stage.build(server, "rated")
    samples = [sample for _ in range(4) for sample in stage.draw(num_samples=16).expect(200)["data"]]

    with ThreadPoolExecutor(8) as callers:
        list(callers.map(lambda each: stage.rate(each["id"], "good"), samples))

    arms = stage.results()["arms"]
    assert sum(each["rated_units"] for each in arms) == sum(each["trials"] for each in arms) == len(samples)
    assert {each["mean"] for each in arms} == {1.0}


def test_a_restart_changes_nothing(tmp_path: Path):
    data_dir = tmp_path / "data"
    with serving(data_dir) as server:
        stage = Stage.build(server, "kept", live=True)
        first = {n: stage.call(user=f"user {n}")["data"][0] for n in range(USERS)}
        stage.rate(first[0]["id"], "good")
        results, drawn = stage.results(), stage.draw(num_samples=8, user="ada").expect(200)
        server.stop()
    with serving(data_dir) as server:
        again = Stage(server, stage.project, stage.project_id, stage.one, stage.two, stage.id)
        configs = {n: again.call(user=f"user {n}")["data"][0]["model_config_id"] for n in range(USERS)}
        redrawn = again.draw(num_samples=8, user="ada").expect(200)
        server_results = again.results()
        server.stop()

    assert configs == {n: sample["model_config_id"] for n, sample in first.items()}
    assert [each["model_config_id"] for each in redrawn["data"]] == [each["model_config_id"] for each in drawn["data"]]
    assert sum(each["trials"] for each in server_results["arms"]) == USERS + 8  # nobody was counted twice
    assert [each["mean"] for each in server_results["arms"]] == [each["mean"] for each in results["arms"]]
