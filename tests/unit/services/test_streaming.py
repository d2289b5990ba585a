import asyncio
import json
from contextlib import aclosing

import pytest

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.generation import Failure, Finish, TextDelta, ToolCallDelta, Usage, UsageReport
from everloop.domain.log import LogBody
from everloop.domain.reference import ProjectReference
from everloop.errors import FailureKind, ProviderFailure, Unavailable
from everloop.services.command import Chat, CompletionCommand
from tests.unit.services.calling import command

BROKEN = ProviderFailure(FailureKind.CONNECTION, "it broke", origin="Fake")


async def streamed(house, **changes):
    answer = await house.completion.stream(house.scope, command(**changes))
    return [chunk async for chunk in answer.chunks]


async def test_the_logs_and_configs_of_all_samples_are_known_before_the_first_piece(house):
    house.provider.streams([Finish(1, "stop", b"{}"), Finish(0, "stop", b"{}")])
    answer = await house.completion.stream(house.scope, command(num_samples=2))
    chunks = [chunk async for chunk in answer.chunks]
    assert [answer.log_ids[chunk.index] for chunk in chunks] == [chunk.log_id for chunk in chunks]
    assert [log.config_id for log in house.kept] == list(answer.config_ids)


def by_sample(chunks, index):
    return [chunk for chunk in chunks if chunk.index == index]


async def test_one_sample_comes_in_pieces_and_ends_with_its_reason_and_its_count(house):
    house.provider.streams(
        [TextDelta(0, " Hello"), TextDelta(0, " "), TextDelta(0, "world\n"), Finish(0, "stop", b'{"r":1}'),
         UsageReport(Usage(3, 4, 1))]
    )  # fmt: skip
    chunks = await streamed(house)

    assert [chunk.output for chunk in chunks] == ["Hello", "", " world", ""]
    assert [chunk.raw_output for chunk in chunks] == [" Hello", " ", "world\n", ""]
    assert [chunk.finish_reason for chunk in chunks] == [None, None, None, "stop"]
    assert [chunk.usage for chunk in chunks] == [None, None, None, Usage(3, 4, 1)]
    (log,) = house.kept
    assert {chunk.log_id for chunk in chunks} == {log.id}
    assert [chunk.response for chunk in chunks] == [None, None, None, b'{"r":1}']
    assert (log.body.output, log.body.raw_output) == ("Hello world", " Hello world\n")
    assert (log.usage, log.finish_reason, log.error_kind) == (Usage(3, 4, 1), "stop", None)
    assert (log.body.provider_response, log.prompt_cost, log.output_cost) == (b'{"r":1}', 3, 8)


async def test_a_sample_that_finished_is_on_disk_before_its_last_chunk_leaves(house):
    house.provider.streams([TextDelta(0, "x"), Finish(0, "stop", b"{}")])
    house.writer.hold = asyncio.Event()
    answer = await house.completion.stream(house.scope, command())
    await anext(answer.chunks)
    last = asyncio.ensure_future(anext(answer.chunks))
    await asyncio.sleep(0.02)
    assert not last.done()
    house.writer.hold.set()
    assert (await last).finish_reason == "stop"


async def test_samples_finish_when_they_are_ready_and_not_in_order(house):
    house.provider.streams(
        [TextDelta(0, "slow "), TextDelta(1, "fast"), Finish(1, "stop", b"{}"), TextDelta(0, "one"),
         Finish(0, "length", b"{}"), UsageReport(Usage(5, 9))]
    )  # fmt: skip
    chunks = await streamed(house, num_samples=2)

    ends = [(chunk.index, chunk.finish_reason) for chunk in chunks if chunk.finish_reason]
    assert ends == [(1, "stop"), (0, "length")]
    assert chunks.index(by_sample(chunks, 1)[-1]) < chunks.index(by_sample(chunks, 0)[-1])
    assert sorted((log.sample_index, log.body.output) for log in house.kept) == [(0, "slow one"), (1, "fast")]
    assert sum(log.usage.output_tokens for log in house.kept) == 9
    assert sum(log.usage.prompt_tokens for log in house.kept) == 5
    assert len({chunk.log_id for chunk in chunks}) == 2


