import asyncio

import pytest

from everloop.api.exchange import Exchange
from everloop.errors import BadRequest, TooLarge, Unavailable
from tests.asgi import Conversation


def exchange_of(*parts):
    conversation = Conversation(parts)
    return Exchange(conversation.receive, conversation.send, b"id-1"), conversation


@pytest.mark.parametrize("parts", [(b"",), (b"abc",), (b"a", b"", b"bc"), (b"a", b"bc", b"")])
async def test_a_body_is_read_whole_however_it_comes(parts):
    exchange, _ = exchange_of(*parts)
    held: list[int] = []
    assert await exchange.read_body(None, 3, held.append) == b"".join(parts)
    assert sum(held) == len(b"".join(parts))


@pytest.mark.parametrize("parts", [(b"abcd",), (b"abc", b"d", b"never read"), (b"abcd", b"never read")])
async def test_a_body_over_the_limit_is_not_read_on(parts):
    exchange, conversation = exchange_of(*parts)
    with pytest.raises(TooLarge, match="limit of 3 bytes"):
        await exchange.read_body(None, 3, lambda _: None)
    assert conversation.received < len(parts) or parts[-1] != b"never read"


@pytest.mark.parametrize("parts", [(b"abcd",), (b"abc", b"d", b"never read")])
async def test_a_body_that_has_no_room_is_not_read_on(parts):
    exchange, conversation = exchange_of(*parts)
    held = 0

    def hold(size):
        nonlocal held
        held += size
        if held > 3:
            raise Unavailable("full")

    with pytest.raises(Unavailable):
        await exchange.read_body(None, 10, hold)
    assert conversation.received < len(parts) or parts[-1] != b"never read"


async def test_a_body_that_says_it_is_too_large_is_not_read_at_all():
    exchange, conversation = exchange_of(b"abcd")
    with pytest.raises(TooLarge):
        await exchange.read_body(4, 3, lambda _: None)
    assert conversation.received == 0


async def test_half_a_body_is_nobodys():
    exchange, conversation = exchange_of(b"abc", b"d")
    conversation.parts = (b"abc", b"d")

    async def receive():
        if conversation.received:
            return {"type": "http.disconnect"}
        return await conversation.receive()

    exchange = Exchange(receive, conversation.send, b"id-1")
    with pytest.raises(BadRequest):
        await exchange.read_body(None, 10, lambda _: None)
    assert exchange.gone


async def test_a_caller_who_went_before_anything_is_gone():
    async def receive():
        return {"type": "http.disconnect"}

    exchange = Exchange(receive, Conversation().send, b"id-1")
    with pytest.raises(BadRequest):
        await exchange.read_body(None, 10, lambda _: None)
    assert exchange.gone


async def test_an_answer_has_its_length_and_the_requests_id():
    exchange, conversation = exchange_of(b"")
    await exchange.answer(201, b"{}")
    assert (conversation.status, conversation.body, conversation.complete) == (201, b"{}", True)
    assert conversation.headers[b"content-length"] == b"2"
    assert conversation.headers[b"content-type"] == b"application/json"
    assert conversation.headers[b"x-request-id"] == b"id-1"
    assert exchange.status == 201


async def test_hanging_up_is_noticed():
    exchange, conversation = exchange_of(b"a", b"b")
    waiting = asyncio.ensure_future(exchange.disconnected())
    await asyncio.sleep(0)
    assert not exchange.gone
    conversation.hang_up()
    await waiting
    assert exchange.gone


def refused(exchange, patience):
    return exchange.refuse_body(413, b"no", [(b"x-own", b"1")], patience)


async def test_a_refusal_is_said_before_the_rest_of_the_body_is_thrown_away():
    exchange, conversation = exchange_of(b"abc", b"def", b"ghi")
    with pytest.raises(TooLarge):
        await exchange.read_body(None, 2, lambda _: None)

    async def receive():
        assert conversation.body == b"no"
        return await conversation.receive()

    exchange._receive = receive
    await refused(exchange, 100)
    assert (conversation.status, conversation.complete, conversation.received) == (413, True, 3)
    assert conversation.headers[b"connection"] == b"close"
    assert conversation.headers[b"content-length"] == b"2"


async def test_patience_with_a_body_has_an_end(monkeypatch):
    exchange, conversation = exchange_of(*[b"abc"] * 9)
    await refused(exchange, 5)
    assert (conversation.complete, conversation.received) == (True, 2)
    exchange, conversation = exchange_of()
    monkeypatch.setattr("everloop.api.exchange._PATIENCE_SECONDS", 0.01)
    await refused(exchange, 5)
    assert conversation.complete
