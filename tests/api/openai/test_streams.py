"""Streamed chat completions: by the official client, and byte by byte."""

import json
import time

import pytest
from openai import APIError, RateLimitError
from openai.types.chat import ChatCompletionChunk

from tests.api.openai.conftest import ADD, USER, strictly
from tests.sse_clients import LONGEST_LINE
from tests.upstream import completion

WORDS = "one two three"


def events(reply):
    lines = [line for line in reply.body.decode().split("\n") if line]
    assert all(line.startswith("data: ") for line in lines), reply.body
    return [line.removeprefix("data: ") for line in lines]


def stream(door, project, **call):
    return door.post("chat/completions", {"model": project, "messages": [USER], "stream": True, **call})


def test_text_comes_in_pieces_after_the_role(door):
    project = door.mocks({"text": WORDS})
    chunks = list(door.client.chat.completions.create(model=project, messages=[USER], stream=True))
    first, *pieces, last = [each.choices[0] for each in chunks]
    assert (first.delta.role, first.delta.content, first.finish_reason) == ("assistant", "", None)
    assert [each.delta.content for each in pieces] == ["one", " two", " three"]
    assert {each.delta.role for each in pieces} == {None}
    assert (last.delta.content, last.finish_reason) == (None, "stop")
    assert {(each.object, each.model) for each in chunks} == {("chat.completion.chunk", project)}
    (log_id,) = {each.id for each in chunks}
    assert door.app.log(log_id)["output"] == WORDS


def test_every_event_is_exactly_of_the_official_packages_shape_and_done_ends_them(door):
    project = door.mocks({"text": WORDS})
    for options in ({}, {"stream_options": {"include_usage": True}}, {"logprobs": True, "n": 2}):
        reply = stream(door, project, **options)
        assert reply.headers["content-type"].startswith("text/event-stream")
        *chunks, done = events(reply)
        assert done == "[DONE]"
        for each in chunks:
            strictly(ChatCompletionChunk, json.loads(each))
            assert ("usage" in json.loads(each)) == ("stream_options" in options)


def test_usage_comes_when_it_is_asked_for_as_the_last_and_without_a_choice(door):
    project = door.mocks({"text": [WORDS, "four"]})
    with_it = list(
        door.client.chat.completions.create(
            model=project, messages=[USER], n=2, stream=True, stream_options={"include_usage": True}
        )
    )
    *others, last = with_it
    assert last.choices == []
    plain = door.client.chat.completions.create(model=project, messages=[USER], n=2)
    assert last.usage == plain.usage
    assert {each.usage for each in others} == {None}


def test_log_probabilities_come_with_the_end(door):
    project = door.mocks({"text": WORDS})
    chunks = list(
        door.client.chat.completions.create(model=project, messages=[USER], stream=True, logprobs=True, top_logprobs=1)
    )
    *others, last = [each.choices[0] for each in chunks]
    plain = door.client.chat.completions.create(model=project, messages=[USER], logprobs=True, top_logprobs=1)
    assert last.logprobs is not None
    assert plain.choices[0].logprobs is not None
    assert last.logprobs.model_dump() == plain.choices[0].logprobs.model_dump()
    assert {each.logprobs for each in others} == {None}


def test_a_tool_call_comes_in_pieces_that_the_client_puts_together(door):
    project = door.mocks({"tool_calls": [{"name": "add", "arguments": {"a": 1}}, {"name": "add", "arguments": "{}"}]})
    chunks = list(door.client.chat.completions.create(model=project, messages=[USER], stream=True, tools=[ADD]))
    first, *others, last = [each.choices[0] for each in chunks]
    assert (first.delta.role, first.delta.content, last.finish_reason) == ("assistant", None, "tool_calls")
    pieces = [call for each in others for call in each.delta.tool_calls or ()]
    for place in (0, 1):
        of_it = [each for each in pieces if each.index == place]
        assert [bool(each.id) for each in of_it] == [True] + [False] * (len(of_it) - 1)
        assert [each.function.name for each in of_it] == ["add"] + [None] * (len(of_it) - 1)
    texts = ["".join(each.function.arguments for each in pieces if each.index == place) for place in (0, 1)]
    assert texts == ['{"a":1}', "{}"]