async def test_a_provider_that_gives_one_sample_a_call_is_asked_again(house):
    house.provider.streams(
        [TextDelta(0, "a"), Finish(0, "stop", b"{}"), UsageReport(Usage(1, 1))],
        [TextDelta(0, "b"), Finish(0, "stop", b"{}"), UsageReport(Usage(1, 1))],
    )
    chunks = await streamed(house, num_samples=2)

    assert "".join(chunk.output for chunk in by_sample(chunks, 1)) == "b"
    assert [call.request.samples for call, _ in house.provider.calls] == [2, 1]
    assert house.provider.closed == 2
    assert sum(log.usage.prompt_tokens for log in house.kept) == 2


async def test_a_failure_before_anything_is_raised_and_kept_once_per_sample(house):
    house.provider.streams([BROKEN])
    with pytest.raises(ProviderFailure):
        await streamed(house, num_samples=2)
    assert [(log.sample_index, log.error_kind, log.body.error, log.body.output) for log in house.kept] == [
        (0, "connection", "it broke", None),
        (1, "connection", "it broke", None),
    ]


async def test_a_failure_in_the_middle_is_the_last_chunk_and_the_log_has_what_came(house):
    house.provider.streams([TextDelta(0, "half "), TextDelta(0, "a"), Failure(None, BROKEN)])
    chunks = await streamed(house)

    assert chunks[-1].error is BROKEN
    assert chunks[-1].output == ""
    (log,) = house.kept
    assert (log.body.output, log.body.raw_output, log.error_kind) == ("half a", "half a", "connection")
    assert log.usage.estimated


async def test_the_other_samples_go_on_when_one_fails(house):
    house.provider.streams(
        [TextDelta(0, "a"), TextDelta(1, "b"), Failure(1, BROKEN), TextDelta(0, "c"), Finish(0, "stop", b"{}")]
    )
    chunks = await streamed(house, num_samples=2)

    assert by_sample(chunks, 1)[-1].error is BROKEN
    assert by_sample(chunks, 0)[-1].finish_reason == "stop"
    assert {log.sample_index: log.error_kind for log in house.kept} == {0: None, 1: "connection"}


async def test_a_sample_that_had_finished_is_kept_whole_when_the_rest_breaks(house):
    house.provider.streams([TextDelta(0, "done"), Finish(0, "stop", b"{}"), Failure(None, BROKEN)])
    chunks = await streamed(house)

    assert chunks[-1].finish_reason == "stop"
    assert [(log.body.output, log.error_kind) for log in house.kept] == [("done", None)]


async def test_a_failure_while_asking_for_the_rest_ends_only_the_rest(house):
    house.provider.streams([TextDelta(0, "a"), Finish(0, "stop", b"{}")], [BROKEN])
    chunks = await streamed(house, num_samples=3)

    assert [(chunk.index, chunk.error) for chunk in chunks if chunk.error] == [(1, BROKEN), (2, BROKEN)]
    assert {log.sample_index: log.error_kind for log in house.kept} == {0: None, 1: "connection", 2: "connection"}


async def test_a_stream_that_says_nothing_is_a_failure(house):
    house.provider.streams([])
    with pytest.raises(ProviderFailure) as caught:
        await streamed(house)
    assert caught.value.kind is FailureKind.MALFORMED
    assert [log.error_kind for log in house.kept] == ["malformed"]


async def test_hanging_up_keeps_what_had_come_of_every_sample_once(house):
    house.provider.streams([TextDelta(0, "x"), TextDelta(1, "y "), asyncio.Event().wait])
    answer = await house.completion.stream(house.scope, command(num_samples=3))
    async with aclosing(answer.chunks) as chunks:
        await anext(chunks)
        await anext(chunks)

    assert house.provider.closed == 1
    assert [(log.sample_index, log.error_kind, log.body.raw_output) for log in house.kept] == [
        (0, "cancelled", "x"),
        (1, "cancelled", "y "),
        (2, "cancelled", None),
    ]


