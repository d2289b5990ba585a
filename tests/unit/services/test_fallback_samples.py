"""A fallback whose provider gives one sample a request is asked for all of them side by side."""

import asyncio
from typing import Any

import pytest

from everloop.domain.generation import Finish, Generation, TextDelta, Usage, UsageReport
from everloop.errors import FailureKind, ProviderFailure
from everloop.services.side_by_side import AT_ONCE
from tests.fake_provider import generation
from tests.fakes import FakeHouse
from tests.unit.services.test_fallback import Troupe, command, failure


@pytest.fixture
async def troupe() -> Troupe:
    made = Troupe(await FakeHouse.build())
    await made.enter()
    made.second.samples_together = False
    return made


def kept(troupe: Troupe) -> list[tuple[int, Any, Any, Any]]:
    logs = sorted(troupe.house.kept, key=lambda log: log.sample_index)
    return [(log.sample_index, log.body.raw_output, log.error_kind, log.usage) for log in logs]


def spoken(text: str, *before_the_end: Any) -> list[Any]:
    return [TextDelta(0, text), *before_the_end, Finish(0, "stop", b"{}"), UsageReport(Usage(2, len(text)))]


async def test_plain(troupe: Troupe):
    out = most = 0
    all_out = asyncio.Event()

    async def answer() -> Generation:
        nonlocal out, most
        out, most = out + 1, max(most, out + 1)
        if out == AT_ONCE:
            all_out.set()
        await all_out.wait()
        out -= 1
        return generation("a", usage=Usage(3, 1), latency=2.0)

    troupe.first.answers(failure())
    troupe.second.answers(*([answer] * 10))
    async with asyncio.timeout(5):
        answered = await troupe.complete(num_samples=10)
    assert [each.index for each in answered.samples] == list(range(10))
    assert most == AT_ONCE
    assert [call.request.samples for call, _ in troupe.second.calls] == [1] * 10
    assert kept(troupe) == [(place, "a", None, Usage(3, 1)) for place in range(10)], "none is estimated"
    assert {log.provider_latency for log in troupe.house.kept} == {2.0}
    assert len(answered.provider_responses) == 10


async def test_plain_and_the_next_one_gives_what_it_did_not(troupe: Troupe):
    troupe.first.answers(failure())
    troupe.second.answers(failure(FailureKind.RATE_LIMIT), generation("a"), failure(FailureKind.TIMEOUT))
    troupe.third.answers(generation("b", "c"))
    answered = await troupe.complete(num_samples=3)
    _, two, three = (each.id for each in troupe.versions)
    assert [(each.output, each.config_id) for each in answered.samples] == [("a", two), ("b", three), ("c", three)]
    assert len(troupe.house.kept) == 3


async def test_plain_and_the_caller_goes_away(troupe: Troupe):
    asked, never = asyncio.Event(), asyncio.Event()

    async def silence() -> Generation:
        asked.set()
        await never.wait()
        raise AssertionError

    troupe.first.answers(failure())
    troupe.second.answers(*[generation("a", usage=Usage(3, 1))] * 2, silence)
    calling = asyncio.create_task(troupe.complete(num_samples=3))
    await asyncio.wait_for(asked.wait(), 5)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert [(text, kind) for _, text, kind, _ in kept(troupe)] == [("a", None), ("a", None), (None, "cancelled")]


async def test_streamed(troupe: Troupe):
    meeting = asyncio.Barrier(3)
    troupe.first.streams([failure()])
    troupe.second.streams(*(spoken(each, meeting.wait) for each in ("a", "bb", "ccc")))
    async with asyncio.timeout(5):
        answer, chunks = await troupe.stream(num_samples=3)
    usages = {each.index: each.usage for each in chunks if each.finish_reason}
    assert usages == {0: Usage(2, 1), 1: Usage(2, 2), 2: Usage(2, 3)}
    assert kept(troupe) == [(place, text, None, usages[place]) for place, text in enumerate(("a", "bb", "ccc"))]
    assert answer.config_ids == [troupe.versions[1].id] * 3
    assert troupe.second.closed == 3


async def test_streamed_and_one_of_them_fails(troupe: Troupe):
    troupe.first.streams([failure()])
    troupe.second.streams([failure(FailureKind.RATE_LIMIT)], spoken("b"), [TextDelta(0, "c"), failure()])
    _, chunks = await troupe.stream(num_samples=3)
    assert sorted((each.index, each.error is not None) for each in chunks if each.error or each.finish_reason) == [
        (0, True),
        (1, False),
        (2, True),
    ]
    found = [(text, kind) for _, text, kind, _ in kept(troupe)]
    assert found == [(None, "rate_limit"), ("b", None), ("c", "overloaded")]
    assert kept(troupe)[2][3] == Usage(2, 1, estimated=True), "its prompt was sent for it alone"
    assert not troupe.third.calls


async def test_streamed_and_all_of_them_fail(troupe: Troupe):
    troupe.first.streams([failure()])
    troupe.second.streams(*([failure(FailureKind.TIMEOUT)] for _ in range(3)))
    troupe.third.streams(
        [*spoken("a")[:-1], TextDelta(1, "b"), Finish(1, "stop", b"{}"), TextDelta(2, "c"), Finish(2, "stop", b"{}")]
    )
    await troupe.stream(num_samples=3)
    assert [text for _, text, _, _ in kept(troupe)] == ["a", "b", "c"]
    assert [log.config_id for log in troupe.house.kept] == [troupe.versions[2].id] * 3


async def test_streamed_and_nobody_answers(troupe: Troupe):
    troupe.first.streams([failure()])
    troupe.second.streams(*([failure(FailureKind.TIMEOUT)] for _ in range(3)))
    troupe.third.streams([failure(FailureKind.RATE_LIMIT, "no more")])
    with pytest.raises(ProviderFailure, match="no more"):
        await troupe.stream(num_samples=3)
    assert [kind for _, _, kind, _ in kept(troupe)] == ["rate_limit"] * 3


async def test_a_stream_that_is_closed_closes_them_all(troupe: Troupe):
    never = asyncio.Event()
    troupe.first.streams([failure()])
    acts: list[Any] = [TextDelta(0, "a"), never.wait]
    troupe.second.streams(*[acts] * 10)
    answer = await troupe.house.completion.stream(troupe.house.scope, command(num_samples=10))
    await anext(answer.chunks)
    await answer.chunks.aclose()
    assert len(troupe.second.calls) == troupe.second.closed == AT_ONCE
    assert [kind for _, _, kind, _ in kept(troupe)] == ["cancelled"] * 10
