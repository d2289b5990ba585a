"""A generation request, and the body that Converse gets for it: all of it, in meaning."""

import json
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.bedrock.request import prepare

NOVA = "amazon.nova-pro-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PLAIN = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
ADD = {"name": "add", "description": "Adds.", "parameters": {"type": "object"}, "source": "inline"}
THEIR_ADD = {"toolSpec": {"name": "add", "description": "Adds.", "inputSchema": {"json": {"type": "object"}}}}


def asked(model: str = NOVA, /, *, call: dict[str, Any] | None = None, **config: Any) -> tuple[str, dict[str, Any]]:
    prepared = prepare(GenerationRequest(ModelConfig(model, **config), "Hi", **(call or {})))
    return prepared.path, json.loads(prepared.body)


def test_a_completion_is_one_user_message_and_what_is_at_its_default_is_left_out():
    assert asked() == ("/model/amazon.nova-pro-v1%3A0/converse", PLAIN)
    assert asked(call={"streamed": True}) == ("/model/amazon.nova-pro-v1%3A0/converse-stream", PLAIN)


def test_every_parameter():
    _, body = asked(
        call={"messages": ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"})},
        max_tokens=5,
        temperature=0.0,
        top_p=0.5,
        stop=("a", "b"),
        tools=(ADD,),
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
        reasoning_effort="low",
        other={"requestMetadata": {"team": "a"}},
    )
    schema = {"name": "x", "schema": '{"type":"object"}'}
    assert body == PLAIN | {
        "system": [{"text": "Be kind."}],
        "inferenceConfig": {"maxTokens": 5, "temperature": 0.0, "topP": 0.5, "stopSequences": ["a", "b"]},
        "toolConfig": {"tools": [THEIR_ADD]},
        "outputConfig": {
            "effort": "low",
            "textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}},
        },
        "requestMetadata": {"team": "a"},
    }


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("a/../../b?c#d%", "/model/a%2F..%2F..%2Fb%3Fc%23d%25/converse"),
        ("ü ", "/model/%C3%BC%20/converse"),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/x",
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse",
        ),
        ("a\r\nHost: evil", "/model/a%0D%0AHost%3A%20evil/converse"),
    ],
)
def test_a_model_stays_one_segment_of_the_path(model: str, path: str):
    assert asked(model)[0] == path


@pytest.mark.parametrize("model", ["", ".", "..", "\ud800"])
def test_names_that_are_no_segment_are_refused(model: str):
    with pytest.raises(Unprocessable, match="name of the model"):
        asked(model)


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ("auto", {"auto": {}}),
        ("required", {"any": {}}),
        ({"type": "function", "function": {"name": "add"}}, {"tool": {"name": "add"}}),
    ],
)
def test_tool_choice(choice: Any, written: Any):
    _, body = asked(call={"tool_choice": choice}, tools=(ADD,))
    assert body["toolConfig"] == {"tools": [THEIR_ADD], "toolChoice": written}
    assert asked(call={"tool_choice": choice})[1] == PLAIN


def test_no_call_means_no_tools_unless_there_were_calls():
    assert asked(call={"tool_choice": "none"}, tools=(ADD,))[1] == PLAIN
    messages = ({"role": "user", "content": "Hi"}, {"role": "assistant", "tool_call": {"name": "add"}})
    with pytest.raises(Unprocessable, match="cannot forbid tool calls"):
        asked(call={"tool_choice": "none", "messages": messages}, tools=(ADD,))


@pytest.mark.parametrize("choice", ["any", {}, {"function": {}}, {"type": "function"}])
def test_other_choices_are_refused(choice: Any):
    with pytest.raises(Unprocessable, match="`tool_choice`"):
        asked(call={"tool_choice": choice}, tools=(ADD,))


def test_tools_that_say_little_and_tools_that_are_strict():
    _, body = asked(tools=({"name": "now", "description": "", "strict": False}, {"name": "later", "strict": True}))
    empty = {"json": {"type": "object", "properties": {}}}
    assert body["toolConfig"]["tools"] == [
        {"toolSpec": {"name": "now", "inputSchema": empty}},
        {"toolSpec": {"name": "later", "inputSchema": empty, "strict": True}},
    ]


@pytest.mark.parametrize(
    ("model", "effort", "fields"),
    [
        (NOVA, "high", {"outputConfig": {"effort": "high"}}),
        (CLAUDE, 2048, {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2048}}}),
        (
            "anthropic.claude-opus-4-6-v1",
            "low",
            {
                "additionalModelRequestFields": {"thinking": {"type": "adaptive"}},
                "outputConfig": {"effort": "low"},
            },
        ),
    ],
)
def test_reasoning_effort(model: str, effort: str | int, fields: dict[str, Any]):
    assert asked(model, reasoning_effort=effort)[1] == PLAIN | fields


@pytest.mark.parametrize(
    ("model", "config", "words"),
    [
        (NOVA, {"reasoning_effort": 2048}, "for models of Claude only"),
        (CLAUDE, {"reasoning_effort": "high"}, "as a number of tokens"),
        (NOVA, {"response_format": {"type": "json_schema"}}, "needs a `schema`"),
        (NOVA, {"response_format": {"type": "json_schema", "json_schema": {"schema": "x"}}}, "needs a `schema`"),
        (NOVA, {"response_format": {"type": "json_schema", "json_schema": {"schema": {"a": "\ud800"}}}}, "surrogate"),
        (NOVA, {"stop": ("\ud800",)}, "surrogate"),
    ],
)
def test_what_cannot_be_asked(model: str, config: dict[str, Any], words: str):
    with pytest.raises(Unprocessable, match=words):
        asked(model, **config)


def test_other_is_spread_last():
    fields = {"additionalModelRequestFields": {"top_k": 5}}
    assert asked(CLAUDE, reasoning_effort=2048, other=fields)[1] == PLAIN | fields


@pytest.mark.parametrize("name", ["model", "modelId", "messages", "prompt", "n", "stream", "base_url", "headers"])
def test_other_changes_neither_what_is_measured_nor_where_it_goes(name: str):
    with pytest.raises(Unprocessable, match=f"cannot set `{name}`"):
        asked(other={name: None})