async def test_cancelling_before_the_first_token_keeps_a_log_as_well(house):
    house.provider.streams([asyncio.Event().wait])
    answer = await house.completion.stream(house.scope, command())
    waiting = asyncio.ensure_future(anext(answer.chunks))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert house.provider.closed == 1
    assert [(log.error_kind, log.body.output, log.usage) for log in house.kept] == [("cancelled", None, None)]


async def test_a_sample_that_only_waited_for_its_count_is_complete_when_the_caller_goes(house):
    house.provider.streams([TextDelta(0, "all"), Finish(0, "stop", b"{}"), asyncio.Event().wait])
    answer = await house.completion.stream(house.scope, command())
    await anext(answer.chunks)
    waiting = asyncio.ensure_future(anext(answer.chunks))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert [(log.error_kind, log.finish_reason, log.body.output) for log in house.kept] == [(None, "stop", "all")]


async def test_hanging_up_while_a_log_is_on_its_way_to_the_disk_loses_and_doubles_nothing(house):
    house.provider.streams(
        [TextDelta(0, "a"), TextDelta(1, "b"), Finish(0, "stop", b"{}"), asyncio.Event().wait, Finish(1, "stop", b"{}")]
    )
    house.writer.hold = asyncio.Event()
    answer = await house.completion.stream(house.scope, command(num_samples=2))
    await anext(answer.chunks)
    await anext(answer.chunks)
    waiting = asyncio.ensure_future(anext(answer.chunks))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.sleep(0.01)
    house.writer.hold.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert {log.sample_index: (log.error_kind, log.body.output) for log in house.kept} == {
        0: (None, "a"),
        1: ("cancelled", "b"),
    }
    assert len(house.kept) == 2


async def test_when_nothing_can_be_kept_no_provider_is_called(house):
    house.writer.down = True
    with pytest.raises(Unavailable):
        await house.completion.stream(house.scope, command())
    assert house.provider.calls == []


async def test_when_the_disk_fails_before_anything_was_told_the_call_fails(house):
    async def fail():
        house.writer.down = True

    house.provider.streams([fail, Finish(0, "stop", b"{}")])
    with pytest.raises(Unavailable):
        await streamed(house)


async def test_when_the_disk_fails_in_the_middle_every_open_sample_ends_with_that_error(house):
    async def fail():
        house.writer.down = True

    house.provider.streams([TextDelta(0, "a"), TextDelta(1, "b"), fail, Finish(0, "stop", b"{}"), TextDelta(1, "c")])
    chunks = await streamed(house, num_samples=2)

    ends = [(chunk.index, type(chunk.error), chunk.finish_reason) for chunk in chunks if chunk.error]
    assert ends == [(0, Unavailable, None), (1, Unavailable, None)]
    assert not any(chunk.finish_reason for chunk in chunks)
    assert house.provider.closed == 1


async def test_times_are_measured(house):
    async def second():
        house.clock.pass_(1.0)

    house.provider.streams([second, TextDelta(0, "a"), second, TextDelta(0, "b"), second, Finish(0, "stop", b"{}")])
    await streamed(house)
    (log,) = house.kept
    assert (log.time_to_first_token, log.provider_latency, log.duration) == (1.0, 3.0, 3.0)
    assert (log.created_at, log.updated_at) == (1_700_000_000_000, 1_700_000_003_000)


async def test_a_broken_stream_says_how_long_it_took_to_speak(house):
    async def second():
        house.clock.pass_(1.0)

    house.provider.streams([second, TextDelta(0, "a"), second, Failure(None, BROKEN)])
    await streamed(house)
    (log,) = house.kept
    assert (log.time_to_first_token, log.duration) == (1.0, 2.0)


