"""A generation request, and the body that Responses get for it: all of it, in meaning."""

import json
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.responses.request import prepare

PLAIN = {"model": "gpt-5-pro", "input": [{"role": "user", "content": "Hi"}], "store": False}
ADD = {"name": "add", "description": "Adds.", "parameters": {"type": "object"}, "source": "inline"}


def asked(call: dict[str, Any] | None = None, /, **config: Any) -> dict[str, Any]:
    prepared = prepare(GenerationRequest(ModelConfig("gpt-5-pro", **config), "Hi", **(call or {})))
    assert prepared.path == "/responses"
    found: dict[str, Any] = json.loads(prepared.body)
    return found


def test_a_completion_is_one_user_message_and_what_is_at_its_default_is_left_out():
    assert asked() == PLAIN


def test_a_chat_goes_with_its_messages():
    messages = ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"})
    assert asked({"messages": messages})["input"] == list(messages)


def test_every_parameter():
    body = asked(
        {"streamed": True, "user": "u-1", "logprobs": 2, "tool_choice": "required"},
        max_tokens=5,
        temperature=0.7,
        top_p=0.5,
        tools=(ADD, {"name": "now", "strict": True}),
        response_format={"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": {}}},
        reasoning_effort="low",
        other={"truncation": "auto", "api": "responses"},
    )
    assert body == PLAIN | {
        "stream": True,
        "user": "u-1",
        "top_logprobs": 2,
        "include": ["message.output_text.logprobs"],
        "max_output_tokens": 5,
        "temperature": 0.7,
        "top_p": 0.5,
        "tools": [
            {
                "type": "function",
                "name": "add",
                "description": "Adds.",
                "parameters": {"type": "object"},
                "strict": False,
            },
            {"type": "function", "name": "now", "parameters": None, "strict": True},
        ],
        "tool_choice": "required",
        "text": {"format": {"type": "json_schema", "name": "x", "strict": True, "schema": {}}},
        "reasoning": {"effort": "low"},
        "truncation": "auto",
    }


def test_json_of_any_shape():
    assert asked(response_format={"type": "json_object"})["text"] == {"format": {"type": "json_object"}}


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ({"type": "function", "function": {"name": "add"}}, {"type": "function", "name": "add"}),
    ],
)
def test_tool_choice(choice: Any, written: Any):
    assert asked({"tool_choice": choice}, tools=(ADD,))["tool_choice"] == written


def test_a_choice_without_tools_is_left_out_unless_they_come_by_other():
    assert asked({"tool_choice": "auto"}) == PLAIN
    assert asked({"tool_choice": "auto"}, other={"tools": []})["tool_choice"] == "auto"


def test_other_is_spread_last():
    body = asked(temperature=0.5, other={"temperature": 0.1, "store": True, "api": None})
    assert (body["temperature"], body["store"]) == (0.1, True)
    assert "api" not in body


@pytest.mark.parametrize(
    ("call", "config", "words"),
    [
        ({"seed": 1}, {}, "`seed`"),
        ({}, {"seed": 0}, "`seed`"),
        ({"suffix": "x"}, {}, "`suffix`"),
        ({}, {"stop": ("a",)}, "`stop`"),
        ({}, {"presence_penalty": 0.1}, "`presence_penalty` and `frequency_penalty`"),
        ({}, {"frequency_penalty": 0.1}, "`presence_penalty` and `frequency_penalty`"),
        ({}, {"reasoning_effort": 512}, "as a word"),
        ({}, {"other": {"api": "chat"}}, "only Responses are spoken"),
    ],
)
def test_what_has_no_place_is_refused(call: dict[str, Any], config: dict[str, Any], words: str):
    with pytest.raises(Unprocessable, match=words):
        asked(call, **config)


@pytest.mark.parametrize("name", ["model", "input", "messages", "prompt", "n", "stream", "background", "base_url"])
def test_other_changes_neither_what_is_measured_nor_where_it_goes(name: str):
    with pytest.raises(Unprocessable, match=f"cannot set `{name}`"):
        asked(other={name: None})


def test_several_samples_are_several_requests():
    assert asked({"samples": 3}) == PLAIN
