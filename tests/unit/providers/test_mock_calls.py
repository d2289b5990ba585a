"""The tool calls of the mock provider."""

import json
from typing import Any

import pytest

from everloop.domain.generation import (
    Failure,
    Finish,
    Generation,
    ToolCall,
    ToolCallDelta,
)
from tests.unit.providers.mocking import Stage, texts

ADD = {"name": "add", "parameters": {"type": "object"}}
SUB = {"name": "sub"}
USER = {"role": "user", "content": "What is 1 and 1?"}
REPLY = {"role": "tool", "content": "2", "tool_call_id": "call_mock_0_0"}
CALLS = {"tool_calls": [{"name": "add", "arguments": {"a": 1, "b": 1}}, {"name": "sub", "arguments": "no JSON"}]}


def chatting(*messages: dict[str, Any], choice: Any = None, samples: int = 1) -> dict[str, Any]:
    return {"messages": messages, "tool_choice": choice, "samples": samples}


def called(generation: Generation) -> list[tuple[str, str]]:
    return [(call.name, call.arguments) for call in generation.samples[0].tool_calls]


async def test_a_chat_is_echoed_by_its_last_message():
    parts = {"role": "user", "content": [{"type": "text", "text": "Look:"}]}
    assert texts(await Stage().plain(call=chatting({"role": "system", "content": "Be kind."}, parts))) == [
        "[mock gpt-4o] You said: Look:"
    ]


async def test_scripted_calls_are_made_until_a_tool_has_answered():
    generation = await Stage().plain(CALLS, tools=(ADD,), call=chatting(USER))
    (sample,) = generation.samples
    assert (sample.text, sample.finish_reason) == ("", "tool_call")
    assert sample.tool_calls == (
        ToolCall("call_mock_0_0", "add", '{"a":1,"b":1}'),
        ToolCall("call_mock_0_1", "sub", "no JSON"),
    )
    message = json.loads(generation.response)["choices"][0]["message"]
    assert message["content"] is None
    assert [each["function"]["name"] for each in message["tool_calls"]] == ["add", "sub"]
    assert json.loads(generation.response)["choices"][0]["finish_reason"] == "tool_calls"

    generation = await Stage().plain(CALLS, tools=(ADD,), call=chatting(USER, REPLY))
    assert (called(generation), texts(generation)) == ([], ["[mock gpt-4o] You said: 2"])


async def test_scripted_text_is_said_beside_the_calls():
    generation = await Stage().plain({"text": "Let me see.", **CALLS}, tools=(ADD,), call=chatting(USER))
    assert texts(generation) == ["Let me see."]
    assert [name for name, _ in called(generation)] == ["add", "sub"]


@pytest.mark.parametrize(
    ("script", "choice", "expected"),
    [
        (CALLS, "none", []),
        (CALLS, "auto", [("add", '{"a":1,"b":1}'), ("sub", "no JSON")]),
        (CALLS, "required", [("add", '{"a":1,"b":1}'), ("sub", "no JSON")]),
        ({}, "auto", []),
        ({}, "required", [("add", "{}")]),
        (CALLS, {"type": "function", "function": {"name": "sub"}}, [("sub", "no JSON")]),
        ({}, {"type": "function", "function": {"name": "sub"}}, [("sub", "{}")]),
    ],
)
async def test_a_choice_goes_before_the_script(script: Any, choice: Any, expected: list[tuple[str, str]]):
    assert called(await Stage().plain(script, tools=(ADD, SUB), call=chatting(USER, choice=choice))) == expected


async def test_a_completion_calls_nothing():
    assert called(await Stage().plain(CALLS, tools=(ADD,))) == []


async def test_streamed_calls_add_up_to_the_plain_ones():
    call = chatting(USER, samples=2)
    plain = await Stage().plain({"text": "So: ", **CALLS}, tools=(ADD,), call=call)
    events = await Stage().streamed({"text": "So: ", **CALLS}, tools=(ADD,), call=call)
    for sample in plain.samples:
        said = [each for each in events if isinstance(each, ToolCallDelta) and each.sample == sample.index]
        for place, expected in enumerate(sample.tool_calls):
            pieces = [each for each in said if each.call == place]
            assert [each.id for each in pieces] == [expected.id] + [None] * (len(pieces) - 1)
            assert pieces[0].name == expected.name
            assert "".join(each.arguments for each in pieces) == expected.arguments
        (finish,) = [each for each in events if isinstance(each, Finish) and each.sample == sample.index]
        assert finish.reason == "tool_call"


async def test_a_fault_may_come_amid_the_calls():
    script = {**CALLS, "fault": {"kind": "connection", "after_chunks": 2}}
    events = await Stage().streamed(script, tools=(ADD,), call=chatting(USER))
    assert [type(each) for each in events] == [ToolCallDelta, ToolCallDelta, Failure]
