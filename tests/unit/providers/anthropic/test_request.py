"""A generation request, and the body that the vendor gets for it: all of it, in meaning."""

import json
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.anthropic.request import prepare, version

BASE = {
    "model": "claude-opus-5-5",
    "max_tokens": 128_000,
    "messages": [{"role": "user", "content": "Hi"}],
}
ADD = {"name": "add", "parameters": {"type": "object"}}


def asked(model: str = "claude-opus-5-5", /, *, call: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    prepared = prepare(GenerationRequest(ModelConfig(model, **config), "Hi", **(call or {})))
    assert prepared.path == "/messages"
    found: dict[str, Any] = json.loads(prepared.body)
    return found


def test_a_completion_is_one_user_message():
    assert asked() == BASE


def test_every_parameter():
    schema = {"type": "object", "additionalProperties": False}
    assert asked(
        max_tokens=5,
        temperature=0.7,
        top_p=0.5,
        stop=("a", "b"),
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}},
        reasoning_effort="low",
        tools=(ADD,),
        other={"service_tier": "standard_only"},
        call={"streamed": True, "user": "u-1", "tool_choice": "auto"},
    ) == {
        "model": "claude-opus-5-5",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 5,
        "temperature": 0.7,
        "top_p": 0.5,
        "stop_sequences": ["a", "b"],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": schema}},
        "tools": [{"name": "add", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "auto"},
        "service_tier": "standard_only",
        "metadata": {"user_id": "u-1"},
        "stream": True,
    }


def test_as_many_tokens_as_the_model_gives_is_a_number():
    assert asked("claude-haiku-4-5")["max_tokens"] == 64_000
    assert asked("claude-haiku-4-5", max_tokens=0)["max_tokens"] == 0


def test_a_schema_may_have_no_name_around_it():
    schema = {"type": "object", "properties": {}}
    assert asked(response_format={"type": "json_schema", "json_schema": schema})["output_config"] == {
        "format": {"type": "json_schema", "schema": schema}
    }


@pytest.mark.parametrize("wanted", [{"type": "json_schema"}, {"type": "json_schema", "json_schema": None}])
def test_a_schema_is_needed(wanted: dict[str, Any]):
    with pytest.raises(Unprocessable, match="needs a `json_schema`"):
        asked(response_format=wanted)


def test_text_is_no_shape():
    assert asked(response_format={"type": "text"}) == BASE


def test_the_prompt_is_sent_as_it_is():
    prompt = "  größer \u2028 {{x}} \x00 \U0001f600\n"
    body = json.loads(prepare(GenerationRequest(ModelConfig("claude-opus-5-5"), prompt)).body)
    assert body["messages"] == [{"role": "user", "content": prompt}]


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(Unprocessable, match="surrogate"):
        prepare(GenerationRequest(ModelConfig("claude-opus-5-5"), "\ud800"))
    function = {"name": "f", "arguments": '{"a": "\ud800"}'}
    broken = ({"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": function}]},)
    with pytest.raises(Unprocessable, match="surrogate"):
        asked(call={"messages": broken})


def test_a_chat_is_its_messages():
    messages = ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"})
    assert asked(call={"messages": messages}) == BASE | {
        "system": "Be kind.",
        "messages": [{"role": "user", "content": "Hello"}],
    }


@pytest.mark.parametrize("choice", ["none", "auto", "required", {"type": "function", "function": {"name": "add"}}])
def test_a_choice_goes_along_with_the_tools_it_is_about(choice: Any):
    assert "tool_choice" in asked(call={"tool_choice": choice}, tools=(ADD,))
    assert "tool_choice" in asked(call={"tool_choice": choice}, other={"tools": [{"type": "web_search_20250305"}]})
    assert "tool_choice" not in asked(call={"tool_choice": choice})


def test_other_is_spread_last():
    other = {"temperature": 0, "max_tokens": 7, "metadata": {"user_id": "fixed"}, "thinking": {"type": "between_tools"}}
    assert other.items() <= asked(temperature=0.5, max_tokens=5, other=other, call={"user": "u"}).items()


@pytest.mark.parametrize("name", ["stream", "model", "messages", "system"])
def test_other_cannot_change_what_is_measured(name: str):
    with pytest.raises(Unprocessable, match=f"cannot set `{name}`"):
        asked(other={name: None})


@pytest.mark.parametrize("name", ["api_base", "base_url", "url", "host", "headers", "extra_headers", "api_key"])
def test_other_cannot_change_where_it_goes(name: str):
    with pytest.raises(Unprocessable, match=f"cannot set `{name}`"):
        asked(other={name: "http://169.254.169.254/"})


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, "2026-10-21"),
        ({"temperature": 1.0, "top_p": 1, "other": {"service_tier": "auto"}}, "2026-10-21"),
        ({"temperature": 0.0}, "2023-06-01"),
        ({"top_p": 0.9}, "2023-06-01"),
        ({"other": {"temperature": 1}}, "2023-06-01"),
        ({"other": {"top_k": 5}}, "2023-06-01"),
    ],
)
def test_sampling_needs_the_version_that_still_has_it(config: dict[str, Any], expected: str):
    assert version(ModelConfig("claude-sonnet-4-6", **config)) == expected
