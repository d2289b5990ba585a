"""A whole answer is made for a caller, and broken off when the caller hangs up."""

import asyncio

import pytest

from everloop.api import attendance
from everloop.api.attendance import while_there
from everloop.api.exchange import Exchange
from everloop.errors import NotFound
from tests.asgi import Conversation


@pytest.fixture
def conversation() -> Conversation:
    return Conversation()


@pytest.fixture
async def exchange(conversation: Conversation) -> Exchange:
    exchange = Exchange(conversation.receive, conversation.send, b"id-1")
    await exchange.read_body(None, 10, lambda _: None)
    return exchange


class Making:
    """An answer that waits, and tells when it is broken off."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended: str | None = None

    async def make(self) -> str:
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.ended = "broken off"
            raise
        self.ended = "complete"
        return "answer"


async def test_a_quick_answer_is_not_looked_after(exchange: Exchange):
    making = Making()
    making.go_on.set()
    before = len(asyncio.all_tasks())
    assert await while_there(exchange, making.make()) == "answer"
    await asyncio.sleep(attendance._UNATTENDED * 1.5)
    assert len(asyncio.all_tasks()) == before


async def test_a_slow_one_comes_all_the_same(exchange: Exchange, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attendance, "_UNATTENDED", 0.001)
    making = Making()
    task = asyncio.create_task(while_there(exchange, making.make()))
    await asyncio.sleep(0.05)
    making.go_on.set()
    assert await task == "answer"
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_it_ends_with_its_caller(exchange: Exchange, conversation: Conversation):
    making = Making()
    task = asyncio.create_task(while_there(exchange, making.make()))
    await making.begun.wait()
    conversation.hang_up()
    async with asyncio.timeout(10):
        assert await task is None
    assert making.ended == "broken off"
    assert (exchange.gone, conversation.sent) == (True, [])
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_error_is_raised_to_who_is_there(exchange: Exchange):
    async def refuse() -> None:
        raise NotFound("no")

    with pytest.raises(NotFound):
        await while_there(exchange, refuse())


async def test_a_server_that_stops_breaks_it_off(exchange: Exchange):
    making = Making()
    task = asyncio.create_task(while_there(exchange, making.make()))
    await making.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (making.ended, exchange.gone) == ("broken off", False)
