"""Putting a streamed sample together."""

import json
from typing import Any

from everloop.providers.openai.assembly import ChoiceAssembly


def assembled(*pieces: tuple[dict[str, Any], dict[str, Any] | None], chat: bool = True) -> dict[str, Any]:
    assembly = ChoiceAssembly(chat=chat)
    for delta, logprobs in pieces:
        assembly.add(delta, logprobs)
    body: dict[str, Any] = json.loads(assembly.body({"id": "x", "model": "m"}, 2, "stop"))
    return body


def test_a_chat_sample():
    body = assembled(
        ({"role": "assistant", "content": "", "refusal": None}, None),
        ({"content": "Hel"}, {"content": [{"token": "Hel"}]}),
        ({"role": "assistant", "content": "lo"}, {"content": [{"token": "lo"}], "refusal": None}),
        ({}, None),
    )
    assert body == {
        "id": "x",
        "model": "m",
        "object": "chat.completion",
        "choices": [
            {
                "index": 2,
                "message": {"role": "assistant", "content": "Hello", "refusal": None},
                "logprobs": {"content": [{"token": "Hel"}, {"token": "lo"}], "refusal": None},
                "finish_reason": "stop",
            }
        ],
    }


def test_a_legacy_sample():
    body = assembled(
        ({"text": "Hel"}, {"tokens": ["Hel"], "token_logprobs": [-1.5], "text_offset": [0]}),
        ({"text": "lo"}, {"tokens": ["lo"], "token_logprobs": [None], "text_offset": [3]}),
        chat=False,
    )
    assert body["object"] == "text_completion"
    assert body["choices"] == [
        {
            "index": 2,
            "text": "Hello",
            "logprobs": {"tokens": ["Hel", "lo"], "token_logprobs": [-1.5, None], "text_offset": [0, 3]},
            "finish_reason": "stop",
        }
    ]


def test_tool_calls_grow_side_by_side():
    def call(index: int, **function: str) -> dict[str, Any]:
        return {"index": index, "function": function}

    body = assembled(
        ({"tool_calls": [{"id": "c1", "type": "function"} | call(0, name="f", arguments="")]}, None),
        ({"tool_calls": [call(0, arguments='{"a"')]}, None),
        ({"tool_calls": [{"id": "c2", "type": "function"} | call(1, name="g", arguments="{")]}, None),
        ({"tool_calls": [call(1, arguments="}"), call(0, arguments=":1}")]}, None),
    )
    message = body["choices"][0]["message"]
    assert message["content"] is None
    assert message["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
        {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]


def test_fields_that_are_not_openais_are_kept():
    body = assembled(
        ({"reasoning_content": "Let "}, None),
        ({"reasoning_content": "me think"}, None),
        ({"function_call": {"name": "f", "arguments": "{"}}, None),
        ({"function_call": {"arguments": "}"}, "score": 1}, None),
        ({"score": 2, "notes": ["a"]}, None),
        ({"notes": ["b", {"deep": "c"}]}, None),
    )
    assert body["choices"][0]["message"] == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Let me think",
        "function_call": {"name": "f", "arguments": "{}"},
        "score": 2,
        "notes": ["a", "b", {"deep": "c"}],
    }


def test_a_field_that_changes_its_kind_does_not_break_anything():
    body = assembled(({"x": "a"}, None), ({"x": {"y": 1}}, None), ({"x": [1]}, None), ({"x": "b"}, None))
    assert body["choices"][0]["message"]["x"] == "b"


def test_nothing_said():
    assert assembled()["choices"][0]["message"] == {"role": "assistant", "content": None}
    assert assembled(chat=False)["choices"][0]["text"] == ""
