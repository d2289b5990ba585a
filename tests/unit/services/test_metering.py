import asyncio

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import Failure, Finish, TextDelta, Usage
from everloop.domain.ids import ApiKeyId, LimitId
from everloop.domain.limit import Limit, Measure, Period, Spent, Subject, SubjectKind
from everloop.domain.reference import ProjectReference
from everloop.domain.scope import Scope
from everloop.errors import FailureKind, LimitReached, MissingInputs, ProviderFailure, Unavailable
from everloop.services.command import CompletionCommand
from everloop.services.metering import UsageMeter
from everloop.services.prices import NewPrice
from tests.fake_provider import generation
from tests.unit.services.calling import command

# The fakes' clock: 2023-11-14T22:13:20Z.
MINUTE_ENDS = "2023-11-14T22:14:00Z"
DAY_ENDS = "2023-11-15T00:00:00Z"


def project_of(house):
    (view,) = house.directory.organisation(house.scope).projects.values()
    return view.project


async def limited(house, amount, measure=Measure.REQUESTS, period=Period.MINUTE, subject=None):
    subject = subject or Subject(SubjectKind.PROJECT, project_of(house).id)
    state = await house.limits.create(house.scope, subject, measure, period, float(amount))
    return state.limit


async def call(house, scope=None, usage=None, **changes):
    house.provider.answers(generation("a", usage=usage or Usage(3, 4)))
    return await house.completion.complete(scope or house.scope, command(**changes))


async def refused(house, scope=None, **changes):
    called = len(house.provider.calls)
    with pytest.raises(LimitReached) as caught:
        await house.completion.complete(scope or house.scope, command(**changes))
    assert len(house.provider.calls) == called
    return caught.value


async def test_the_call_beyond_a_limit_is_refused_before_anything_is_done(house):
    limit = await limited(house, 2)
    await call(house)
    await call(house)
    error = await refused(house)
    assert error.retry_after == 40.0
    for word in ("'p'", limit.subject.id, "2 requests per minute", MINUTE_ENDS, limit.id):
        assert word in error.message
    assert len(house.kept) == 2
    with pytest.raises(LimitReached):
        await house.completion.stream(house.scope, command())


async def test_a_new_minute_begins_anew_and_a_day_does_not(house):
    await limited(house, 1)
    day = await limited(house, 2, period=Period.DAY)
    await call(house)
    await refused(house)
    house.clock.pass_(40)
    await call(house)
    error = await refused(house)
    assert day.id in error.message  # the minute is used up as well, but ends sooner
    assert DAY_ENDS in error.message
    assert error.retry_after == 6_360.0
    house.clock.pass_(6_360)
    await call(house)


async def test_a_call_with_several_samples_is_one_request(house):
    limit = await limited(house, 5)
    house.provider.answers(generation("a", "b", "c"))
    await house.completion.complete(house.scope, command(num_samples=3))
    assert house.meter.used(house.scope, limit) == 1


async def test_what_is_refused_does_not_count_and_what_begins_does(house):
    limit = await limited(house, 2)
    with pytest.raises(MissingInputs):
        await house.completion.complete(house.scope, CompletionCommand(project=ProjectReference("p")))
    assert house.meter.used(house.scope, limit) == 1
    await call(house)
    await refused(house)
    assert house.meter.used(house.scope, limit) == 2


async def test_tokens_count_when_they_are_known(house):
    limit = await limited(house, 10, Measure.TOKENS)
    await call(house, usage=Usage(3, 4))
    await call(house, usage=Usage(300, 4))
    assert house.meter.used(house.scope, limit) == 311
    assert "10 tokens per minute" in (await refused(house)).message


async def test_cost_counts_in_dollars(house):
    limit = await limited(house, 0.01, Measure.COST, Period.DAY)
    await house.prices.put(house.scope, NewPrice("fake", "m", 1000.0, 2000.0))
    await call(house, usage=Usage(3, 4))
    assert house.meter.used(house.scope, limit) == pytest.approx(0.011)
    assert "0.01 US dollars per day" in (await refused(house)).message


async def test_what_came_of_a_broken_stream_counts(house):
    limit = await limited(house, 1000, Measure.TOKENS)
    house.provider.streams(
        [TextDelta(0, "12345678"), Failure(None, ProviderFailure(FailureKind.CONNECTION, "gone", origin="Fake"))]
    )
    answer = await house.completion.stream(house.scope, command())
    assert [chunk async for chunk in answer.chunks]
    assert house.meter.used(house.scope, limit) == 4  # 2 of the prompt, 2 of the output
    house.provider.streams([TextDelta(0, "x"), Finish(0, "stop", b"{}")])
    answer = await house.completion.stream(house.scope, command())
    assert [chunk async for chunk in answer.chunks]
    assert house.meter.used(house.scope, limit) == 7


async def test_a_log_that_could_not_be_kept_at_first_counts_once(house):
    limit = await limited(house, 1000, Measure.TOKENS)
    append, failures = house.writer.append, iter([Unavailable("full")])

    async def sometimes(scope, logs):
        for failure in failures:
            raise failure
        await append(scope, logs)

    house.writer.append = sometimes
    house.provider.streams([TextDelta(0, "12345678"), Finish(0, "stop", b"{}")])
    answer = await house.completion.stream(house.scope, command())
    assert isinstance([chunk async for chunk in answer.chunks][-1].error, Unavailable)
    assert len(house.kept) == 1
    assert house.meter.used(house.scope, limit) == 4


