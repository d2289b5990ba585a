"""The caller goes away: what becomes of the call, and that each sample has its log."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import Finish, Generation, TextDelta, Usage
from everloop.domain.policy import OnDisconnect, Policy
from everloop.errors import FailureKind, ProviderFailure
from everloop.services.draining import Drains
from tests.fake_provider import generation
from tests.fakes import FakeHouse
from tests.unit.services.calling import command

DRAIN = Policy(on_disconnect=OnDisconnect.DRAIN)


class Held:
    """Something that a provider waits for, and that tells when it does."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()
        self.broken_off = False

    async def wait(self) -> None:
        self.reached.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.broken_off = True
            raise

    async def then(self, answer: Generation | ProviderFailure) -> Generation | ProviderFailure:
        await self.wait()
        return answer


@pytest.fixture
def held() -> Held:
    return Held()


async def follow(house: FakeHouse, policy: Policy) -> None:
    (project,) = house.directory.organisation(house.scope).projects.values()
    environment = house.directory.organisation(house.scope).default_environment
    await house.policies.put(house.scope, project.project.id, environment.id, policy)


async def hung_up(calling: Coroutine[Any, Any, Any], held: Held) -> None:
    task = asyncio.create_task(calling)
    await held.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def kept(house: FakeHouse) -> list[tuple[int, str | None, str | None]]:
    return sorted((log.sample_index, log.error_kind, log.body.output) for log in house.kept)


async def eventually(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not check():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)


async def test_a_plain_call_ends_at_the_provider_and_has_its_log(house: FakeHouse, held: Held):
    house.provider.answers(lambda: held.then(generation("late")))
    await hung_up(house.completion.complete(house.scope, command()), held)
    assert held.broken_off
    assert kept(house) == [(0, "cancelled", None)]
    assert house.kept[0].body.error == "The caller went away before the answer was complete."


async def test_samples_that_had_come_are_whole(house: FakeHouse, held: Held):
    house.provider.answers(generation("a", usage=Usage(1, 2)), lambda: held.then(generation("b")))
    await hung_up(house.completion.complete(house.scope, command(num_samples=3)), held)
    assert kept(house) == [(0, None, "a"), (1, "cancelled", None), (2, "cancelled", None)]
    assert (house.kept[0].usage, house.kept[0].finish_reason) == (Usage(1, 2), "stop")


async def test_so_are_samples_that_are_asked_for_side_by_side(house: FakeHouse, held: Held):
    house.provider.samples_together = False
    house.provider.answers(generation("a"), *[partial(held.then, generation("late"))] * 11)
    await hung_up(house.completion.complete(house.scope, command(num_samples=12)), held)
    assert kept(house) == [(0, None, "a"), *((index, "cancelled", None) for index in range(1, 12))]


async def test_a_call_that_is_being_logged_is_logged_once(house: FakeHouse, held: Held):
    house.provider.answers(generation("a"))
    house.writer.hold = asyncio.Event()
    task = asyncio.create_task(house.completion.complete(house.scope, command()))
    await eventually(lambda: bool(house.kept))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert kept(house) == [(0, None, "a")]


async def test_a_call_that_falls_back_while_its_caller_goes_has_one_log(house: FakeHouse, held: Held):
    other = await house.deploy("p", ModelConfig("n", "mock", prompt_template="Tell {{it}}"))
    await follow(house, Policy(fallbacks=(other.id,)))
    down = ProviderFailure(FailureKind.CONNECTION, "down", origin="Fake")
    house.provider.answers(generation("a"), down, lambda: held.then(generation("late")))
    await hung_up(house.completion.complete(house.scope, command(num_samples=2)), held)
    assert kept(house) == [(0, None, "a"), (1, "cancelled", None)]
    assert [log.config_id == other.id for log in sorted(house.kept, key=lambda log: log.sample_index)] == [False, True]


async def test_a_log_that_cannot_be_written_is_told_to_the_operator(
    house: FakeHouse, held: Held, caplog: pytest.LogCaptureFixture
):
    house.provider.answers(lambda: held.then(generation("late")))
    task = asyncio.create_task(house.completion.complete(house.scope, command()))
    await held.reached.wait()
    house.writer.down = True
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "1 samples of a broken call could not be logged" in caplog.text


