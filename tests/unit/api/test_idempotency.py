import asyncio
import json
from typing import Any

import pytest

from everloop.api import idempotency
from everloop.api.errors import V4
from everloop.api.exchange import Exchange
from everloop.api.idempotency import Once
from everloop.api.openai.errors import OPENAI
from everloop.domain.idempotency import Claim
from everloop.domain.ids import OrganisationId
from everloop.domain.scope import Scope
from everloop.errors import Conflict, FailureKind, ProviderFailure, Unavailable
from everloop.services.idempotency import IdempotencyService
from tests.asgi import Conversation
from tests.fake_machine import FakeClock, FakeIds

CALLER = Scope(OrganisationId("org_1"), "key_1")


class OneRow:
    """`ports.idempotency.IdempotencyStore` for one key in one process.

    Those on databases are tested in `tests/contract/stores`.
    """

    def __init__(self):
        self.row = None
        self.kept = None
        self.failure = None

    async def claim(self, scope, call, owner, now, until):
        if self.row is None:
            self.row = Claim(call.fingerprint, owner, until, answered=False)
        return self.row

    async def holding(self, scope, call):
        return self.row

    async def answer(self, scope, call):
        return self.kept

    async def keep(self, scope, call, owner, answer, until):
        if self.failure:
            raise self.failure
        self.row, self.kept = Claim(call.fingerprint, owner, until, answered=True), answer
        return True

    async def release(self, scope, call, owner):
        self.row = None


class Desk:
    """Takes calls of one handler, which does what `act` does."""

    def __init__(self):
        self.store = OneRow()
        store: Any = self.store
        self.service = IdempotencyService(store=store, clock=FakeClock(), ids=FakeIds())
        self.once = Once(self.service)
        self.made = 0
        self.go = asyncio.Event()
        self.act = self.plain

    async def plain(self, exchange):
        await self.go.wait()
        await exchange.answer(200, b"{}")

    async def streamed(self, exchange):
        await exchange.start(200, [])
        await exchange.piece(b"one")
        await self.go.wait()
        await exchange.piece(b"two")
        await exchange.last()

    async def handle(self, caller, body, exchange):
        assert exchange.idempotency_key is None
        self.made += 1
        await self.act(exchange)

    def call(self, body=b'{"a":1}', wording=V4):
        conversation = Conversation()
        exchange = Exchange(conversation.receive, conversation.send, b"id")
        exchange.idempotency_key = b"key"
        exchange.wording = wording

        async def answer():
            await exchange.read_body(None, 10, lambda _: None)
            await self.once.answer("op", self.handle, CALLER, body, exchange, save=True)

        return conversation, asyncio.create_task(answer())


@pytest.fixture
def desk():
    return Desk()


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0.001)


async def test_who_waits_gets_what_the_first_got(desk):
    calls = [desk.call() for _ in range(3)]
    await until(lambda: desk.made)
    desk.go.set()
    await asyncio.gather(*(task for _, task in calls))
    assert [conversation.body for conversation, _ in calls] == [b"{}"] * 3
    replayed = [b"idempotent-replayed" in conversation.headers for conversation, _ in calls]
    assert replayed == [False, True, True]
    assert desk.made == 1


async def test_a_providers_failure_is_said_in_the_words_of_the_api_that_was_called(desk):
    async def fail(exchange):
        raise ProviderFailure(FailureKind.OVERLOADED, "busy", origin="Vendor")

    desk.act = fail
    conversation, task = desk.call(wording=OPENAI)
    await task
    assert (conversation.status, json.loads(conversation.body)["error"]["message"]) == (503, "Vendor: busy")


async def test_a_stream_reaches_the_first_as_it_comes(desk):
    desk.act = desk.streamed
    conversation, task = desk.call()
    await until(lambda: conversation.body == b"one")
    assert not conversation.complete
    desk.go.set()
    await task
    assert (conversation.body, conversation.complete) == (b"onetwo", True)


async def test_the_first_stays_until_the_end_although_the_caller_hung_up(desk):
    desk.act = desk.streamed
    conversation, task = desk.call()
    await until(lambda: conversation.body == b"one")
    conversation.hang_up()
    done, _ = await asyncio.wait({task}, timeout=0.05)
    assert not done
    desk.go.set()
    await task
    assert desk.store.kept is not None
    again, second = desk.call()
    await second
    assert again.body == b"onetwo"
    assert desk.made == 1


async def test_who_waits_and_hangs_up_leaves(desk):
    _, first = desk.call()
    await until(lambda: desk.made)
    waits, second = desk.call()
    await asyncio.sleep(0.01)
    waits.hang_up()
    async with asyncio.timeout(5):
        await second
    assert waits.sent == []
    desk.go.set()
    await first


async def test_a_server_that_stops_breaks_off_the_call_and_tells_who_waits(desk):
    _, first = desk.call()
    await until(lambda: desk.made)
    _, second = desk.call()
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    with pytest.raises(Unavailable, match="broken off"):
        await second
    assert desk.store.row is None, "the key is free"


async def test_who_waits_does_not_wait_for_ever(desk, monkeypatch):
    monkeypatch.setattr(idempotency, "_PATIENCE_SECONDS", 0.01)
    _, first = desk.call()
    await until(lambda: desk.made)
    _, second = desk.call()
    with pytest.raises(Unavailable, match="not answered yet"):
        await second
    desk.go.set()
    await first


async def test_a_refusal_is_told_to_all_and_kept_for_nobody(desk):
    async def refuse(_):
        await desk.go.wait()
        raise Unavailable("overload")

    desk.act = refuse
    calls = [desk.call() for _ in range(2)]
    await until(lambda: desk.made)
    desk.go.set()
    results = await asyncio.gather(*(task for _, task in calls), return_exceptions=True)
    assert [str(each) for each in results] == ["overload"] * 2
    assert (desk.store.row, desk.made) == (None, 1)


async def test_a_failure_of_the_provider_is_kept(desk):
    async def fail(_):
        raise ProviderFailure(FailureKind.RATE_LIMIT, "slow down", origin="OpenAI", retry_after=3)

    desk.act = fail
    for replayed in (False, True):
        conversation, task = desk.call()
        await task
        assert (conversation.status, conversation.headers[b"retry-after"]) == (429, b"3")
        assert (b"idempotent-replayed" in conversation.headers) is replayed
    assert desk.made == 1


async def test_an_answer_that_cannot_be_kept_is_not_given(desk):
    desk.go.set()
    desk.store.failure = Unavailable("The database's disk is full.")
    conversation, task = desk.call()
    with pytest.raises(Unavailable, match="disk is full"):
        await task
    assert conversation.sent == []


async def test_an_unforeseen_error_is_raised_and_frees_the_key(desk):
    async def stumble(_):
        raise RuntimeError("a bug")

    desk.act = stumble
    _, task = desk.call()
    with pytest.raises(RuntimeError):
        await task
    assert desk.store.row is None


async def test_bodies_are_compared_by_what_they_say(desk):
    desk.go.set()
    for body in (b'{"a":1,"b":[1.5,"\\u00e9"]}', b' {"b": [1.5, "\xc3\xa9"],\n"a": 1}'):
        await desk.call(body)[1]
    assert desk.made == 1
    for other in (b'{"a":1.0,"b":[1.5,"\\u00e9"]}', b'{"a":1}', b'{"a":1,"b":["\\u00e9",1.5]}'):
        with pytest.raises(Conflict):
            await desk.call(other)[1]
