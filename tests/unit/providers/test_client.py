"""The HTTP client by itself; what it does for a provider is in tests/contract/providers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind
from everloop.providers.client import Answer, HttpClient, TransportFailure
from everloop.providers.target import Target
from tests.upstream import STREAM_END, STREAM_HEAD, End, Upstream, http, piece, raw


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture
def upstream(server: Upstream) -> Upstream:
    server.reset()
    return server


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(Timeouts(2, 2, 2, 4), longest_answer=1000)
    yield client
    await client.close()


def url(upstream: Upstream) -> Target:
    return Target.of(upstream.base_url + "/x")


async def test_a_whole_answer(upstream: Upstream, client: HttpClient):
    upstream.answer(raw(http(418, b"short", {"x-odd": "1"})))
    answer = await client.post(url(upstream), b"body", {"X-Mine": "2"}, 4)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["X-ODD"], answer.body) == (418, "1", b"short")
    assert upstream.requests[0].headers["x-mine"] == "2"
    assert upstream.requests[0].body == b"body"


async def test_a_body_comes_in_pieces(upstream: Upstream, client: HttpClient):
    upstream.answer(raw(STREAM_HEAD, piece(b"one"), 0.05, piece(b"two"), 0.05, STREAM_END))
    incoming = await client.open(url(upstream), b"", {}, 4)
    assert [await incoming.next(), await incoming.next(), await incoming.next()] == [b"one", b"two", b""]
    assert await incoming.next() == b""
    incoming.close()


@pytest.mark.parametrize(("length", "fits"), [(1000, True), (1001, False)])
async def test_the_longest_answer(upstream: Upstream, client: HttpClient, length: int, fits: bool):
    upstream.answer(raw(http(200, b"x" * length)))
    if fits:
        assert len((await client.post(url(upstream), b"", {}, 4)).body) == length
        return
    with pytest.raises(TransportFailure) as caught:
        await client.post(url(upstream), b"", {}, 4)
    assert caught.value.kind is FailureKind.MALFORMED
    assert "more than 1,000 bytes" in caught.value.message


async def test_a_seconds_left_limit_the_call(upstream: Upstream, client: HttpClient):
    upstream.answer(raw(End.STALL))
    with pytest.raises(TransportFailure) as caught:
        await client.post(url(upstream), b"", {}, 0.1)
    assert (caught.value.kind, caught.value.answered) == (FailureKind.TIMEOUT, False)


async def test_settling_gives_the_connection_back(upstream: Upstream, client: HttpClient):
    before = upstream.accepted
    upstream.always(raw(STREAM_HEAD, piece(b"one"), 0.02, STREAM_END))
    for _ in range(3):
        incoming = await client.open(url(upstream), b"", {}, 4)
        assert await incoming.next() == b"one"
        await incoming.settle()
        incoming.close()
    assert upstream.accepted - before == 1


async def test_settling_a_lost_connection_is_no_error(upstream: Upstream, client: HttpClient):
    upstream.answer(raw(STREAM_HEAD, piece(b"one"), 0.02, End.RESET))
    incoming = await client.open(url(upstream), b"", {}, 4)
    assert await incoming.next() == b"one"
    await incoming.settle()
    await incoming.settle()
    incoming.close()


async def test_an_idle_connection_may_be_lost_quietly(
    upstream: Upstream, client: HttpClient, caplog: pytest.LogCaptureFixture
):
    upstream.answer(raw(STREAM_HEAD, piece(b"one"), 0.02, STREAM_END, 0.02, End.RESET))
    with caplog.at_level(logging.DEBUG, logger="asyncio"):
        assert (await client.post(url(upstream), b"", {}, 4)).body == b"one"
        assert await asyncio.to_thread(upstream.idle)
        await asyncio.sleep(0.05)
        upstream.answer(raw(http(200, b"two")))
        assert (await client.post(url(upstream), b"", {}, 4)).body == b"two"
    assert "never retrieved" not in caplog.text


async def test_a_client_that_was_never_used_can_be_closed():
    await HttpClient().close()
