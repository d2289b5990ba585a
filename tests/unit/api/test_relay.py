import asyncio
from contextlib import suppress

import pytest

from everloop.api import relay as relaying
from everloop.api import sse
from everloop.api.exchange import Exchange
from everloop.api.relay import relay
from everloop.errors import NotFound
from tests.asgi import Conversation


@pytest.fixture
def conversation():
    return Conversation()


@pytest.fixture
async def exchange(conversation):
    exchange = Exchange(conversation.receive, conversation.send, b"id-1")
    await exchange.read_body(None, 10, lambda _: None)
    return exchange


class Frames:
    """Gives what it was told, and remembers how it ended."""

    def __init__(self, *acts):
        self.acts = acts
        self.ended = None

    async def come(self):
        try:
            for act in self.acts:
                if isinstance(act, bytes):
                    yield act
                elif isinstance(act, Exception):
                    raise act
                else:
                    await act()
            self.ended = "complete"
        finally:
            self.ended = self.ended or "closed"


async def test_frames_go_out_as_they_come_and_the_answer_ends(exchange, conversation):
    frames = Frames(b"one", b"two")
    await relay(exchange, frames.come())
    assert (conversation.status, conversation.body, conversation.complete) == (200, b"onetwo", True)
    assert conversation.headers[b"content-type"].startswith(b"text/event-stream")
    assert len(conversation.sent) == 4
    assert frames.ended == "complete"


async def test_an_error_before_the_first_frame_is_raised_with_nothing_sent(exchange, conversation):
    with pytest.raises(NotFound):
        await relay(exchange, Frames(NotFound("x")).come())
    assert conversation.sent == []


async def test_a_stream_of_nothing_is_an_answer(exchange, conversation):
    await relay(exchange, Frames().come())
    assert conversation.complete


@pytest.mark.parametrize("before", [(), (b"one",)])
async def test_hanging_up_closes_the_frames_and_harms_nobody(exchange, conversation, before):
    frames = Frames(*before, asyncio.Event().wait)
    task = asyncio.ensure_future(relay(exchange, frames.come()))
    await asyncio.sleep(0.01)
    conversation.hang_up()
    async with asyncio.timeout(5):
        await task
    assert frames.ended == "closed"
    assert exchange.gone
    assert not task.cancelling()


async def test_a_server_that_stops_cancels_the_relay_itself(exchange):
    frames = Frames(b"one", asyncio.Event().wait)
    task = asyncio.ensure_future(relay(exchange, frames.come()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert frames.ended == "closed"


async def test_work_after_the_hang_up_is_seen_through(exchange, conversation):
    recorded = []

    async def frames():
        try:
            yield b"one"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.02)
            recorded.append("log")

    task = asyncio.ensure_future(relay(exchange, frames()))
    await asyncio.sleep(0.01)
    conversation.hang_up()
    await task
    assert recorded == ["log"]


async def test_a_silent_stream_is_kept_warm_once_it_has_begun(exchange, conversation, monkeypatch):
    monkeypatch.setattr(relaying, "_PING_SECONDS", 0.01)
    go_on = asyncio.Event()

    async def send(message):
        conversation.sent.append(message)
        if conversation.body.count(sse.PING) == 2:
            go_on.set()

    exchange._send = send
    task = asyncio.ensure_future(relay(exchange, Frames(b"one", go_on.wait, b"two").come()))
    async with asyncio.timeout(5):
        await task
    assert conversation.body.startswith(b"one: ping\n\n")
    assert conversation.body.endswith(b"two")


async def test_nothing_is_sent_before_the_first_frame(exchange, conversation, monkeypatch):
    monkeypatch.setattr(relaying, "_PING_SECONDS", 0.001)
    task = asyncio.ensure_future(relay(exchange, Frames(asyncio.Event().wait).come()))
    await asyncio.sleep(0.05)
    assert conversation.sent == []
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_no_task_is_left_behind(exchange):
    before = asyncio.all_tasks()
    await relay(exchange, Frames(b"one").come())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