def test_the_official_helper_puts_together_the_plain_answer(door):
    project = door.mocks({"text": "so", "tool_calls": [{"name": "add", "arguments": {"a": 1}}]})
    call = {"model": project, "messages": [USER], "tools": [ADD], "n": 2}
    with door.client.chat.completions.stream(**call, stream_options={"include_usage": True}) as streamed:
        together = streamed.get_final_completion()
    plain = door.client.chat.completions.create(**call)
    assert together.usage == plain.usage
    for one, other in zip(together.choices, plain.choices, strict=True):
        assert (one.index, one.finish_reason) == (other.index, other.finish_reason)
        assert one.message.content == other.message.content == "so"
        assert one.message.tool_calls
        assert other.message.tool_calls
        for left, right in zip(one.message.tool_calls, other.message.tool_calls, strict=True):
            assert (left.id, left.function.name) == (right.id, right.function.name)
            assert left.function.arguments == right.function.arguments


def test_no_line_is_too_long_and_odd_text_arrives(door):
    text = 'data: "x"\n\nevent: error\u2028 😀' * 3000
    door.app.upstream.answer(completion(text))
    project = door.chats(chat_template=[], endpoint="chat")
    reply = stream(door, project)
    assert reply.body.isascii()
    assert max(len(line) for line in reply.body.split(b"\n")) < LONGEST_LINE
    chunks = [json.loads(each) for each in events(reply)[:-1]]
    assert "".join(each["choices"][0]["delta"].get("content", "") for each in chunks) == text


def test_an_error_before_the_first_piece_is_no_stream(door):
    project = door.mocks({"fault": {"kind": "rate_limit", "retry_after": 2}})
    with pytest.raises(RateLimitError) as caught:
        door.client.chat.completions.create(model=project, messages=[USER], stream=True)
    assert caught.value.response.headers["retry-after"] == "2"


def test_an_error_in_the_middle_is_raised_by_the_client_after_what_had_come(door):
    project = door.mocks({"text": WORDS, "fault": {"kind": "overloaded", "after_chunks": 2}})
    opened = door.client.chat.completions.create(model=project, messages=[USER], stream=True)
    heard = [next(opened).choices[0].delta.content for _ in range(3)]
    assert heard == ["", "one", " two"]
    with pytest.raises(APIError) as caught:
        next(opened)
    assert (caught.value.code, caught.value.type) == ("provider_overloaded", "server_error")
    *_, error, done = events(stream(door, project, stream_options={"include_usage": True}))
    assert (list(json.loads(error)), done) == (["error"], "[DONE]")


def test_an_error_of_one_answer_lets_the_others_end(door):
    fault = {"kind": "overloaded", "after_chunks": 1, "sample": 0}
    project = door.mocks({"text": WORDS, "fault": fault, "chunk_delay_ms": [0, 20]})
    *chunks, error, _ = events(stream(door, project, n=2))
    told = [json.loads(each)["choices"][0] for each in chunks]
    text = ["".join(each["delta"].get("content", "") for each in told if each["index"] == n) for n in (0, 1)]
    assert text == ["one", WORDS]
    assert [each["finish_reason"] for each in told if each["finish_reason"]] == ["stop"]
    assert json.loads(error)["error"]["code"] == "provider_overloaded"


def test_hanging_up_ends_the_call_upstream_and_the_log_has_what_came(door):
    project = door.mocks({"text": "word " * 200, "chunk_delay_ms": 50})
    with door.client.chat.completions.create(model=project, messages=[USER], stream=True) as opened:
        for chunk in opened:
            if chunk.choices[0].delta.content:
                break
    deadline = time.monotonic() + 10
    while not (logs := door.app.logs(project)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert logs[0]["output"].startswith("word")
    assert len(logs[0]["output"]) < 500
