"""Who answers when what is live does not, and what the log tells of it."""

import json
from typing import Any

import pytest

from everloop.domain.config import ConfigVersion, Endpoint, ModelConfig
from everloop.domain.deployment import ConfigTarget, ExperimentTarget
from everloop.domain.document import Document
from everloop.domain.generation import Failure, Finish, Retried, TextDelta, Usage, UsageReport
from everloop.domain.ids import ConfigId
from everloop.domain.policy import Policy, Timeouts
from everloop.domain.reference import ProjectReference
from everloop.errors import FailureKind, ProviderFailure
from everloop.services.command import CompletionCommand
from tests.fake_provider import FakeProvider, generation
from tests.fakes import FakeHouse
from tests.unit.services.experimenting import Stage

FALLS_BACK = [
    FailureKind.RATE_LIMIT,
    FailureKind.OVERLOADED,
    FailureKind.SERVER_ERROR,
    FailureKind.TIMEOUT,
    FailureKind.CONNECTION,
]
OTHERS = [each for each in FailureKind if each not in FALLS_BACK]


def failure(kind: FailureKind = FailureKind.OVERLOADED, words: str = "busy", tries: int = 3) -> ProviderFailure:
    failed = ProviderFailure(kind, words, origin="Fake", upstream_code=503)
    failed.tries, failed.latency = tries, 1.5
    return failed


class Troupe:
    """What is live at `fake`, and fallbacks at providers of their own."""

    def __init__(self, house: FakeHouse) -> None:
        self.house = house
        self.first = house.provider
        self.second = house.providers.providers["second"] = FakeProvider(origin="Second")
        self.third = house.providers.providers["third"] = FakeProvider(origin="Third")
        self.versions: list[ConfigVersion] = []

    async def enter(self, policy: Policy | None = None, **second: Any) -> None:
        configs = [
            ModelConfig("one", "fake", prompt_template="Say {{it}}"),
            ModelConfig("two", "second", prompt_template="Tell {{it}}", **second),
            ModelConfig("three", "third", prompt_template="Shout {{it}}"),
        ]
        for config in configs:
            self.versions.append(await self.house.deploy("p", config))
        await self.follow(policy or Policy())

    async def follow(self, policy: Policy, fallbacks: list[ConfigId] | None = None) -> None:
        ids = tuple(each.id for each in self.versions[1:]) if fallbacks is None else tuple(fallbacks)
        policy = Policy(policy.timeouts, ids, policy.on_disconnect)
        environment = self.house.directory.organisation(self.house.scope).default_environment
        await self.house.policies.put(self.house.scope, self.versions[0].project_id, environment.id, policy)

    async def complete(self, **changes: Any) -> Any:
        return await self.house.completion.complete(self.house.scope, command(**changes))

    async def stream(self, **changes: Any) -> Any:
        answer = await self.house.completion.stream(self.house.scope, command(**changes))
        return answer, [chunk async for chunk in answer.chunks]


def command(**changes: Any) -> CompletionCommand:
    given: dict[str, Any] = {"project": ProjectReference("p"), "inputs": Document({"it": "x"}, b'{"it":"x"}')}
    return CompletionCommand(**(given | changes))


def attempts(log: Any) -> Any:
    return None if log.body.attempts is None else json.loads(log.body.attempts)


@pytest.fixture
async def troupe() -> Troupe:
    made = Troupe(await FakeHouse.build())
    await made.enter()
    return made


@pytest.mark.parametrize("kind", FALLS_BACK)
async def test_the_next_config_answers(troupe: Troupe, kind: FailureKind):
    troupe.first.answers(failure(kind))
    troupe.second.answers(generation("Hello", usage=Usage(3, 4)))
    answer = await troupe.complete()
    one, two, _ = troupe.versions
    assert troupe.house.metrics.added == [-1.5], (
        "the clock stands still, and the first provider took a second and a half"
    )
    assert [(each.output, each.config_id) for each in answer.samples] == [("Hello", two.id)]
    assert [call.request.prompt for call, _ in troupe.second.calls] == ["Tell x"]
    (log,) = troupe.house.kept
    assert (log.config_id, log.error_kind, log.arm_id) == (two.id, None, None)
    assert (answer.provider_request, log.body.provider_request) == (b'{"samples":1}', b'{"samples":1}')
    assert attempts(log) == [
        {
            "config_id": one.id,
            "provider": "fake",
            "model": "one",
            "kind": kind.value,
            "status": 503,
            "tries": 3,
            "seconds": 1.5,
            "error": "busy",
        }
    ]


