from typing import Any

import pytest

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.deployment import ConfigTarget
from everloop.domain.document import Document
from everloop.domain.generation import Sample, Usage
from everloop.domain.reference import LinkReference, ProjectReference
from everloop.errors import (
    BadRequest,
    FailureKind,
    InvalidFields,
    MissingInputs,
    NotFound,
    ProviderFailure,
    Unavailable,
    Unprocessable,
)
from everloop.services.command import CompletionCommand
from tests.fake_provider import generation
from tests.fakes import FakeHouse

BROKEN = ProviderFailure(FailureKind.RATE_LIMIT, "slow down", origin="Fake", upstream_code=429, retry_after=7)
CONFIG = ModelConfig(model="m", provider="fake", prompt_template="Say {{it}}")
INPUTS = Document({"it": "x"}, b'{"it":"x"}')


@pytest.fixture
async def house():
    house = await FakeHouse.build()
    await house.deploy("p", CONFIG)
    return house


def command(**changes):
    given: dict[str, Any] = {"project": ProjectReference("p"), "inputs": INPUTS} | changes
    return CompletionCommand(**given)


async def test_the_answer_and_its_log_say_the_same(house):
    house.provider.answers(generation(" Hi \n", usage=Usage(3, 4, 2), latency=0.5, attempts=2))
    answer = await house.completion.complete(
        house.scope,
        command(
            user="u", seed=5, logprobs=2, suffix="s", source="src", source_datapoint_id="evtc_1",
            metadata=Document({"k": 1}, b'{"k":1}'),
        ),
    )  # fmt: skip

    (sample,) = answer.samples
    (log,) = house.kept
    assert (sample.log_id, sample.index, sample.output, sample.raw_output) == (log.id, 0, "Hi", " Hi \n")
    assert (answer.project_id, answer.samples[0].config_id, answer.session_id) == (log.project_id, log.config_id, None)
    assert answer.usage == log.usage == Usage(3, 4, 2)
    assert (answer.provider_request, answer.provider_responses) == (
        log.body.provider_request,
        (log.body.provider_response,),
    )
    assert (log.body.inputs, log.body.metadata, log.body.output, log.body.raw_output) == (
        b'{"it":"x"}', b'{"k":1}', "Hi", " Hi \n",
    )  # fmt: skip
    assert (log.user, log.source, log.source_datapoint_id, log.provider_calls) == ("u", "src", "evtc_1", 2)
    assert (log.provider_latency, log.prompt_cost, log.output_cost, log.finish_reason) == (0.5, 3, 8, "stop")
    (request,) = [call.request for call, _ in house.provider.calls]
    assert (request.prompt, request.user, request.seed, request.logprobs, request.suffix, request.samples) == (
        "Say x", "u", 5, 2, "s", 1,
    )  # fmt: skip
    assert not request.streamed


async def test_several_samples_are_several_logs_of_one_call(house):
    house.provider.answers(generation("a", "b", "c", usage=Usage(4, 9)))
    answer = await house.completion.complete(house.scope, command(num_samples=3))

    assert [(each.index, each.output) for each in answer.samples] == [(0, "a"), (1, "b"), (2, "c")]
    assert [log.id for log in house.kept] == [each.log_id for each in answer.samples]
    assert len(house.writer.appends) == 1
    assert answer.usage.prompt_tokens == 4
    assert answer.usage.output_tokens == 9
    assert [log.usage.prompt_tokens for log in house.kept] == [4, 0, 0]


async def test_a_provider_that_ignores_n_is_asked_again(house):
    house.provider.answers(generation("a", usage=Usage(1, 1)), generation("b", "c", usage=Usage(1, 2)))
    answer = await house.completion.complete(house.scope, command(num_samples=3))

    assert [call.request.samples for call, _ in house.provider.calls] == [3, 2]
    assert [each.output for each in answer.samples] == ["a", "b", "c"]
    assert len(answer.provider_responses) == 2
    assert [log.body.provider_response for log in house.kept] == [b"['a']", b"['b', 'c']", b"['b', 'c']"]
    assert (answer.usage.prompt_tokens, answer.usage.output_tokens) == (2, 3)


async def test_more_samples_than_asked_for_are_cut_off(house):
    house.provider.answers(generation("a", "b"))
    answer = await house.completion.complete(house.scope, command())
    assert [each.output for each in answer.samples] == ["a"]
    assert len(house.kept) == 1


