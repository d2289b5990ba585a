import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.api import recording as recordings
from everloop.api import sse
from everloop.api.errors import V4
from everloop.api.exchange import JSON, Exchange
from everloop.api.openai.errors import OPENAI
from everloop.api.recording import Recording, _rest, _unpressed, replay
from everloop.errors import Conflict, Unavailable
from everloop.services.idempotency import Told
from tests.asgi import Conversation

MANY = b"data: many words\n\n" * 1_000  # 18 kB


async def stream(recording, *pieces):
    await recording.exchange.start(200, list(sse.HEADERS))
    for piece in pieces:
        await recording.exchange.piece(piece)
    await recording.exchange.last()


async def told(recording, *pieces):
    await stream(recording, *pieces)
    return Told(await recording.kept(), replayed=False)


async def read(recording, task):
    return b"".join([piece async for piece in recording.pieces(task)])


async def replayed(answer):
    conversation = Conversation()
    await replay(Exchange(conversation.receive, conversation.send, b"id-2"), answer)
    return conversation


async def test_a_whole_answer_is_given_again_with_another_id():
    recording = Recording(b"id-1")
    await recording.exchange.answer(201, b'{"a":1}', [JSON, (b"retry-after", b"7")])
    assert not recording.streams.done()
    assert (recording.status, recording.whole) == (201, b'{"a":1}')
    conversation = await replayed(await recording.kept())
    assert (conversation.status, conversation.body, conversation.complete) == (201, b'{"a":1}', True)
    assert conversation.sent[0]["headers"] == [
        JSON,
        (b"retry-after", b"7"),
        (b"content-length", b"7"),
        (b"idempotent-replayed", b"true"),
        (b"x-request-id", b"id-2"),
    ]


async def test_a_large_whole_answer_is_given_again():
    recording = Recording(b"id-1")
    await recording.exchange.answer(200, MANY * 100)
    answer = await recording.kept()
    assert answer.body is not None
    assert len(answer.body) < len(MANY)
    conversation = await replayed(answer)
    assert conversation.body == MANY * 100
    assert max(len(each["body"]) for each in conversation.sent[1:]) <= 64 * 1024


async def test_a_stream_is_read_as_it_comes_and_given_again_without_its_pings():
    recording = Recording(b"id-1")
    go = asyncio.Event()

    async def run():
        await recording.exchange.start(200, list(sse.HEADERS))
        await recording.exchange.piece(b"one")
        await recording.exchange.piece(sse.PING)
        await go.wait()
        await recording.exchange.piece(b"two")
        await recording.exchange.last()
        return Told(await recording.kept(), replayed=False)

    task = asyncio.create_task(run())
    pieces = recording.pieces(task)
    assert await anext(pieces) == b"one"
    assert recording.streams.done()
    go.set()
    assert [piece async for piece in pieces] == [b"two"]
    conversation = await replayed(task.result().answer)
    assert conversation.body == b"onetwo"
    assert conversation.headers[b"content-type"].startswith(b"text/event-stream")


async def test_the_end_comes_after_the_answer_is_kept():
    recording = Recording(b"id-1")
    kept = asyncio.Event()

    async def run():
        result = await told(recording, b"one")
        await kept.wait()
        return result

    task = asyncio.create_task(run())
    pieces = recording.pieces(task)
    assert await anext(pieces) == b"one"
    end = asyncio.ensure_future(anext(pieces, None))
    done, _ = await asyncio.wait({end}, timeout=0.05)
    assert not done
    kept.set()
    assert await end is None


async def test_who_does_not_read_in_time_holds_up_nobody_and_gets_all_in_the_end():
    recording = Recording(b"id-1")
    task = asyncio.create_task(told(recording, *[MANY] * 100, b"the end"))
    pieces = recording.pieces(task)
    first = await anext(pieces)
    await asyncio.wait({task}, timeout=10)
    assert task.done()
    assert recording._live_size <= recordings._BEHIND
    assert first + b"".join([piece async for piece in pieces]) == MANY * 100 + b"the end"


async def test_an_answer_that_is_too_large_is_not_kept_but_given_once():
    recording = Recording(b"id-1", largest=10)
    task = asyncio.create_task(told(recording, MANY, b"the end"))
    assert await read(recording, task) == MANY + b"the end"
    answer = task.result().answer
    assert answer.body is None
    with pytest.raises(Conflict, match="too large to keep"):
        await replayed(answer)


async def test_who_did_not_read_what_was_too_large_is_told():
    recording = Recording(b"id-1", largest=10)
    task = asyncio.create_task(told(recording, *[MANY] * 100))
    await asyncio.wait({task})
    last = (await read(recording, task)).split(b"event: error\n")[1]
    assert "too large to keep" in json.loads(last.removeprefix(b"data: "))["detail"]["message"]


@pytest.mark.parametrize(("wording", "last"), [(V4, b"event: error\ndata: {"), (OPENAI, b'data: {"error":')])
async def test_an_answer_that_could_not_be_kept_ends_with_an_error(wording, last):
    recording = Recording(b"id-1")
    recording.exchange.wording = wording

    async def run():
        await stream(recording, b"one")
        raise Unavailable("The database's disk is full.")

    task = asyncio.create_task(run())
    assert (await read(recording, task)).startswith(b"one" + last)


# A ping is left out of what is kept.
PIECES = st.binary(max_size=200_000).filter(lambda piece: piece != sse.PING)


@given(st.lists(PIECES, max_size=4), st.integers(0, 300_000))
def test_any_bytes_come_back_whole_and_from_anywhere(pieces, given):
    async def pressed():
        recording = Recording(b"id-1")
        return await told(recording, *pieces)

    answer = asyncio.run(pressed()).answer
    assert answer.body is not None
    whole = b"".join(pieces)
    assert b"".join(_unpressed(answer.body)) == whole
    assert b"".join(_rest(answer.body, given)) == whole[given:]


async def test_an_empty_answer_is_one():
    recording = Recording(b"id-1")
    await recording.exchange.answer(204, b"", [])
    conversation = await replayed(await recording.kept())
    assert (conversation.status, conversation.body, conversation.complete) == (204, b"", True)