async def test_drained_a_plain_call_goes_on(house: FakeHouse, held: Held):
    await follow(house, DRAIN)
    house.provider.answers(lambda: held.then(generation("late", usage=Usage(1, 2))))
    await hung_up(house.completion.complete(house.scope, command()), held)
    assert (kept(house), held.broken_off) == ([], False)
    held.go_on.set()
    await house.drains.finish()
    assert kept(house) == [(0, None, "late")]
    assert house.kept[0].usage == Usage(1, 2)


async def test_drained_a_stream_goes_on(house: FakeHouse, held: Held):
    await follow(house, DRAIN)
    words = [TextDelta(0, f"{number} ") for number in range(100)]
    house.provider.streams([TextDelta(0, "begun "), held.wait, *words, Finish(0, "stop", b"{}")])
    answer = await house.completion.stream(house.scope, command())
    assert (await anext(answer.chunks)).output == "begun"
    await held.reached.wait()
    await answer.chunks.aclose()
    assert (kept(house), house.provider.closed) == ([], 0)
    held.go_on.set()
    await house.drains.finish()
    (log,) = house.kept
    assert log.body.raw_output == "begun " + "".join(each.text for each in words)
    assert (log.finish_reason, log.error_kind, house.provider.closed) == ("stop", None, 1)


async def test_drained_and_with_a_caller_who_stays_all_is_as_ever(house: FakeHouse):
    await follow(house, DRAIN)
    words = [TextDelta(0, f"{number} ") for number in range(100)]
    house.provider.streams([*words, Finish(0, "stop", b"{}")])
    house.provider.answers(generation("whole"))
    answer = await house.completion.stream(house.scope, command())
    chunks = [chunk async for chunk in answer.chunks]
    assert "".join(chunk.raw_output for chunk in chunks) == "".join(each.text for each in words)
    assert (await house.completion.complete(house.scope, command())).samples[0].output == "whole"
    failed = ProviderFailure(FailureKind.BAD_REQUEST, "no", origin="Fake")
    house.provider.streams([failed])
    house.provider.answers(failed)
    with pytest.raises(ProviderFailure):
        await house.completion.complete(house.scope, command())
    answer = await house.completion.stream(house.scope, command())
    with pytest.raises(ProviderFailure):
        await anext(answer.chunks)
    assert [log.error_kind for log in house.kept] == [None, None, "bad_request", "bad_request"]


async def test_a_drained_call_that_fails_has_its_log(house: FakeHouse, held: Held):
    await follow(house, DRAIN)
    house.provider.answers(lambda: held.then(ProviderFailure(FailureKind.TIMEOUT, "slow", origin="Fake")))
    await hung_up(house.completion.complete(house.scope, command()), held)
    held.go_on.set()
    await house.drains.finish()
    assert kept(house) == [(0, "timeout", None)]


async def test_so_many_go_on_and_the_others_end(held: Held):
    drains = Drains(most=2)
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await held.wait()
        finally:
            ended.append(name)

    async def pieces() -> Any:
        try:
            yield 1
            await held.wait()
        finally:
            ended.append("stream")

    tasks = [asyncio.create_task(drains.seen_through(work(name))) for name in "abc"]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert ended == ["c"]
    stream = drains.stream_seen_through(pieces())
    assert await anext(stream) == 1
    await stream.aclose()
    assert ended == ["c", "stream"]
    held.go_on.set()
    await drains.finish()
    assert sorted(ended) == ["a", "b", "c", "stream"]


async def test_a_server_that_stops_waits_and_then_ends_them(house: FakeHouse, held: Held):
    await follow(house, DRAIN)
    house.provider.answers(lambda: held.then(generation("late")))
    await hung_up(house.completion.complete(house.scope, command()), held)
    await house.drains.finish(seconds=0.01)
    assert kept(house) == [(0, "cancelled", None)]
    await house.drains.finish()