async def test_one_failing_sample_fails_the_call_and_the_finished_ones_are_kept(house):
    house.provider.answers(generation("a"), BROKEN)
    with pytest.raises(ProviderFailure) as caught:
        await house.completion.complete(house.scope, command(num_samples=3))
    assert caught.value is BROKEN
    assert [(log.sample_index, log.error_kind, log.body.output, log.body.error) for log in house.kept] == [
        (0, None, "a", None),
        (1, "rate_limit", None, "slow down"),
        (2, "rate_limit", None, "slow down"),
    ]


async def test_an_answer_without_samples_is_a_failure(house):
    house.provider.answers(generation())
    with pytest.raises(ProviderFailure) as caught:
        await house.completion.complete(house.scope, command())
    assert caught.value.kind is FailureKind.MALFORMED
    assert [log.error_kind for log in house.kept] == ["malformed"]


async def test_what_a_provider_calls_its_samples_does_not_matter(house):
    from dataclasses import replace

    odd = replace(generation("x"), samples=(Sample(7, "x", "stop"),))
    house.provider.answers(odd)
    answer = await house.completion.complete(house.scope, command())
    assert answer.samples[0].index == 0


async def test_without_save_only_ids_numbers_and_metadata_are_kept(house):
    house.provider.answers(generation("secret text", usage=Usage(1, 2)), BROKEN)
    call = command(save=False, metadata=Document({}, b"{}"), user="u")
    answer = await house.completion.complete(house.scope, call)
    with pytest.raises(ProviderFailure):
        await house.completion.complete(house.scope, call)

    assert answer.samples[0].output == "secret text"
    kept, broken = house.kept
    for log in (kept, broken):
        body = log.body
        assert body.metadata == b"{}"
        assert (
            body.inputs,
            body.output,
            body.raw_output,
            body.error,
            body.provider_request,
            body.provider_response,
        ) == ((None,) * 6)
        assert (log.save, log.user) == (False, "u")
    assert (kept.usage, kept.finish_reason, broken.error_kind) == (Usage(1, 2), "stop", "rate_limit")


@pytest.mark.parametrize("count", [0, -1, 33, 10**30])
async def test_a_number_of_samples_out_of_range_is_refused_before_anything_happens(house, count):
    with pytest.raises(InvalidFields) as caught:
        await house.completion.complete(house.scope, command(num_samples=count))
    assert caught.value.issues[0].location == ("body", "num_samples")
    assert house.provider.calls == []
    assert house.kept == []


async def test_missing_inputs_leave_no_log(house):
    with pytest.raises(MissingInputs):
        await house.completion.complete(house.scope, command(inputs=Document({}, b"{}")))
    assert (house.provider.calls, house.kept) == ([], [])


async def test_what_the_provider_cannot_do_leaves_no_log(house):
    house.provider.refuses = "no suffix here"
    with pytest.raises(Unprocessable, match="no suffix"):
        await house.completion.complete(house.scope, command(suffix="x"))
    assert (house.provider.calls, house.kept) == ([], [])


async def test_a_call_of_a_new_project_makes_it_and_says_that_nothing_is_live(house):
    with pytest.raises(BadRequest, match=r"'new' has no active deployment in environment 'production'"):
        await house.completion.complete(house.scope, command(project=ProjectReference("new")))
    assert [each.name for each in house.memory.projects.values()] == ["p", "new"]
    assert house.kept == []


async def test_a_chat_config_cannot_be_completed(house):
    await house.deploy("chat", ModelConfig(model="m", provider="fake", endpoint=Endpoint.CHAT, chat_template=()))
    with pytest.raises(BadRequest, match="chat config"):
        await house.completion.complete(house.scope, command(project=ProjectReference("chat")))


async def test_a_config_without_a_template_cannot_be_completed(house):
    await house.deploy("bare", ModelConfig(model="m", provider="fake"))
    with pytest.raises(BadRequest, match="no prompt template"):
        await house.completion.complete(house.scope, command(project=ProjectReference("bare")))


async def test_a_provider_that_there_is_not_is_said_so(house):
    await house.deploy("odd", ModelConfig(model="m", provider="nobody", prompt_template=""))
    with pytest.raises(Unprocessable, match="nobody"):
        await house.completion.complete(house.scope, command(project=ProjectReference("odd")))


