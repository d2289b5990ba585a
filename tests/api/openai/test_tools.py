"""Tools: those of the config, and those that a call brings for a config without any."""

import json

import pytest
from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from tests.api.openai.conftest import ADD, USER, strictly

OWN = {"name": "own", "parameters": {"type": "object", "properties": {}}}


def test_a_configs_tools_are_called(door):
    project = door.mocks({"tool_calls": [{"name": "own", "arguments": {"a": 1}}]}, tools=[OWN])
    answer = door.client.chat.completions.create(model=project, messages=[USER], n=2)
    for choice in answer.choices:
        assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
        assert choice.message.tool_calls
        (call,) = choice.message.tool_calls
        assert call.type == "function"
        assert (call.function.name, json.loads(call.function.arguments)) == ("own", {"a": 1})
    strictly(ChatCompletion, door.post("chat/completions", {"model": project, "messages": [USER]}).expect(200))


def test_a_call_brings_tools_for_a_config_without_any(door):
    project = door.chats(chat_template=[], endpoint="chat")
    raw = door.client.chat.completions.with_raw_response.create(
        model=project, messages=[USER], tools=[ADD], tool_choice={"type": "function", "function": {"name": "add"}}
    )
    assert "x-everloop-ignored" not in raw.headers
    asked = door.asked()
    assert asked["tools"] == [ADD]
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    log = door.app.log(raw.parse().id)
    assert log["provider_request"]["tools"] == [ADD]
    assert log["config"]["tools"] == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_configs_own_tools_stay_and_the_answer_says_so(door, stream):
    project = door.mocks({"tool_calls": [{"name": "own"}]}, tools=[OWN])
    raw = door.client.chat.completions.with_raw_response.create(
        model=project, messages=[USER], tools=[ADD], stream=stream
    )
    raw.http_response.read()
    assert raw.headers["x-everloop-ignored"] == "tools"
    offered = door.app.log(raw.headers["x-everloop-log-ids"])["provider_request"]["tools"]
    assert [each["function"]["name"] for each in offered] == ["own"]


@pytest.mark.parametrize(
    ("choice", "called"),
    [("none", None), ("required", "add"), ({"type": "function", "function": {"name": "add"}}, "add")],
)
def test_the_choice_of_a_tool(door, choice, called):
    answer = door.client.chat.completions.create(model=door.mocks(), messages=[USER], tools=[ADD], tool_choice=choice)
    calls = answer.choices[0].message.tool_calls
    assert (calls and calls[0].function.name) == called


def test_the_official_parser_reads_calls_and_answers(door):
    class Sum(BaseModel):
        sum: int

    project = door.mocks({"text": '{"sum": 2}'})
    answer = door.client.chat.completions.parse(model=project, messages=[USER], response_format=Sum)
    assert answer.choices[0].message.parsed == Sum(sum=2)
    called = door.client.chat.completions.parse(model=project, messages=[USER], tools=[ADD], tool_choice="required")
    assert called.choices[0].message.tool_calls
    assert called.choices[0].message.tool_calls[0].function.parsed_arguments == {}
