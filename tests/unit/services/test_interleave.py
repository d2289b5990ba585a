"""A streamed call whose samples are drawn apart: several provider streams, one answer."""

import asyncio
from contextlib import aclosing

import pytest

from everloop.domain.assignment import assign, sample_unit
from everloop.domain.generation import Finish, TextDelta, Usage, UsageReport
from everloop.errors import FailureKind, ProviderFailure
from tests.unit.services.experimenting import Stage

BROKEN = ProviderFailure(FailureKind.CONNECTION, "it broke", origin="Second")
SAMPLES = 6


@pytest.fixture
async def stage():
    return await Stage.build()


def drawn(stage, user="ada"):
    """The arm of each sample."""
    salt, weights = stage.experiment.salt, stage.experiment.weights
    return [assign(sample_unit(f"user:{user}", index), salt, weights) for index in range(SAMPLES)]


def whole(count, name):
    """The stream of a provider that was asked for so many samples."""
    for index in range(count):
        yield TextDelta(index, f"{name} ")
        yield TextDelta(index, f"{index}")
        yield Finish(index, "stop", b"{}")
    yield UsageReport(Usage(count, 2 * count))


async def stream(stage):
    return await stage.house.completion.stream(stage.house.scope, stage.called(user="ada", num_samples=SAMPLES))


def text(chunks, index):
    return "".join(chunk.raw_output for chunk in chunks if chunk.index == index)


async def test_every_sample_comes_whole_under_its_own_place_and_config(stage):
    arms = drawn(stage)
    assert len(set(arms)) == 2, "the user was chosen so that both arms are drawn"
    stage.house.provider.streams(list(whole(arms.count(stage.one.id), "one")))
    stage.second.streams(list(whole(arms.count(stage.two.id), "two")))
    answer = await stream(stage)
    chunks = [chunk async for chunk in answer.chunks]

    assert list(answer.config_ids) == arms
    seen = {stage.one.id: 0, stage.two.id: 0}
    for index, arm in enumerate(arms):
        name = "one" if arm == stage.one.id else "two"
        assert text(chunks, index) == f"{name} {seen[arm]}"
        seen[arm] += 1
    ends = [chunk for chunk in chunks if chunk.finish_reason]
    assert sorted(chunk.index for chunk in ends) == list(range(SAMPLES))
    logs = {log.sample_index: log for log in stage.house.kept}
    assert {index: log.config_id for index, log in logs.items()} == dict(enumerate(arms))
    assert {chunk.index: chunk.log_id for chunk in chunks} == {index: log.id for index, log in logs.items()}
    assert len({log.trial_id for log in logs.values()}) == SAMPLES


async def test_one_provider_does_not_wait_for_the_other(stage):
    arms = drawn(stage)
    gate = asyncio.Event()
    stage.house.provider.streams([gate.wait, *whole(arms.count(stage.one.id), "one")])
    stage.second.streams(list(whole(arms.count(stage.two.id), "two")))
    answer = await stream(stage)
    waiting = {index for index, arm in enumerate(arms) if arm == stage.one.id}
    ended: set[int] = set()
    while len(ended) < SAMPLES - len(waiting):
        chunk = await asyncio.wait_for(anext(answer.chunks), 10)
        assert chunk.index not in waiting
        if chunk.finish_reason:
            ended.add(chunk.index)
    gate.set()
    rest = [chunk async for chunk in answer.chunks]
    assert {chunk.index for chunk in rest} == waiting


async def test_a_failure_before_everything_is_raised_and_every_sample_has_its_log(stage):
    never = asyncio.Event()
    stage.house.provider.streams([never.wait])
    stage.second.streams([BROKEN])
    answer = await stream(stage)
    with pytest.raises(ProviderFailure, match="it broke"):
        await anext(answer.chunks)
    kinds = {log.sample_index: (log.config_id, log.error_kind) for log in stage.house.kept}
    arms = drawn(stage)
    assert kinds == {
        index: (arm, "cancelled" if arm == stage.one.id else "connection") for index, arm in enumerate(arms)
    }
    assert stage.house.provider.closed == 1


async def test_a_failure_after_others_have_begun_ends_its_own_samples_only(stage):
    arms = drawn(stage)
    begun = asyncio.Event()
    stage.house.provider.streams(list(whole(arms.count(stage.one.id), "one")))
    stage.second.streams([begun.wait, BROKEN])
    answer = await stream(stage)
    chunks = [await anext(answer.chunks)]
    begun.set()
    chunks += [chunk async for chunk in answer.chunks]
    failed = {chunk.index for chunk in chunks if chunk.error is not None}
    assert failed == {index for index, arm in enumerate(arms) if arm == stage.two.id}
    assert {chunk.index for chunk in chunks if chunk.finish_reason} == set(range(SAMPLES)) - failed
    assert len(stage.house.kept) == SAMPLES


async def test_an_error_that_nobody_foresaw_is_raised_even_then(stage):
    begun = asyncio.Event()

    async def bug():
        await begun.wait()
        raise RuntimeError("a bug")

    stage.house.provider.streams(list(whole(drawn(stage).count(stage.one.id), "one")))
    stage.second.streams([bug])
    answer = await stream(stage)
    await anext(answer.chunks)
    begun.set()
    with pytest.raises(RuntimeError, match="a bug"):
        async for _ in answer.chunks:
            pass


async def test_a_caller_who_goes_away_ends_all_streams_and_every_sample_is_logged(stage):
    arms = drawn(stage)
    never = asyncio.Event()
    stage.house.provider.streams([TextDelta(0, "begun"), never.wait])
    stage.second.streams([TextDelta(0, "begun"), never.wait])
    before = asyncio.all_tasks()
    answer = await stream(stage)
    async with aclosing(answer.chunks) as chunks:
        first = {(await anext(chunks)).index, (await anext(chunks)).index}
    assert first == {arms.index(stage.one.id), arms.index(stage.two.id)}
    assert [log.error_kind for log in stage.house.kept] == ["cancelled"] * SAMPLES
    assert {log.sample_index for log in stage.house.kept if log.body.raw_output == "begun"} == first
    assert (stage.house.provider.closed, stage.second.closed) == (1, 1)
    assert asyncio.all_tasks() == before


async def test_a_reader_who_is_slow_makes_the_providers_wait(stage):
    sent = 0

    async def count():
        nonlocal sent
        sent += 1

    acts = [act for number in range(200) for act in (count, TextDelta(0, f"{number}"))]
    stage.house.provider.streams([*acts, Finish(0, "stop", b"{}")])
    stage.second.streams([asyncio.Event().wait])
    answer = await stream(stage)
    async with aclosing(answer.chunks) as chunks:
        await anext(chunks)
        for _ in range(50):
            await asyncio.sleep(0)
        assert sent < 30
