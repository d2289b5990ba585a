"""Odd messages; the others are compared with Google's own client in tests/contract/providers/official."""

from typing import Any

import pytest

from everloop.errors import Unprocessable
from everloop.providers.google.facts import UNSIGNED
from everloop.providers.google.messages import written

HI = {"role": "user", "content": "Hi"}


def calling(arguments: str | None, call_id: str = "c-1") -> dict[str, Any]:
    call = {"id": call_id, "type": "function", "function": {"name": "add", "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


@pytest.mark.parametrize("arguments", ["{", "[1]", "7", '{"a": 1e999}', '{"a": "\\ud800"}', "\ud800", "[" * 100_000])
def test_arguments_that_are_no_object(arguments: str):
    with pytest.raises(Unprocessable, match="a JSON object as a call's arguments; those of 'add' are not"):
        written([HI, calling(arguments)], signed=False)


@pytest.mark.parametrize("message", [{"tool_call_id": "c-2"}, {"tool_call_id": "c-2", "name": None}, {}])
def test_a_reply_to_nothing(message: dict[str, Any]):
    with pytest.raises(Unprocessable, match="to no call in the messages before it"):
        written([HI, calling("{}"), {"role": "tool", "content": "2", **message}], signed=False)


def test_a_reply_that_names_its_function_needs_no_call():
    reply = {"role": "tool", "tool_call_id": "c-2", "name": "sub", "content": "2"}
    assert written([HI, reply], signed=False)["contents"][1] == {
        "role": "user",
        "parts": [{"functionResponse": {"id": "c-2", "name": "sub", "response": {"output": "2"}}}],
    }


def test_the_last_call_of_an_id_is_the_one_that_is_replied_to():
    again = {"role": "assistant", "content": None, "tool_calls": [
        {"id": "call_0", "type": "function", "function": {"name": "sub", "arguments": "{}"}}
    ]}  # fmt: skip
    reply = {"role": "tool", "tool_call_id": "call_0", "content": "2"}
    contents = written([HI, calling("{}", "call_0"), reply, again, reply], signed=False)["contents"]
    names = [
        part["functionResponse"]["name"] for each in contents for part in each["parts"] if "functionResponse" in part
    ]
    assert names == ["add", "sub"]


def test_replies_that_something_stands_between_are_not_joined():
    reply = {"role": "tool", "tool_call_id": "c-1", "content": "2"}
    contents = written([HI, calling("{}"), reply, HI, reply], signed=False)["contents"]
    assert [each["role"] for each in contents] == ["user", "model", "user", "user", "user"]


def test_the_first_call_of_each_answer_is_signed():
    contents = written([HI, calling("{}"), HI, calling("{}")], signed=True)["contents"]
    assert [each["parts"][0].get("thoughtSignature") for each in contents] == [None, UNSIGNED, None, UNSIGNED]


def test_an_image_in_a_system_message():
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    with pytest.raises(Unprocessable, match="text alone in system messages"):
        written([{"role": "system", "content": [image]}, HI], signed=False)


@pytest.mark.parametrize("content", [None, "", []])
def test_an_empty_message_is_an_empty_text(content: Any):
    told = [{"role": "user", "content": content}, {"role": "assistant", "content": content}]
    assert written(told, signed=False) == {
        "contents": [{"role": "user", "parts": [{"text": ""}]}, {"role": "model", "parts": [{"text": ""}]}]
    }


def test_a_developer_is_the_system():
    told = [{"role": "developer", "content": "Be kind."}, HI]
    assert written(told, signed=False)["systemInstruction"] == {"parts": [{"text": "Be kind."}]}


@pytest.mark.parametrize("signed", [False, True])
def test_a_signature_that_the_caller_kept_goes_to_the_first_call(signed: bool):
    thinking = [{"type": "thinking", "signature": "of another vendor"}, {"thoughtSignature": "kept="}]
    (content,) = written([{**calling("{}"), "content": "Hm.", "thinking": thinking}], signed=signed)["contents"]
    assert [part.get("thoughtSignature") for part in content["parts"]] == [None, "kept="]


def test_a_signature_without_calls_goes_to_the_text():
    told = {"role": "assistant", "content": "Hello.", "thinking": [{"thoughtSignature": "kept="}]}
    (content,) = written([told], signed=True)["contents"]
    assert content["parts"] == [{"text": "Hello.", "thoughtSignature": "kept="}]


@pytest.mark.parametrize("thinking", [None, [], [{}], [{"thoughtSignature": 7}], [{"thoughtSignature": ""}]])
def test_thinking_without_a_signature(thinking: Any):
    (content,) = written([{**calling("{}"), "thinking": thinking}], signed=True)["contents"]
    assert content["parts"][0]["thoughtSignature"] == UNSIGNED
