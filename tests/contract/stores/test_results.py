"""What came of experiments: sums that grow with every log and every rating, compared with sums made from scratch."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everloop.domain.deployment import ExperimentTarget
from everloop.domain.evidence import Summary
from everloop.domain.feedback import FeedbackClass, FeedbackType, Value
from everloop.domain.generation import Usage
from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, LogId, ProjectId
from everloop.domain.latency import bucket_of
from everloop.domain.log import Log
from everloop.domain.outcome import Outcome, PositiveLabel, outcome_of
from everloop.domain.results import ArmUsage
from everloop.domain.scope import Scope
from everloop.domain.usage import PartialUsage
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import (
    StillClock,
    a_deployment,
    a_log,
    a_piece,
    a_project,
    a_trial,
    a_version,
    an_environment,
    an_experiment,
    an_exposed_log,
    an_organisation,
)

ID, PROJECT = ExperimentId("exp_1"), ProjectId("pr_1")
HERE = EnvironmentId("env_a")
ONE, TWO = ConfigId("config_1"), ConfigId("config_2")
GOOD, COPIED = PositiveLabel("rating", "good"), PositiveLabel("action", "copied")
ACTION = FeedbackType("action", FeedbackClass.MULTI_SELECT)
FLAG = FeedbackType("flag", FeedbackClass.SELECT)
SCORE = FeedbackType("score", FeedbackClass.NUMBER)


async def furnish(storage: Storage, labels: tuple[PositiveLabel, ...] = (GOOD,)) -> Scope:
    await storage.organisations.create(an_organisation("a"), an_environment("env_a"))
    scope = Scope(an_organisation("a").id, "key_a")
    await storage.environments.create(scope, an_environment("env_s", "staging", is_default=False))
    await storage.projects.create(scope, a_project())
    for config in (ONE, TWO):
        await storage.configs.register(scope, a_version(config), None)
    await storage.experiments.create(scope, an_experiment(labels=labels))
    return scope


@pytest.fixture
async def scope(storage: Storage) -> Scope:
    return await furnish(storage)


async def outcomes(storage: Storage, scope: Scope, arm: ConfigId = ONE) -> Summary:
    found = (await storage.experiments.results(scope, [ID]))[ID]
    return found[HERE][arm].outcomes


async def rate(storage: Storage, scope: Scope, log: str, value: Value, name: str = "rating", **piece: Any) -> None:
    kinds = {"action": [ACTION], "flag": [FLAG], "score": [SCORE]}.get(name, [])
    identifier = f"ann_{log}_{value}_{name}_{piece.get('user')}"
    await storage.feedback.record(scope, PROJECT, kinds, [a_piece(identifier, value, name, log=log, **piece)])


async def test_what_calls_took_is_added_up(storage: Storage, scope: Scope):
    logs = [
        an_exposed_log("data_1", usage=Usage(10, 20), prompt_cost=0.5, output_cost=0.25, duration=1.0),
        an_exposed_log("data_2", usage=Usage(1, 2, estimated=True), output_cost=0.125, duration=1.0),
        an_exposed_log("data_3", a_trial("trial_2"), error_kind="timeout", duration=60.0),
        an_exposed_log("data_4", a_trial("trial_2"), error_kind="cancelled", usage=Usage(3, 1), duration=2.0),
        an_exposed_log("data_5", a_trial("trial_3", TWO), usage=PartialUsage(None, 7), duration=0.25),
        an_exposed_log("data_6", a_trial("trial_4", TWO, environment="env_s")),
        a_log("data_7"),
    ]
    for log in logs[:3]:
        await storage.log_writer.append(scope, [log])
    await storage.log_writer.append(scope, logs[3:])
    found = (await storage.experiments.results(scope, [ID]))[ID]
    assert {place: set(arms) for place, arms in found.items()} == {"env_a": {ONE, TWO}, "env_s": {TWO}}
    assert found[HERE][ONE].usage == ArmUsage(2, 4, 1, 14, 23, 0.875, 2, {bucket_of(1.0): 2})
    assert found[HERE][TWO].usage == ArmUsage(1, 1, 0, 0, 7, 0.0, 0, {bucket_of(0.25): 1})
    assert found[EnvironmentId("env_s")][TWO].usage == ArmUsage(1, 1)
    assert found[HERE][ONE].outcomes == Summary()


async def test_a_log_of_a_fallback_counts_for_the_arm_in_whose_place_it_answered(storage: Storage, scope: Scope):
    """What its users met is what happens when that arm is chosen; the fallback, an arm or not, was not chosen."""
    elsewhere = ConfigId("config_3")
    await storage.configs.register(scope, a_version(elsewhere), None)
    logs = [
        replace(an_exposed_log("data_1", duration=1.0), config_id=elsewhere, arm_id=ONE),
        replace(an_exposed_log("data_2", a_trial("trial_2"), usage=Usage(1, 2)), config_id=TWO, arm_id=ONE),
        an_exposed_log("data_3", a_trial("trial_3", TWO)),
    ]
    for log in logs:
        await storage.log_writer.append(scope, [log])
    await rate(storage, scope, "data_1", "good")
    await rate(storage, scope, "data_2", "bad")
    arms = (await storage.experiments.results(scope, [ID]))[ID][HERE]
    assert set(arms) == {ONE, TWO}
    assert arms[ONE].usage == ArmUsage(2, 2, 0, 1, 2, 0.0, 0, {bucket_of(1.0): 1})
    assert arms[ONE].outcomes == Summary(2, 1.0, 1.0)
    assert (arms[TWO].usage, arms[TWO].outcomes) == (ArmUsage(1, 1), Summary())
    assert [await storage.logs.get(scope, log.id) for log in logs] == logs


async def test_numbers_beyond_belief_stay_out_of_the_sums(storage: Storage, scope: Scope):
    """Whoever reports logs could otherwise make sums that no number can hold, and results that cannot be read."""
    most: int = 2**63 - 1
    beyond: dict[str, Any] = {"prompt_cost": 1.7e308, "output_cost": 1.7e308}
    logs = [
        an_exposed_log("data_1", usage=Usage(most, most), **beyond, duration=1e308),
        an_exposed_log("data_2", usage=Usage(most, most), prompt_cost=-1.7e308, output_cost=-1.7e308, duration=-1.0),
        an_exposed_log("data_3", usage=Usage(-1, 2), prompt_cost=0.5, duration=math.nan),
    ]
    for log in logs:
        await storage.log_writer.append(scope, [log])
    assert (await storage.logs.get(scope, LogId("data_1"))) == logs[0]
    usage = (await storage.experiments.results(scope, [ID]))[ID][HERE][ONE].usage
    assert usage == ArmUsage(1, 3, 0, 0, 2, 0.5, 1, {bucket_of(1e308): 1, bucket_of(-1.0): 1})


async def test_several_experiments_are_read_at_once(storage: Storage, scope: Scope):
    await storage.experiments.create(scope, an_experiment("exp_2", "second"))
    other = a_trial("trial_9", experiment="exp_2")
    await storage.log_writer.append(scope, [an_exposed_log(), an_exposed_log("data_2", other)])
    second, none = ExperimentId("exp_2"), ExperimentId("exp_none")
    found = await storage.experiments.results(scope, [ID, second, none])
    logs = {each: [arm.usage.logs for arm in places.get(HERE, {}).values()] for each, places in found.items()}
    assert logs == {ID: [1], second: [1], none: []}
    assert await storage.experiments.results(scope, []) == {}


async def test_a_unit_is_one_voice_however_much_it_says(storage: Storage, scope: Scope):
    chatty = [an_exposed_log(f"data_{number}") for number in range(4)]
    await storage.log_writer.append(scope, [*chatty, an_exposed_log("data_9", a_trial("trial_2"))])
    for number, value in enumerate(["good", "good", "good", "bad"]):
        await rate(storage, scope, f"data_{number}", value)
    assert await outcomes(storage, scope) == Summary(1, 0.75, 0.5625)
    await rate(storage, scope, "data_9", "bad")
    assert await outcomes(storage, scope) == Summary(2, 0.75, 0.5625)
    assert await outcomes(storage, scope, ONE) != Summary()


async def test_changed_and_unset_feedback_is_followed(storage: Storage, scope: Scope):
    await storage.log_writer.append(scope, [an_exposed_log()])
    await rate(storage, scope, "data_1", "good")
    assert await outcomes(storage, scope) == Summary(1, 1.0, 1.0)
    await rate(storage, scope, "data_1", "bad")
    assert await outcomes(storage, scope) == Summary(1, 0.0, 0.0)
    await rate(storage, scope, "data_1", "good", user="somebody else")
    assert await outcomes(storage, scope) == Summary(1, 1.0, 1.0)
    await storage.feedback.remove(scope, LogId("data_1"), "rating", None, "somebody else")
    assert await outcomes(storage, scope) == Summary(1, 0.0, 0.0)
    await storage.feedback.remove(scope, LogId("data_1"), "rating", None, None)
    assert await outcomes(storage, scope) == Summary()


async def test_what_is_no_label_says_nothing(storage: Storage, scope: Scope):
    await storage.log_writer.append(scope, [an_exposed_log(), a_log("data_2")])
    await rate(storage, scope, "data_1", "copied", "action")
    await rate(storage, scope, "data_2", "good")
    assert await outcomes(storage, scope) == Summary()


async def test_a_rating_that_comes_after_the_end_counts(storage: Storage, scope: Scope):
    await storage.log_writer.append(scope, [an_exposed_log()])
    await storage.experiments.change(scope, ID, lambda each: each.stopped(60))
    await rate(storage, scope, "data_1", "good")
    assert await outcomes(storage, scope) == Summary(1, 1.0, 1.0)


async def test_a_failed_write_of_feedback_leaves_the_results(storage: Storage, scope: Scope):
    await storage.log_writer.append(scope, [an_exposed_log()])
    taken = a_piece("ann_1", "good")
    await storage.feedback.record(scope, PROJECT, [], [taken])
    await storage.log_writer.append(scope, [an_exposed_log("data_2", a_trial("trial_2"))])
    with pytest.raises(Exception, match="exists already"):
        await storage.feedback.record(scope, PROJECT, [], [a_piece("ann_1", "good", log="data_2")])
    assert await outcomes(storage, scope) == Summary(1, 1.0, 1.0)


@pytest.mark.parametrize(
    ("label", "summary"),
    [
        (PositiveLabel("rating", "bad"), Summary(2, 1.0, 1.0)),
        (COPIED, Summary(1, 1.0, 1.0)),
        (PositiveLabel("flag", "true"), Summary(2, 2.0, 2.0)),
        (PositiveLabel("score", "2.5"), Summary(2, 1.0, 1.0)),
        (PositiveLabel("score", "1e+20"), Summary(2, 1.0, 1.0)),
        (PositiveLabel("score", "7"), Summary(2, 0.0, 0.0)),
        (PositiveLabel("comment", "unheard of"), Summary()),
    ],
)
async def test_other_labels_judge_the_whole_past_anew(
    storage: Storage, scope: Scope, label: PositiveLabel, summary: Summary
):
    await storage.log_writer.append(scope, [an_exposed_log(), an_exposed_log("data_2", a_trial("trial_2"))])
    said: list[tuple[str, Value, str]] = [
        ("data_1", "good", "rating"), ("data_2", "bad", "rating"), ("data_1", "copied", "action"),
        ("data_1", True, "flag"), ("data_2", "true", "flag"), ("data_1", 2.5, "score"), ("data_2", 1e20, "score"),
    ]  # fmt: skip
    for log, value, name in said:
        await rate(storage, scope, log, value, name)
    assert await outcomes(storage, scope) == Summary(2, 1.0, 1.0)
    await storage.experiments.change(scope, ID, lambda each: each.judged_by([label], 60))
    assert await outcomes(storage, scope) == summary
    await storage.experiments.change(scope, ID, lambda each: each.judged_by([GOOD], 60))
    assert await outcomes(storage, scope) == Summary(2, 1.0, 1.0)
    await storage.experiments.change(scope, ID, lambda each: each.judged_by([], 60))
    assert await outcomes(storage, scope) == Summary()


async def test_judging_anew_leaves_other_experiments_alone(storage: Storage, scope: Scope):
    await storage.experiments.create(scope, an_experiment("exp_2", "second"))
    other = ExperimentId("exp_2")
    await storage.log_writer.append(
        scope, [an_exposed_log(), an_exposed_log("data_2", a_trial("trial_9", experiment="exp_2"))]
    )
    for log in ("data_1", "data_2"):
        await rate(storage, scope, log, "good")
    await storage.experiments.change(scope, ID, lambda each: each.judged_by([PositiveLabel("rating", "bad")], 60))
    found = await storage.experiments.results(scope, [ID, other])
    assert [found[each][HERE][ONE].outcomes.total for each in (ID, other)] == [0.0, 1.0]


async def test_the_timeline_keeps_the_last_state_of_each_stretch(storage: Storage, scope: Scope, clock: StillClock):
    began = (await storage.experiments.get(scope, ID)).created_at  # type: ignore[union-attr]
    await storage.log_writer.append(scope, [an_exposed_log(f"data_{n}", a_trial(f"trial_{n}")) for n in range(5)])
    for number, age in enumerate([500, 900, 100_000, 100_001, 200_000]):
        clock.milliseconds = began + age
        await rate(storage, scope, f"data_{number}", "good")
    moments = await storage.experiments.timeline(scope, ID, HERE)
    assert [(each.at - began, each.config_id, each.outcomes.units) for each in moments] == [
        (900, ONE, 2), (100_001, ONE, 4), (200_000, ONE, 5)
    ]  # fmt: skip
    assert await storage.experiments.timeline(scope, ID, EnvironmentId("env_s")) == ()


async def test_a_live_experiments_calls_and_ratings_leave_its_deployment_alone(storage: Storage, scope: Scope):
    await storage.deployments.deploy(scope, [a_deployment("dep_1", ExperimentTarget(ID))])
    epoch = (await storage.feed.load()).epoch
    await storage.log_writer.append(scope, [an_exposed_log()])
    await rate(storage, scope, "data_1", "good")
    assert await storage.feed.changes_since(epoch) == ()


# From here: any sequence of logs, feedback and other labels, beside a model that adds everything up from scratch.

PICK = st.integers(0, 3)
STEP = st.one_of(
    st.tuples(st.just("log"), PICK, PICK),
    st.tuples(st.just("failed"), PICK, PICK),
    st.tuples(st.just("good"), PICK, PICK),
    st.tuples(st.just("bad"), PICK, PICK),
    st.tuples(st.just("copied"), PICK, PICK),
    st.tuples(st.just("unset"), PICK, PICK),
    st.tuples(st.just("uncopied"), PICK, PICK),
    st.tuples(st.just("labels"), PICK, PICK),
)
LABELS = ((GOOD,), (PositiveLabel("rating", "bad"),), (GOOD, COPIED), (COPIED,))
NUMBERS = count()


@dataclass
class Life:
    """An experiment's life, and its logs as the model knows them."""

    storage: Storage
    scope: Scope
    logs: list[Log] = field(default_factory=list)
    labels: tuple[PositiveLabel, ...] = (GOOD,)

    async def step(self, name: str, one: int, two: int, now: int) -> None:
        log = self.logs[(one * 4 + two) % len(self.logs)].id if self.logs else LogId("data_none")
        user = None if two % 2 else "ada"
        match name:
            case "log" | "failed":
                await self._log(name == "failed", one, two, now)
            case "labels":
                self.labels = LABELS[one]
                await self.storage.experiments.change(self.scope, ID, lambda each: each.judged_by(self.labels, now))
            case "unset":
                await self.storage.feedback.remove(self.scope, log, "rating", None, user)
            case "uncopied":
                await self.storage.feedback.remove(self.scope, log, "action", "copied", user)
            case _:
                kind = "action" if name == "copied" else "rating"
                piece = a_piece(f"ann_{now}", name, kind, log=log, user=user)
                await self.storage.feedback.record(self.scope, PROJECT, [ACTION] if kind == "action" else [], [piece])

    async def _log(self, failed: bool, one: int, two: int, now: int) -> None:
        trial = a_trial(f"trial_{one}_{two % 2}", ONE if two % 2 else TWO, environment="env_s" if one == 3 else "env_a")
        usage = Usage(one, two) if two else None
        changes = {"error_kind": "timeout"} if failed else {"duration": 0.1 * (one + 1), "prompt_cost": 0.5 * two}
        log = an_exposed_log(f"data_{now}", trial, usage=usage, **changes)
        self.logs.append(log)
        await self.storage.log_writer.append(self.scope, [log])

    async def from_scratch(self) -> Mapping[tuple[str, str], tuple[ArmUsage, tuple[int, float, float]]]:
        said = await self.storage.feedback.of_logs(self.scope, [log.id for log in self.logs])
        found = {}
        for place in {(log.environment_id, log.config_id) for log in self.logs}:
            mine = [log for log in self.logs if (log.environment_id, log.config_id) == place]
            means = self._means(mine, said)
            succeeded = [log for log in mine if log.error_kind is None]
            usage = ArmUsage(
                len({log.trial_id for log in mine}),
                len(mine),
                len(mine) - len(succeeded),
                sum(log.usage.prompt_tokens or 0 for log in mine if log.usage),
                sum(log.usage.output_tokens or 0 for log in mine if log.usage),
                math.fsum(log.prompt_cost for log in mine if log.prompt_cost is not None),
                sum(log.prompt_cost is not None for log in mine),
                dict(Counter(bucket_of(log.duration) for log in succeeded if log.duration is not None)),
            )
            found[place] = (usage, (len(means), math.fsum(means), math.fsum(mean * mean for mean in means)))
        return found  # type: ignore[return-value]

    def _means(self, logs: list[Log], said: Mapping[LogId, Any]) -> list[float]:
        rated: dict[str, list[bool]] = defaultdict(list)
        for log in logs:
            outcome = outcome_of(said[log.id], self.labels)
            if outcome is not Outcome.UNRATED:
                rated[str(log.trial_id)].append(outcome is Outcome.POSITIVE)
        return [sum(each) / len(each) for each in rated.values()]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=40))
async def test_the_sums_are_what_adding_up_from_scratch_gives(open_named: Opener, steps: list[Any]):
    storage = await open_named(f"life {next(NUMBERS)}")
    life = Life(storage, await furnish(storage))
    for now, (name, one, two) in enumerate([("log", 0, 1), *steps], start=100):
        await life.step(name, one, two, now)
    found = (await storage.experiments.results(life.scope, [ID]))[ID]
    expected = await life.from_scratch()
    assert {(place, arm) for place, arms in found.items() for arm in arms} == set(expected)
    for (place, arm), (usage, (units, total, squares)) in expected.items():
        results = found[EnvironmentId(place)][ConfigId(arm)]
        assert results.usage == usage
        assert results.outcomes.units == units
        assert results.outcomes.total == pytest.approx(total, abs=1e-9)
        assert results.outcomes.squares == pytest.approx(squares, abs=1e-9)
    await storage.close()
