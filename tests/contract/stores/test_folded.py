"""Sums and trials tell of every log that was kept, whoever kept it, and whoever asks."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from everloop.domain.evidence import Summary
from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, LogId, ProjectId, TrialId
from everloop.domain.outcome import PositiveLabel
from everloop.domain.results import ArmResults
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import (
    a_log,
    a_piece,
    a_project,
    a_trial,
    a_version,
    an_experiment,
    an_exposed_log,
)

ID, ARM, HERE = ExperimentId("exp_1"), ConfigId("config_1"), EnvironmentId("env_a")
GOOD = PositiveLabel("rating", "good")


@pytest.fixture
async def elsewhere(open_named: Opener, storage: Storage, scope: Scope) -> Storage:
    """The same database as another process has it. An experiment runs, and the first log of each was kept."""
    await storage.projects.create(scope, a_project())
    for config in ("config_1", "config_2"):
        await storage.configs.register(scope, a_version(config), None)
    await storage.experiments.create(scope, an_experiment(labels=(GOOD,)))
    elsewhere = await open_named("main")
    for number, each in enumerate((storage, elsewhere)):
        await each.log_writer.append(scope, [an_exposed_log(f"data_first_{number}")])
    return elsewhere


async def arm(storage: Storage, scope: Scope) -> ArmResults:
    return (await storage.experiments.results(scope, [ID]))[ID][HERE][ARM]


async def test_results_tell_of_the_logs_of_all_processes(storage: Storage, elsewhere: Storage, scope: Scope):
    for number in range(3):
        for name, each in (("here", storage), ("there", elsewhere)):
            await each.log_writer.append(scope, [an_exposed_log(f"data_{name}_{number}", a_trial(f"trial_{number}"))])
        for each in (storage, elsewhere):
            usage = (await arm(each, scope)).usage
            assert usage.logs == 2 * number + 4
            assert usage.trials == len({1, *range(number + 1)})


async def test_all_who_read_at_once_read_the_same(storage: Storage, elsewhere: Storage, scope: Scope):
    logs = [an_exposed_log(f"data_{number}", a_trial(f"trial_{number % 7}")) for number in range(60)]
    await asyncio.gather(
        *(each.log_writer.append(scope, [log]) for each, log in zip([storage, elsewhere] * 30, logs, strict=True))
    )
    found = await asyncio.gather(*(arm(each, scope) for each in [storage, elsewhere] * 10))
    assert {(each.usage.logs, each.usage.trials) for each in found} == {(62, 7)}


async def test_results_are_whole_while_logs_and_readers_come_and_go(storage: Storage, elsewhere: Storage, scope: Scope):
    async def write(name: str, each: Storage) -> None:
        for number in range(50):
            await each.log_writer.append(
                scope, [an_exposed_log(f"data_{name}_{number}", a_trial(f"trial_{number % 9}"))]
            )

    async def read(each: Storage) -> None:
        for number in range(8):
            trial = a_trial(f"trial_{number}", "config_2")
            await asyncio.gather(arm(each, scope), each.experiments.expose(scope, trial))

    await asyncio.gather(
        write("a", storage), write("b", storage), write("c", elsewhere), read(storage), read(elsewhere)
    )
    arms = (await elsewhere.experiments.results(scope, [ID]))[ID][HERE]
    assert sum(each.usage.logs for each in arms.values()) == 152
    assert sum(each.usage.trials for each in arms.values()) == 9


async def test_the_trial_of_a_log_is_known_at_once(storage: Storage, elsewhere: Storage, scope: Scope):
    made = replace(a_trial("trial_9", "config_2"), created_at=77)
    log = an_exposed_log("data_9", made)
    await storage.log_writer.append(scope, [log, replace(log, id=LogId("data_9b"), created_at=78)])
    assert await elsewhere.experiments.trial(scope, TrialId("trial_9")) == made
    assert await elsewhere.experiments.trial(scope, TrialId("trial_none")) is None


async def test_a_trial_that_a_log_has_made_is_not_made_again(storage: Storage, elsewhere: Storage, scope: Scope):
    made = a_trial("trial_9")
    await storage.log_writer.append(scope, [an_exposed_log("data_9", made)])
    await elsewhere.experiments.expose(scope, replace(made, created_at=made.created_at + 9))
    assert await storage.experiments.trial(scope, made.id) == made
    assert (await arm(storage, scope)).usage.trials == 2


async def test_a_rating_finds_the_trial_of_its_log(storage: Storage, elsewhere: Storage, scope: Scope):
    await storage.log_writer.append(scope, [an_exposed_log("data_9", a_trial("trial_9"))])
    await elsewhere.feedback.record(scope, ProjectId("pr_1"), [], [a_piece("ann_1", "good", log="data_9")])
    found = await arm(storage, scope)
    assert (found.outcomes, found.usage.trials) == (Summary(1, 1.0, 1.0), 2)


@pytest.mark.parametrize("lacking", ["environment_id", "config_id"])
async def test_a_rating_of_a_log_without_an_arm_is_kept_and_counts_for_none(
    storage: Storage, elsewhere: Storage, scope: Scope, lacking: str
):
    changes: dict[str, Any] = {lacking: None}
    await storage.log_writer.append(scope, [replace(an_exposed_log("data_9", a_trial("trial_9")), **changes)])
    await elsewhere.feedback.record(scope, ProjectId("pr_1"), [], [a_piece("ann_1", "good", log="data_9")])
    assert (await arm(storage, scope)).outcomes == Summary()


async def test_judging_anew_counts_what_was_rated_before_there_were_labels(
    storage: Storage, elsewhere: Storage, scope: Scope
):
    await storage.experiments.change(scope, ID, lambda each: each.judged_by([], 60))
    await storage.log_writer.append(scope, [an_exposed_log("data_9", a_trial("trial_9")), a_log("data_plain")])
    await storage.feedback.record(scope, ProjectId("pr_1"), [], [a_piece("ann_1", "good", log="data_9")])
    await storage.log_writer.append(scope, [an_exposed_log("data_10", a_trial("trial_10"))])
    await elsewhere.feedback.record(scope, ProjectId("pr_1"), [], [a_piece("ann_2", "bad", log="data_10")])
    await elsewhere.experiments.change(scope, ID, lambda each: each.judged_by([GOOD], 60))
    assert (await arm(storage, scope)).outcomes == Summary(2, 1.0, 1.0)
