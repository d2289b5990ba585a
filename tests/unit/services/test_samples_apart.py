"""Providers that give one sample a request are asked for all samples side by side."""

import asyncio
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.document import Document
from everloop.domain.generation import Finish, Generation, TextDelta, Usage, UsageReport
from everloop.domain.reference import ProjectReference
from everloop.errors import FailureKind, ProviderFailure
from everloop.services.command import CompletionCommand
from everloop.services.side_by_side import AT_ONCE
from tests.fake_provider import generation
from tests.fakes import FakeHouse

BROKEN = ProviderFailure(FailureKind.RATE_LIMIT, "slow down", origin="Fake", upstream_code=429)


@pytest.fixture
async def house() -> FakeHouse:
    house = await FakeHouse.build()
    await house.deploy("p", ModelConfig("m", "fake", prompt_template="Say {{it}}"))
    house.provider.samples_together = False
    return house


def command(samples: int) -> CompletionCommand:
    inputs = Document({"it": "x"}, b'{"it":"x"}')
    return CompletionCommand(project=ProjectReference("p"), inputs=inputs, num_samples=samples)


async def test_a_plain_call_asks_for_each_with_its_own_count(house: FakeHouse):
    house.provider.answers(*(generation(each, usage=Usage(3, number)) for number, each in enumerate("abc")))
    answer = await house.completion.complete(house.scope, command(3))
    assert [(each.index, each.output) for each in answer.samples] == [(0, "a"), (1, "b"), (2, "c")]
    assert [call.request.samples for call, _ in house.provider.calls] == [1, 1, 1]
    assert len(answer.provider_responses) == 3
    assert answer.provider_request == b'{"samples":1}'
    logs = sorted(house.kept, key=lambda log: log.sample_index)
    assert [log.usage for log in logs] == [Usage(3, 0), Usage(3, 1), Usage(3, 2)], "none is estimated"
    assert answer.usage == Usage(9, 3)
    assert [log.id for log in logs] == [each.log_id for each in answer.samples]


async def test_so_many_are_out_at_once_and_no_more(house: FakeHouse):
    out = most = 0
    all_out = asyncio.Event()

    async def answer() -> Generation:
        nonlocal out, most
        out += 1
        most = max(most, out)
        if out == AT_ONCE:
            all_out.set()
        await all_out.wait()
        out -= 1
        return generation("a")

    house.provider.answers(*([answer] * 20))
    found = await house.completion.complete(house.scope, command(20))
    assert len(found.samples) == 20
    assert most == AT_ONCE


async def test_one_that_fails_fails_the_call_and_the_others_are_kept(house: FakeHouse):
    house.provider.answers(generation("a"), BROKEN, generation("c"))
    with pytest.raises(ProviderFailure) as caught:
        await house.completion.complete(house.scope, command(3))
    assert caught.value is BROKEN
    kept = {log.sample_index: (log.error_kind, log.body.output) for log in house.kept}
    assert kept == {0: (None, "a"), 1: ("rate_limit", None), 2: (None, "c")}


async def test_a_streamed_call_has_them_side_by_side(house: FakeHouse):
    meeting = asyncio.Barrier(3)

    def stream(text: str) -> list[Any]:
        return [TextDelta(0, text), meeting.wait, Finish(0, "stop", b"{}"), UsageReport(Usage(2, 5))]

    house.provider.streams(*(stream(each) for each in "abc"))
    async with asyncio.timeout(5):
        answer = await house.completion.stream(house.scope, command(3))
        chunks = [chunk async for chunk in answer.chunks]
    texts = {index: "".join(each.output for each in chunks if each.index == index) for index in range(3)}
    assert sorted(texts.values()) == ["a", "b", "c"]
    assert [call.request.samples for call, _ in house.provider.calls] == [1, 1, 1]
    ends = [(chunk.index, chunk.finish_reason, chunk.usage) for chunk in chunks if chunk.finish_reason]
    assert sorted(ends) == [(index, "stop", Usage(2, 5)) for index in range(3)]
    assert {log.sample_index: log.body.output for log in house.kept} == texts
    assert [log.usage for log in house.kept] == [Usage(2, 5)] * 3


async def test_a_stream_that_is_closed_logs_also_those_that_had_not_begun(house: FakeHouse):
    never = asyncio.Event()
    acts: list[Any] = [TextDelta(0, "a"), never.wait]
    house.provider.streams(*[acts] * 12)
    answer = await house.completion.stream(house.scope, command(12))
    await anext(answer.chunks)
    await answer.chunks.aclose()
    assert len(house.provider.calls) == house.provider.closed == AT_ONCE
    assert sorted(log.sample_index for log in house.kept) == list(range(12))
    assert {log.error_kind for log in house.kept} == {"cancelled"}


async def test_one_sample_is_one_request(house: FakeHouse):
    house.provider.answers(generation("a"))
    await house.completion.complete(house.scope, command(1))
    assert len(house.provider.calls) == 1
    assert len(house.writer.appends) == 1