async def test_a_key_is_limited_whatever_it_calls_and_others_are_not(house):
    key, _ = await house.api_keys.create(house.scope, "checkout")
    mine = Scope(house.scope.organisation_id, key.id)
    await limited(house, 1, subject=Subject(SubjectKind.API_KEY, ApiKeyId(key.id)))
    await call(house, mine)
    error = await refused(house, mine)
    assert f"The API key 'checkout' ({key.id})" in error.message
    await call(house)
    await house.deploy("q", ModelConfig(model="m", provider="fake", prompt_template="Hi"))
    with pytest.raises(LimitReached):
        await house.completion.complete(mine, CompletionCommand(project=ProjectReference("q")))


async def test_without_limits_nothing_is_counted_or_asked(house):
    await call(house)
    await house.meter.exchange()
    assert (house.used_store.exchanges, house.memory.used) == (0, {})


async def test_a_limit_that_is_raised_or_deleted_lets_calls_in_at_once(house):
    limit = await limited(house, 1)
    await call(house)
    await refused(house)
    await house.limits.update(house.scope, limit.id, 2.0)
    await call(house)
    await refused(house)
    await house.limits.delete(house.scope, limit.id)
    await call(house)


async def test_processes_learn_what_the_others_used(house):
    other = await house.beside()
    limit = await limited(house, 3)
    await other.directory.refresh()
    await call(house)
    await call(house)
    assert other.meter.used(other.scope, limit) == 0
    for each in (house, other):
        await each.meter.exchange()
    assert other.meter.used(other.scope, limit) == 2
    await call(other)
    await refused(other)
    await other.meter.exchange()
    await house.meter.exchange()
    await refused(house)
    assert {spent.requests for spent in house.memory.used.values()} == {3}


async def test_a_process_that_starts_knows_what_was_told(house):
    await limited(house, 1)
    await call(house)
    await house.meter.tell()
    after = await house.beside()
    await after.meter.exchange()
    await refused(after)


async def test_nothing_is_told_twice_or_lost_while_the_database_is_away(house):
    limit = await limited(house, 100)
    await call(house)
    house.used_store.away = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await house.meter.exchange()
        await call(house)
    assert house.meter.used(house.scope, limit) == 3
    house.used_store.away = False
    for _ in range(2):
        await house.meter.exchange()
    assert house.meter.used(house.scope, limit) == 3
    assert list(house.memory.used.values()) == [Spent(3, 21, 3 * 11.0)]


async def test_limits_are_shown_while_nothing_can_be_told(house):
    await limited(house, 100)
    await call(house)
    house.used_store.away = True
    assert [each.used for each in await house.limits.all(house.scope)] == [1]


async def test_what_begins_while_it_is_told_is_told_the_next_time(house):
    limit = await limited(house, 100)
    await call(house)
    exchange = house.used_store.exchange

    async def slow(used, windows):
        await call(house)
        return await exchange(used, windows)

    house.used_store.exchange = slow
    await house.meter.exchange()
    assert house.meter.used(house.scope, limit) == 2
    house.used_store.exchange = exchange
    await house.meter.exchange()
    assert house.meter.used(house.scope, limit) == 2
    assert [each.requests for each in house.memory.used.values()] == [2]


async def test_periods_that_are_over_are_forgotten_and_swept(house):
    await limited(house, 100)
    await call(house)
    await house.meter.exchange()
    before = house.clock.now()
    rounds = 0

    async def sleep(_):
        nonlocal rounds
        rounds += 1
        house.clock.pass_(60)
        if rounds > 4:
            raise asyncio.CancelledError

    meter = UsageMeter(directory=house.directory, used=house.used_store, clock=house.clock, sleep=sleep)
    await meter.exchange()
    with pytest.raises(asyncio.CancelledError):
        await meter.run()
    assert house.memory.used == {}
    assert (Period.MINUTE, Period.MINUTE.begins_at(before) + 60_000 - 120_000) in house.used_store.swept


async def test_trouble_does_not_end_the_telling(house):
    await limited(house, 100)
    await call(house)
    rounds = 0

    async def sleep(_):
        nonlocal rounds
        rounds += 1
        house.used_store.away = rounds < 3
        if rounds > 3:
            raise asyncio.CancelledError

    meter = UsageMeter(directory=house.directory, used=house.used_store, clock=house.clock, sleep=sleep)
    meter.admit(house.scope, project_of(house))
    with pytest.raises(asyncio.CancelledError):
        await meter.run()
    assert [each.requests for each in house.memory.used.values()] == [1]


@pytest.mark.parametrize(
    ("measure", "amount", "words"),
    [
        (Measure.REQUESTS, 1.0, "1 request per minute"),
        (Measure.TOKENS, 1e12, "1000000000000 tokens per minute"),
        (Measure.COST, 1.0, "1 US dollar per minute"),
        (Measure.COST, 0.015, "0.015 US dollars per minute"),
    ],
)
def test_words(measure, amount, words):
    subject = Subject(SubjectKind.API_KEY, ApiKeyId("key_1"))
    assert Limit(LimitId("lim_1"), subject, measure, Period.MINUTE, amount, 1, 1).words == words