@pytest.mark.parametrize(
    "links",
    [LinkReference(session_id="sesh_no"), LinkReference(parent_id="data_no"), LinkReference(parent_reference_id="no")],
)
async def test_unknown_sessions_and_parents_are_not_found_and_leave_no_log(house, links):
    with pytest.raises(NotFound):
        await house.completion.complete(house.scope, command(links=links))
    assert (house.provider.calls, house.kept) == ([], [])


async def test_a_session_by_reference_is_made_with_its_first_log_and_needs_no_read(house):
    house.provider.answers(generation("a"), generation("b"))
    call = command(links=LinkReference(session_reference_id="talk"))
    first = await house.completion.complete(house.scope, call)
    second = await house.completion.complete(house.scope, call)
    assert first.session_id == second.session_id is not None
    assert house.session_store.reads == 0
    assert len(house.memory.sessions) == 1


async def test_a_log_with_only_a_parent_is_in_its_session(house):
    house.provider.answers(generation("a"), generation("b"))
    first = await house.completion.complete(house.scope, command(links=LinkReference(session_reference_id="talk")))
    parent = first.samples[0].log_id
    second = await house.completion.complete(house.scope, command(links=LinkReference(parent_id=parent)))
    assert second.session_id == first.session_id
    assert house.kept[1].parent_id == parent
    assert house.kept[1].session_reference_id == "talk"


async def test_the_sessions_own_name_wins_over_the_parents_session(house):
    house.provider.answers(generation("a"), generation("b"))
    first = await house.completion.complete(house.scope, command(links=LinkReference(session_reference_id="talk")))
    other = await house.sessions.create(house.scope)
    links = LinkReference(session_id=other.id, parent_id=first.samples[0].log_id)
    second = await house.completion.complete(house.scope, command(links=links))
    assert second.session_id == other.id


async def test_each_environment_answers_with_what_is_live_there(house):
    staging = await house.environments.create(house.scope, "staging")
    other = await house.deploy("p", ModelConfig(model="other", provider="fake", prompt_template="Other"))
    project_id = next(iter(house.memory.projects.values())).id
    with pytest.raises(BadRequest, match="'staging'"):
        await house.completion.complete(house.scope, command(environment="staging"))
    await house.deployments.deploy(house.scope, project_id, ConfigTarget(other.id), [staging.id])
    house.provider.answers(generation("a"), generation("b"))
    there = await house.completion.complete(house.scope, command(environment="staging"))
    here = await house.completion.complete(house.scope, command())
    assert [answer.samples[0].config_id == other.id for answer in (there, here)] == [True, False]
    assert [log.environment_id == staging.id for log in house.kept] == [True, False]


async def test_an_unknown_environment_is_not_found_and_the_names_are_listed(house):
    await house.environments.create(house.scope, "staging")
    with pytest.raises(NotFound, match="'production', 'staging'"):
        await house.completion.complete(house.scope, command(environment="nowhere"))


async def test_while_nothing_can_be_kept_nobody_is_called(house):
    house.writer.down = True
    with pytest.raises(Unavailable):
        await house.completion.complete(house.scope, command())
    assert house.provider.calls == []


async def test_a_call_in_flight_when_the_disk_fails_is_not_answered(house):
    class Failing:
        async def append(self, scope, logs):
            raise Unavailable("full")

        def check(self):
            pass

    house.completion._recorder._writer = Failing()
    house.provider.answers(generation("a"))
    with pytest.raises(Unavailable):
        await house.completion.complete(house.scope, command())


async def test_added_latency_is_what_is_left_without_the_provider(house):
    answering = house.provider.complete

    async def slow(call, key):
        house.clock.pass_(2.0)
        return await answering(call, key)

    house.provider.complete = slow
    house.provider.answers(generation("a", latency=1.5))
    await house.completion.complete(house.scope, command())
    assert house.metrics.added == [0.5]
    assert house.kept[0].duration == 2.0


async def test_the_time_of_a_failing_provider_is_not_counted_as_ours(house):
    async def slow(call, key):
        house.clock.pass_(60.0)
        raise BROKEN

    house.provider.complete = slow
    with pytest.raises(ProviderFailure):
        await house.completion.complete(house.scope, command())
    assert house.metrics.added == []


async def test_a_model_without_a_price_costs_unknown(house):
    await house.deploy("free", ModelConfig(model="unpriced", provider="fake", prompt_template=""))
    house.provider.answers(generation("a", usage=Usage(1, 1)))
    await house.completion.complete(house.scope, command(project=ProjectReference("free")))
    assert (house.kept[0].prompt_cost, house.kept[0].output_cost) == (None, None)
