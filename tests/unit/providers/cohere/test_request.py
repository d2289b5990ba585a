"""A generation request, and the body that Cohere gets for it. Its own package is asked in the contract tests."""

import json
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.cohere.request import prepare

ADD = {"name": "add", "parameters": {"type": "object"}}


def asked(*, call: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    prepared = prepare(GenerationRequest(ModelConfig("command-a-03-2025", **config), "Hi", **(call or {})))
    assert prepared.path == "/chat"
    body: dict[str, Any] = json.loads(prepared.body)
    return body


def test_a_completion_is_one_message_of_the_user():
    assert asked() == {
        "model": "command-a-03-2025",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": False,
        "temperature": 1.0,
    }


def test_several_samples_are_asked_for_one_by_one():
    assert asked(call={"samples": 3}) == asked()


def test_the_calls_seed_is_used_where_the_config_has_none():
    assert asked(call={"seed": 8})["seed"] == 8
    assert asked(seed=7, call={"seed": 8})["seed"] == 7


def test_a_tool_without_parameters_gets_empty_ones():
    (tool,) = asked(tools=({"name": "now"},))["tools"]
    assert tool == {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}


def test_tools_are_strict_only_where_all_are():
    assert "strict_tools" not in asked(tools=({**ADD, "strict": True}, ADD))
    assert asked(tools=({**ADD, "strict": True},))["strict_tools"] is True


@pytest.mark.parametrize("choice", ["none", "required", "auto", None])
def test_there_is_no_choice_without_tools(choice: str | None):
    assert "tool_choice" not in asked(call={"tool_choice": choice})


def test_tools_in_other_can_be_required():
    assert asked(other={"tools": [1]}, call={"tool_choice": "required"})["tool_choice"] == "REQUIRED"


def test_a_tool_that_is_not_in_the_config_cannot_be_chosen():
    choice = {"type": "function", "function": {"name": "sub"}}
    with pytest.raises(Unprocessable, match="'sub' is not in `tools`"):
        asked(tools=(ADD,), call={"tool_choice": choice})


def test_a_schema_may_come_without_its_wrapper():
    wanted = {"type": "json_schema", "json_schema": {"type": "object"}}
    assert asked(response_format=wanted)["response_format"] == {
        "type": "json_object",
        "json_schema": {"type": "object"},
    }


@pytest.mark.parametrize("wrapper", [None, {"name": "x", "schema": None}])
def test_a_schema_that_is_missing_is_said(wrapper: Any):
    with pytest.raises(Unprocessable, match="needs its schema"):
        asked(response_format={"type": "json_schema", "json_schema": wrapper})


@pytest.mark.parametrize("effort", ["high", "medium", "low", -1])
def test_words_of_effort_are_refused(effort: Any):
    with pytest.raises(Unprocessable, match="give a number of tokens"):
        asked(reasoning_effort=effort)


def test_more_log_probabilities_than_the_models_own_are_refused():
    assert asked(call={"logprobs": 0})["logprobs"] is True
    with pytest.raises(Unprocessable, match="at most 1"):
        asked(call={"logprobs": 2})


def test_other_goes_last():
    body = asked(temperature=0.5, other={"temperature": 0.9, "k": 3})
    assert (body["temperature"], body["k"]) == (0.9, 3)


@pytest.mark.parametrize("name", ["model", "messages", "stream", "base_url", "url", "headers"])
def test_other_cannot_set_what_is_not_its_own(name: str):
    with pytest.raises(Unprocessable, match=f"`{name}`"):
        asked(other={name: 1})


def test_half_a_surrogate_pair_is_no_text():
    with pytest.raises(Unprocessable, match="surrogate"):
        prepare(GenerationRequest(ModelConfig("command-a-03-2025"), "\ud800"))
