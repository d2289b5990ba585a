"""Whoever waits for an answer goes away: every format hangs up on its vendor, and leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from everloop.domain.generation import Event, Retried
from everloop.domain.policy import Timeouts
from tests.contract.providers.dialects.dialect import Dialect, Said
from tests.contract.providers.dialects.speaking import KEY, Speaker, flowing
from tests.upstream import End, Reply, Upstream, raw

PATIENT = Timeouts(connect=20, first_byte=20, gap=20, total=25)
TIMES = 5
DEADLINE = 10.0  # generous; a second is what we promise


@pytest.fixture
async def speaker(upstream: Upstream, dialect: Dialect) -> AsyncIterator[Speaker]:
    speaker = Speaker(dialect, upstream.base_url, PATIENT)
    yield speaker
    await speaker.client.close()


def begun(dialect: Dialect) -> Reply:
    """A stream that has said something, and then says nothing more."""
    return flowing(dialect, dialect.streamed(Said("Hello there, this is long enough")).body, End.STALL)


async def is_hung_up(upstream: Upstream, count: int) -> bool:
    return await asyncio.to_thread(lambda: upstream.wait_for(count).hung_up.wait(DEADLINE))


async def test_in_the_middle_of_a_stream(upstream: Upstream, dialect: Dialect, speaker: Speaker):
    upstream.always(begun(dialect))
    for attempt in range(TIMES):
        events = speaker.provider.stream(speaker.provider.prepare(speaker.request(streamed=True)), KEY)
        first: Event = await anext(events)
        assert not isinstance(first, Retried)
        await events.aclose()
        assert await is_hung_up(upstream, attempt + 1)
    assert speaker.metrics.calls == [("vendor", "cancelled")] * TIMES
    assert await asyncio.to_thread(upstream.idle)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_before_anything_of_a_stream(upstream: Upstream, dialect: Dialect, speaker: Speaker):
    upstream.always(raw(End.STALL))
    await _broken_off(upstream, speaker, speaker.streamed)


async def test_while_a_plain_answer_is_made(upstream: Upstream, dialect: Dialect, speaker: Speaker):
    upstream.always(raw(End.STALL))
    await _broken_off(upstream, speaker, speaker.plain)


async def test_in_the_middle_of_a_plain_answer(upstream: Upstream, dialect: Dialect, speaker: Speaker):
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"
    upstream.always(raw(head, End.STALL))
    await _broken_off(upstream, speaker, speaker.plain)


async def _broken_off(upstream: Upstream, speaker: Speaker, call: Callable[[], Coroutine[Any, Any, object]]) -> None:
    for attempt in range(TIMES):
        task = asyncio.create_task(call())
        await asyncio.to_thread(upstream.wait_for, attempt + 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await is_hung_up(upstream, attempt + 1)
    assert speaker.metrics.calls == [("vendor", "cancelled")] * TIMES
    assert await asyncio.to_thread(upstream.idle)
    assert asyncio.all_tasks() == {asyncio.current_task()}