async def test_a_silent_provider_is_estimated_and_says_so(house):
    house.provider.streams([TextDelta(0, "b" * 8), Finish(0, "stop", b"{}")])
    chunks = await streamed(house)
    assert chunks[-1].usage == Usage(2, 2, None, estimated=True)


CALLING = (
    TextDelta(0, "So"),
    ToolCallDelta(0, 0, "", "call_1", "add"),
    ToolCallDelta(0, 0, '{"a"'),
    ToolCallDelta(0, 0, ":1}"),
)
TOLD = {
    "role": "assistant",
    "content": "So",
    "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}],
}


@pytest.fixture
async def chatting(house):
    await house.deploy("chats", ModelConfig(model="m", provider="fake", endpoint=Endpoint.CHAT))
    return house


async def chatted(house, **changes):
    chat = Chat(({"role": "user", "content": "Hi there"},), tool_choice="auto")
    wanted = CompletionCommand(project=ProjectReference("chats"), chat=chat, **changes)
    return (await house.completion.stream(house.scope, wanted)).chunks


async def test_tool_calls_go_out_in_pieces_and_are_kept_whole(chatting):
    chatting.provider.streams([*CALLING, Finish(0, "tool_call", b"{}")])
    chunks = [chunk async for chunk in await chatted(chatting)]

    pieces = [chunk.tool_call for chunk in chunks if chunk.tool_call]
    assert [(each.place, each.call.id, each.call.name) for each in pieces] == [(0, "call_1", "add")] * 3
    assert "".join(each.call.arguments for each in pieces) == '{"a":1}'
    assert [chunk.finish_reason for chunk in chunks] == [None, None, None, None, "tool_call"]
    (log,) = chatting.kept
    assert json.loads(log.body.output_message) == TOLD
    assert json.loads(log.body.messages) == [{"role": "user", "content": "Hi there"}]
    assert (log.body.tool_choice, log.body.output, log.finish_reason) == (b'"auto"', "So", "tool_call")
    assert log.usage == Usage(2, 3, estimated=True)  # 8 bytes, and the 12 of "So", "add" and the arguments


async def test_a_call_that_broke_off_is_kept_as_far_as_it_came(chatting):
    chatting.provider.streams([*CALLING[1:], Failure(None, BROKEN)])
    chunks = [chunk async for chunk in await chatted(chatting)]

    assert chunks[-1].error is BROKEN
    (log,) = chatting.kept
    assert (log.body.output, log.error_kind, log.usage.output_tokens) == ("", "connection", 3)
    assert json.loads(log.body.output_message) == TOLD | {"content": None}


async def test_a_chat_that_the_caller_left_keeps_its_half_of_a_call(chatting):
    chatting.provider.streams([*CALLING[1:], Finish(0, "tool_call", b"{}")])
    async with aclosing(await chatted(chatting)) as chunks:
        await anext(chunks)
        await anext(chunks)

    (log,) = chatting.kept
    (call,) = json.loads(log.body.output_message)["tool_calls"]
    assert (call["function"]["arguments"], log.error_kind) == ('{"a"', "cancelled")


async def test_without_save_a_chat_keeps_nothing_that_was_said(chatting):
    chatting.provider.streams([*CALLING, Finish(0, "tool_call", b"{}")])
    assert [chunk async for chunk in await chatted(chatting, save=False)]
    (log,) = chatting.kept
    assert log.body == LogBody()
    assert log.finish_reason == "tool_call"


async def test_a_completion_has_no_word_for_tool_calls(house):
    house.provider.streams([*CALLING, Finish(0, "tool_call", b"{}")])
    chunks = await streamed(house)

    assert [chunk.tool_call for chunk in chunks] == [None, None]
    assert [chunk.finish_reason for chunk in chunks] == [None, "tool_call"]
    (log,) = house.kept
    assert (log.body.output, log.body.output_message, log.body.messages) == ("So", None, None)
