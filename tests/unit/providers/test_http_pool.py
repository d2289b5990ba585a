"""Connections are kept for the next request, and no longer than they are good."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind
from everloop.providers import http_pool
from everloop.providers.client import HttpClient, TransportFailure
from everloop.providers.target import Target
from tests.upstream import STREAM_END, STREAM_HEAD, End, Upstream, http, piece, raw


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        server.always(raw(http(200, b"")))
        yield server


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(Timeouts(2, 2, 2, 4), connections=2)
    yield client
    await client.close()


async def post(client: HttpClient, upstream: Upstream) -> int:
    return (await client.post(Target.of(upstream.base_url), b"", {}, 4)).status


async def test_one_connection_after_the_other_is_one(upstream: Upstream, client: HttpClient):
    for _ in range(5):
        assert await post(client, upstream) == 200
    assert upstream.accepted == 1


async def test_as_many_as_are_needed_at_once_up_to_the_limit(upstream: Upstream, client: HttpClient):
    upstream.always(raw(0.05, http(200, b"")))
    assert await asyncio.gather(*(post(client, upstream) for _ in range(8))) == [200] * 8
    assert upstream.accepted == 2


async def test_waiting_for_a_turn_is_limited_as_connecting_is(upstream: Upstream):
    client = HttpClient(Timeouts(0.2, 2, 2, 4), connections=1)
    upstream.always(raw(End.STALL))
    first = asyncio.create_task(post(client, upstream))
    await asyncio.to_thread(upstream.wait_for, 1)
    with pytest.raises(TransportFailure, match="could not be connected to within") as caught:
        await post(client, upstream)
    assert caught.value.kind is FailureKind.TIMEOUT
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    upstream.always(raw(http(200, b"")))
    assert await post(client, upstream) == 200, "whoever leaves gives up its turn"
    await client.close()


async def test_refused_connections_give_their_turn_back(client: HttpClient):
    for _ in range(5):
        with pytest.raises(TransportFailure, match="could not be connected to"):
            await client.post(Target.of("http://127.0.0.1:9/"), b"", {}, 4)


@pytest.mark.parametrize(
    "reply",
    [
        raw(http(200, b"", {"connection": "close"})),
        raw(b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nand more than was asked for"),
        raw(http(200, b"") + http(200, b"unasked")),
        raw(http(200, b""), 0.02, http(200, b"unasked")),
        raw(http(200, b""), 0.02, End.RESET),
    ],
)
async def test_a_connection_that_is_no_good_is_not_used_again(upstream: Upstream, client: HttpClient, reply: object):
    upstream.answer(reply)  # type: ignore[arg-type]
    assert await post(client, upstream) == 200
    await asyncio.sleep(0.1)
    upstream.answer(raw(http(201, b"")))
    assert await post(client, upstream) == 201
    assert upstream.accepted == 2


async def test_idle_connections_are_closed_in_time(
    upstream: Upstream, client: HttpClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http_pool, "_IDLE", 0.1)
    await asyncio.gather(post(client, upstream), post(client, upstream))
    assert await asyncio.to_thread(upstream.idle)
    assert await post(client, upstream) == 200


async def test_a_connection_that_was_idle_for_too_long_is_not_trusted(
    upstream: Upstream, client: HttpClient, monkeypatch: pytest.MonkeyPatch
):
    await post(client, upstream)
    monkeypatch.setattr(http_pool, "_IDLE", 0.0)
    await asyncio.sleep(0.01)
    await post(client, upstream)
    assert upstream.accepted == 2


async def test_closing_ends_what_is_under_way(upstream: Upstream):
    client = HttpClient(Timeouts(2, 2, 2, 4))
    upstream.always(raw(STREAM_HEAD, piece(b"one"), End.STALL))
    incoming = await client.open(Target.of(upstream.base_url), b"", {}, 4)
    assert await incoming.next() == b"one"
    await client.close()
    with pytest.raises(TransportFailure, match="in the middle"):
        await incoming.next()
    assert await asyncio.to_thread(upstream.idle)


async def test_two_servers_have_connections_of_their_own(upstream: Upstream, client: HttpClient):
    with Upstream() as other:
        other.always(raw(http(202, b"")))
        assert [await post(client, each) for each in (upstream, other, upstream, other)] == [200, 202, 200, 202]
        assert (upstream.accepted, other.accepted) == (1, 1)


async def test_a_name_with_several_addresses_is_reached_at_the_one_that_answers(upstream: Upstream, client: HttpClient):
    # Where localhost has an IPv6 address, nobody listens there.
    upstream.always(raw(STREAM_HEAD, STREAM_END))
    answer = await client.post(Target.of(f"http://localhost:{upstream.port}/"), b"", {}, 4)
    assert answer.status == 200