@pytest.mark.parametrize("kind", FALLS_BACK)
async def test_so_it_does_in_a_stream(troupe: Troupe, kind: FailureKind):
    troupe.first.streams([Retried(2), failure(kind)])
    troupe.second.streams([TextDelta(0, "Hello"), Finish(0, "stop", b"{}"), UsageReport(Usage(3, 4))])
    answer, chunks = await troupe.stream()
    one, two, _ = troupe.versions
    assert "".join(chunk.output for chunk in chunks) == "Hello"
    assert list(answer.config_ids) == [two.id]
    (log,) = troupe.house.kept
    assert (log.config_id, log.body.output, log.provider_calls) == (two.id, "Hello", 1)
    assert [(each["config_id"], each["kind"], each["tries"]) for each in attempts(log)] == [(one.id, kind.value, 3)]
    assert troupe.first.closed == troupe.second.closed == 1


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_what_the_call_itself_is_guilty_of_is_told(troupe: Troupe, kind: FailureKind, streamed: bool):
    troupe.first.answers(failure(kind))
    troupe.first.streams([failure(kind)])
    with pytest.raises(ProviderFailure) as caught:
        await (troupe.stream() if streamed else troupe.complete())
    assert caught.value.kind is kind
    assert troupe.second.calls == []
    (log,) = troupe.house.kept
    assert (log.config_id, log.error_kind, attempts(log)) == (troupe.versions[0].id, kind.value, None)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_when_nobody_answers_the_last_failure_is_told(troupe: Troupe, streamed: bool):
    """Whatever a fallback fails with, the next is asked."""
    last = failure(FailureKind.TIMEOUT, "slow")
    for provider, failed in (
        (troupe.first, failure()),
        (troupe.second, failure(FailureKind.AUTHENTICATION, "bad key", tries=1)),
        (troupe.third, last),
    ):
        provider.answers(failed)
        provider.streams([failed])
    with pytest.raises(ProviderFailure) as caught:
        await (troupe.stream() if streamed else troupe.complete())
    assert caught.value is last
    (log,) = troupe.house.kept
    one, two, three = troupe.versions
    assert (log.config_id, log.error_kind, log.body.error) == (three.id, "timeout", "slow")
    found = [(each["config_id"], each["kind"], each["error"]) for each in attempts(log)]
    assert found == [(one.id, "overloaded", "busy"), (two.id, "authentication", "bad key")]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_a_fallback_that_cannot_be_asked_is_passed_over(streamed: bool):
    troupe = Troupe(await FakeHouse.build())
    troupe.second.needs_key = True
    await troupe.enter()
    wants = await troupe.house.deploy("p", ModelConfig("four", "third", prompt_template="Say {{it}} to {{whom}}"))
    chat = await troupe.house.deploy("p", ModelConfig("five", "third", endpoint=Endpoint.CHAT))
    one, two, three = troupe.versions
    await troupe.follow(Policy(), [two.id, wants.id, three.id])
    organisation = troupe.house.memory
    place, live = next((at, row) for at, (_, row) in enumerate(organisation.deployments) if row.ended_at is None)
    assert live.policy is not None
    live.policy.fallbacks = (two.id, wants.id, chat.id, three.id)  # type: ignore[misc]
    organisation.changed(troupe.house.scope.organisation_id, one.project_id)
    await troupe.house.directory.refresh()
    assert place >= 0
    troupe.first.answers(failure())
    troupe.first.streams([failure()])
    troupe.third.answers(generation("Hello"))
    troupe.third.streams([TextDelta(0, "Hello"), Finish(0, "stop", b"{}")])
    await (troupe.stream() if streamed else troupe.complete())
    (log,) = troupe.house.kept
    assert (log.config_id, log.body.output) == (three.id, "Hello")
    tried = attempts(log)
    assert [(each["config_id"], each["kind"], each["tries"]) for each in tried] == [
        (one.id, "overloaded", 3),
        (two.id, "passed_over", 0),
        (wants.id, "passed_over", 0),
        (chat.id, "passed_over", 0),
    ]
    assert "There is no key for provider 'second'" in tried[1]["error"]
    assert "Missing input variables: whom" in tried[2]["error"]
    assert "a chat config, which cannot answer a complete call" in tried[3]["error"]
    assert troupe.second.calls == []


async def test_all_passed_over_is_said_of_the_one_that_failed():
    troupe = Troupe(await FakeHouse.build())
    troupe.second.needs_key = troupe.third.needs_key = True
    await troupe.enter()
    troupe.first.answers(failure())
    with pytest.raises(ProviderFailure, match="busy"):
        await troupe.complete()
    (log,) = troupe.house.kept
    assert (log.config_id, log.error_kind) == (troupe.versions[0].id, "overloaded")
    assert [each["kind"] for each in attempts(log)] == ["passed_over", "passed_over"]


async def test_without_save_the_attempts_have_no_words(troupe: Troupe):
    troupe.first.answers(failure())
    troupe.second.answers(generation("Hello"))
    await troupe.complete(save=False)
    (log,) = troupe.house.kept
    (attempt,) = attempts(log)
    assert (attempt["error"], attempt["kind"], attempt["tries"]) == (None, "overloaded", 3)
    assert (log.body.output, log.body.inputs) == (None, None)


