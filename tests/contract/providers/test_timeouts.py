"""The four time limits of a place, in every format: each fires, says which it was, and not before its time."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import replace
from socket import socket

import pytest

from everloop.domain.generation import Failure
from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind, ProviderFailure
from tests.contract.providers.dialects.dialect import Dialect, Said
from tests.contract.providers.dialects.speaking import KEY, Speaker, flowing
from tests.upstream import End, Upstream, piece, raw, status

LONG = Timeouts(connect=20, first_byte=20, gap=20, total=40)
LIMIT = 0.4
SLACK = 0.001  # of two clocks


@pytest.fixture
async def speaker(upstream: Upstream, dialect: Dialect) -> AsyncIterator[Speaker]:
    speaker = Speaker(dialect, upstream.base_url, LONG)
    yield speaker
    await speaker.client.close()


@pytest.fixture
def deaf_url() -> Iterator[str]:
    """A port that does not take connections: its queue is full."""
    with socket() as listener, ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(8):
            each = waiting.enter_context(socket())
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}/v1"


async def fails(speaker: Speaker, timeouts: Timeouts, *, streamed: bool) -> tuple[ProviderFailure, float]:
    """The failure under the limits of a place, and how long it took."""
    call = speaker.provider.prepare(replace(speaker.request(streamed=streamed), timeouts=timeouts))
    began = time.monotonic()
    try:
        if streamed:
            *_, last = [event async for event in speaker.provider.stream(call, KEY)]
            assert isinstance(last, Failure)
            return last.error, time.monotonic() - began
        await speaker.provider.complete(call, KEY)
    except ProviderFailure as failure:
        return failure, time.monotonic() - began
    raise AssertionError("it answered")


def check(found: tuple[ProviderFailure, float], words: str, at_least: float) -> None:
    failure, seconds = found
    assert (failure.kind, words in failure.message) == (FailureKind.TIMEOUT, True), failure.message
    assert seconds >= at_least - SLACK


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
class TestEach:
    async def test_until_connected(self, dialect: Dialect, deaf_url: str, streamed: bool):
        speaker = Speaker(dialect, deaf_url, LONG)
        found = await fails(speaker, replace(LONG, connect=LIMIT), streamed=streamed)
        check(found, f"could not be connected to within {LIMIT} s", 3 * LIMIT)
        await speaker.client.close()

    async def test_until_the_answer_begins(self, upstream: Upstream, speaker: Speaker, streamed: bool):
        upstream.always(raw(End.STALL))
        found = await fails(speaker, replace(LONG, first_byte=LIMIT), streamed=streamed)
        check(found, f"did not begin to answer within {LIMIT} s", 3 * LIMIT)
        assert len(upstream.requests) == found[0].tries == 3

    async def test_in_all_with_its_retries(self, upstream: Upstream, speaker: Speaker, streamed: bool):
        """Retry-After has it wait for most of the time; then the rest is too short for an answer."""
        upstream.answer(status(503, headers={"Retry-After": "0"}))
        upstream.always(raw(End.STALL))
        found = await fails(speaker, replace(LONG, total=LIMIT), streamed=streamed)
        check(found, f"did not complete its answer within {LIMIT:g} s", LIMIT)
        assert len(upstream.requests) == 2


async def test_between_two_pieces(upstream: Upstream, dialect: Dialect, speaker: Speaker):
    upstream.always(flowing(dialect, dialect.streamed(Said("Hello there, all of you")).body, End.STALL))
    found = await fails(speaker, replace(LONG, gap=LIMIT), streamed=True)
    check(found, f"fell silent for {LIMIT} s in the middle of its answer", LIMIT)


async def test_in_all_although_something_comes_all_the_time(upstream: Upstream, dialect: Dialect, speaker: Speaker):
    body = dialect.streamed(Said("Hello there, all of you")).body
    drip = [step for _ in range(200) for step in (0.05, piece(body[-1]))]
    upstream.always(flowing(dialect, body, *drip, End.STALL))
    found = await fails(speaker, replace(LONG, total=LIMIT), streamed=True)
    check(found, "did not complete its answer within", LIMIT)
