"""What a log says of how its call went, whatever became of it: tries, latency, tokens, cost."""

import asyncio
from contextlib import aclosing

import pytest

from everloop.domain.generation import Failure, Finish, Retried, TextDelta, Usage, UsageReport
from everloop.errors import FailureKind, ProviderFailure
from everloop.services.prices import NewPrice
from tests.fake_provider import generation
from tests.unit.services.calling import command


def failure(tries=0, latency=None):
    failure = ProviderFailure(FailureKind.OVERLOADED, "busy", origin="Fake")
    failure.tries, failure.latency = tries, latency
    return failure


async def streamed(house, **changes):
    answer = await house.completion.stream(house.scope, command(**changes))
    return [chunk async for chunk in answer.chunks]


def passing(house, seconds):
    async def wait():
        house.clock.pass_(seconds)

    return wait


def told(log):
    return log.provider_calls, log.provider_latency


async def test_a_failure_tells_its_tries_and_its_latency(house):
    house.provider.answers(failure(3, 1.5))
    with pytest.raises(ProviderFailure):
        await house.completion.complete(house.scope, command())
    (log,) = house.kept
    assert (told(log), log.error_kind, log.usage) == ((3, 1.5), "overloaded", None)


async def test_a_call_that_never_left_has_no_latency(house):
    house.provider.answers(failure())
    house.provider.streams([failure()])
    for call in (house.completion.complete(house.scope, command()), streamed(house)):
        with pytest.raises(ProviderFailure):
            await call
    assert [told(log) for log in house.kept] == [(0, None), (0, None)]


async def test_samples_that_never_came_share_the_account_of_those_that_did(house):
    house.provider.answers(generation("one", latency=1, attempts=2), failure(3, 1.5))
    with pytest.raises(ProviderFailure):
        await house.completion.complete(house.scope, command(num_samples=2))
    assert [told(log) for log in house.kept] == [(5, 2.5), (5, 2.5)]


async def test_a_stream_that_was_begun_anew(house):
    house.provider.streams([Retried(2), passing(house, 2), TextDelta(0, "x"), Finish(0, "stop", b"{}")])
    await streamed(house)
    assert [told(log) for log in house.kept] == [(3, 2)]


async def test_a_stream_that_was_refused(house):
    house.provider.streams([failure(3, 1.5)])
    with pytest.raises(ProviderFailure):
        await streamed(house)
    assert [told(log) for log in house.kept] == [(3, 1.5)]


async def test_a_stream_that_broke(house):
    steps = [Retried(1), TextDelta(0, "half of it"), passing(house, 3), Failure(None, failure())]
    house.provider.streams(steps)
    await streamed(house)
    (log,) = house.kept
    assert (told(log), log.time_to_first_token, log.body.output) == ((2, 3), 0, "half of it")
    assert (log.usage, log.prompt_cost, log.output_cost) == (Usage(2, 3, estimated=True), 2, 6)


async def test_a_stream_that_broke_after_the_count_has_the_count(house):
    house.provider.streams([TextDelta(0, "half of it"), UsageReport(Usage(7, 8)), Failure(None, failure())])
    await streamed(house)
    assert [log.usage for log in house.kept] == [Usage(7, 8)]


async def test_a_stream_whose_caller_left(house):
    house.provider.streams([TextDelta(0, "half"), passing(house, 3), TextDelta(0, " of it"), TextDelta(0, " never")])
    answer = await house.completion.stream(house.scope, command())
    async with aclosing(answer.chunks) as chunks:
        await anext(chunks)
        await anext(chunks)
    (log,) = house.kept
    assert (told(log), log.error_kind, log.body.output) == ((1, 3), "cancelled", "half of it")
    assert log.usage == Usage(2, 3, estimated=True)


async def test_a_provider_that_is_asked_again_for_the_rest(house):
    house.provider.streams(
        [Retried(1), TextDelta(0, "one"), Finish(0, "stop", b"{}")],
        [Retried(1), TextDelta(0, "two"), Finish(0, "stop", b"{}")],
    )
    await streamed(house, num_samples=2)
    assert [log.provider_calls for log in house.kept] == [2, 4]


async def test_a_provider_that_fails_when_it_is_asked_for_the_rest(house):
    house.provider.streams([TextDelta(0, "one"), Finish(0, "stop", b"{}")], [failure(3, 1)])
    await streamed(house, num_samples=2)
    assert [(log.provider_calls, log.error_kind) for log in house.kept] == [(1, None), (4, "overloaded")]


async def test_a_plain_call_whose_caller_left(house):
    asked = asyncio.Event()

    async def never(*_):
        asked.set()
        await asyncio.Event().wait()

    house.provider.complete = never
    call = asyncio.create_task(house.completion.complete(house.scope, command()))
    await asked.wait()
    house.clock.pass_(3)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    (log,) = house.kept
    assert (log.error_kind, log.provider_latency, log.added_latency) == ("cancelled", 3, 0)


async def test_an_own_price_goes_before_the_published_one(house):
    await house.prices.put(house.scope, NewPrice("fake", "m", 500_000.0, 0.0))
    await house.prices.put(house.scope, NewPrice("fake", "another", 7.0, 7.0))
    house.provider.answers(generation("a", usage=Usage(3, 4)), generation("a", usage=Usage(3, 4)))
    await house.completion.complete(house.scope, command())
    own = next(each for each in await house.prices.all(house.scope) if each.model == "m")
    await house.prices.delete(house.scope, own.id)
    await house.completion.complete(house.scope, command())
    assert [(log.prompt_cost, log.output_cost) for log in house.kept] == [(1.5, 0.0), (3, 8)]