async def test_nothing_is_taken_back_once_a_word_has_come(troupe: Troupe):
    troupe.first.streams([TextDelta(0, "Hel"), Failure(None, failure())])
    _, chunks = await troupe.stream()
    assert chunks[-1].error is not None
    (log,) = troupe.house.kept
    assert (log.config_id, log.body.output, log.error_kind) == (troupe.versions[0].id, "Hel", "overloaded")
    assert attempts(log) is None


async def test_samples_that_had_come_stay_and_the_others_are_the_fallbacks(troupe: Troupe):
    troupe.first.answers(generation("a", usage=Usage(1, 1)), failure())
    troupe.second.answers(generation("b", "c", usage=Usage(2, 2)))
    answer = await troupe.complete(num_samples=3)
    one, two, _ = troupe.versions
    wanted = [(0, "a", one.id), (1, "b", two.id), (2, "c", two.id)]
    assert [(each.index, each.output, each.config_id) for each in answer.samples] == wanted
    kept = [(log.sample_index, log.body.output, log.config_id, bool(attempts(log))) for log in troupe.house.kept]
    assert kept == [(0, "a", one.id, False), (1, "b", two.id, True), (2, "c", two.id, True)]
    assert [log.id for log in troupe.house.kept] == [each.log_id for each in answer.samples]


async def test_the_total_holds_over_all_of_them(troupe: Troupe):
    await troupe.follow(Policy(Timeouts(1, 2, 3, 10)))

    async def slow(seconds: float) -> ProviderFailure:
        troupe.house.clock.pass_(seconds)
        return failure()

    troupe.first.answers(lambda: slow(4))
    troupe.second.answers(lambda: slow(5.5))
    troupe.third.answers(generation("late"))
    assert (await troupe.complete()).samples[0].output == "late"
    asked = [call.request.timeouts for each in (troupe.first, troupe.second, troupe.third) for call, _ in each.calls]
    assert asked == [Timeouts(1, 2, 3, 10), Timeouts(1, 2, 3, 6), Timeouts(1, 2, 3, 0.5)]
    troupe.first.answers(lambda: slow(4))
    troupe.second.answers(lambda: slow(6))
    with pytest.raises(ProviderFailure):
        await troupe.complete()
    assert len(troupe.third.calls) == 1
    assert troupe.house.kept[-1].config_id == troupe.versions[1].id


async def test_without_a_policy_nothing_falls_back_and_the_limits_are_the_usual_ones(troupe: Troupe):
    await troupe.follow(Policy(), [])
    troupe.first.answers(failure())
    with pytest.raises(ProviderFailure):
        await troupe.complete()
    ((call, _),) = troupe.first.calls
    assert call.request.timeouts is None
    assert troupe.second.calls == []


async def test_a_call_of_a_config_of_its_own_has_no_place_and_no_policy(troupe: Troupe):
    troupe.first.answers(failure())
    with pytest.raises(ProviderFailure):
        await troupe.complete(config_id=troupe.versions[0].id)
    assert troupe.second.calls == []


async def test_what_is_live_by_now_is_not_asked_again_as_its_own_fallback(troupe: Troupe):
    one, two, three = troupe.versions
    await troupe.house.deployments.deploy(troupe.house.scope, one.project_id, ConfigTarget(two.id), None)
    troupe.second.answers(failure())
    troupe.third.answers(generation("Hello"))
    await troupe.complete()
    (log,) = troupe.house.kept
    assert (log.config_id, [each["config_id"] for each in attempts(log)]) == (three.id, [two.id])


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
async def test_an_experiment_counts_the_arm(streamed: bool):
    stage = await Stage.build()
    house = stage.house
    backup = FakeProvider(origin="Third")
    house.providers.providers["third"] = backup
    three = await house.deploy("p", ModelConfig("three", "third", prompt_template="Shout {{it}}"))
    await house.deployments.deploy(house.scope, stage.project_id, ExperimentTarget(stage.id), None)
    environment = house.directory.organisation(house.scope).default_environment
    policy = Policy(fallbacks=(stage.one.id, three.id))
    await house.policies.put(house.scope, stage.project_id, environment.id, policy)
    for each in (house.provider, stage.second):
        each.answers(failure())
        each.streams([failure()])
    backup.answers(generation("Hello"))
    backup.streams([TextDelta(0, "Hello"), Finish(0, "stop", b"{}")])
    if streamed:
        answer = await house.completion.stream(house.scope, stage.deployed(user="u"))
        assert "".join([chunk.output async for chunk in answer.chunks]) == "Hello"
    else:
        await house.completion.complete(house.scope, stage.deployed(user="u"))
    (log,) = house.kept
    assert log.experiment_id == stage.id
    assert log.config_id == three.id
    assert log.arm_id in (stage.one.id, stage.two.id)
    trial = house.memory.trials[house.scope.organisation_id, log.trial_id or pytest.fail("no trial")]
    assert trial.config_id == log.arm_id
    assert attempts(log)[0]["config_id"] == log.arm_id
