"""A generation request, and the body that the vendor gets for it: all of it, in meaning."""

import json
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.openai.request import prepare

SAMPLING = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "n": 1, "stream": False, **SAMPLING}
LEGACY = {"model": "davinci-002", "prompt": "Hi", "n": 1, "stream": False, **SAMPLING}


def asked(model: str = "gpt-4o", /, *, call: dict[str, Any] | None = None, **config: Any) -> tuple[str, dict[str, Any]]:
    prepared = prepare(GenerationRequest(ModelConfig(model, **config), "Hi", **(call or {})))
    return prepared.path, json.loads(prepared.body)


def test_a_chat_model_gets_the_prompt_as_one_user_message():
    assert asked() == ("/chat/completions", CHAT)


def test_a_completion_model_gets_the_prompt():
    assert asked("davinci-002") == ("/completions", LEGACY)


def test_every_parameter_of_a_chat_model():
    path, body = asked(
        "gpt-4o",
        max_tokens=5,
        temperature=0.7,
        top_p=0.5,
        stop=("a", "b"),
        presence_penalty=0.25,
        frequency_penalty=-2.0,
        seed=7,
        response_format={"type": "json_object"},
        reasoning_effort="low",
        other={"logit_bias": {"50256": -100}},
        call={"samples": 3, "streamed": True, "user": "u-1", "seed": 8, "logprobs": 2},
    )
    assert path == "/chat/completions"
    assert body == {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "Hi"}],
        "n": 3,
        "max_tokens": 5,
        "temperature": 0.7,
        "top_p": 0.5,
        "stop": ["a", "b"],
        "presence_penalty": 0.25,
        "frequency_penalty": -2.0,
        "seed": 7,
        "response_format": {"type": "json_object"},
        "reasoning_effort": "low",
        "logit_bias": {"50256": -100},
        "user": "u-1",
        "logprobs": True,
        "top_logprobs": 2,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_every_parameter_of_a_completion_model():
    path, body = asked(
        "gpt-3.5-turbo-instruct",
        max_tokens=5,
        stop=("a",),
        call={"samples": 2, "streamed": True, "user": "u-1", "seed": 8, "logprobs": 2, "suffix": " end"},
    )
    assert path == "/completions"
    assert body == {
        "model": "gpt-3.5-turbo-instruct",
        "prompt": "Hi",
        "suffix": " end",
        "n": 2,
        **SAMPLING,
        "max_tokens": 5,
        "stop": ["a"],
        "user": "u-1",
        "seed": 8,
        "logprobs": 2,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_the_prompt_is_sent_as_it_is():
    prompt = "  größer \u2028 {{x}} \x00 \U0001f600\n"
    body = json.loads(prepare(GenerationRequest(ModelConfig("gpt-4o"), prompt)).body)
    assert body["messages"] == [{"role": "user", "content": prompt}]


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(Unprocessable, match="surrogate"):
        prepare(GenerationRequest(ModelConfig("gpt-4o"), "\ud800"))


def test_a_seed_of_zero_counts():
    assert asked(seed=0, call={"seed": 5})[1]["seed"] == 0
    assert asked(call={"seed": 0})[1]["seed"] == 0


@pytest.mark.parametrize("model", ["o1", "o3-mini", "gpt-5", "gpt-5.1"])
def test_a_reasoning_model_gets_only_what_the_author_moved(model: str):
    _, body = asked(model, max_tokens=9)
    assert body == {
        "model": model,
        "messages": [{"role": "user", "content": "Hi"}],
        "n": 1,
        "max_completion_tokens": 9,
        "stream": False,
    }
    _, body = asked(model, temperature=0.2, presence_penalty=1.0)
    assert {"temperature": 0.2, "presence_penalty": 1}.items() <= body.items()
    assert body.keys().isdisjoint({"top_p", "frequency_penalty"})


@pytest.mark.parametrize("suffix", [None, ""])
def test_no_suffix_is_fine_anywhere(suffix: str | None):
    assert "suffix" not in asked(call={"suffix": suffix})[1]


def test_a_suffix_is_for_completion_models():
    with pytest.raises(Unprocessable, match=r"`suffix`.*`gpt-4o` is a chat model"):
        asked(call={"suffix": "x"})


def test_logprobs_of_zero_are_asked_for():
    assert {"logprobs": True, "top_logprobs": 0}.items() <= asked(call={"logprobs": 0})[1].items()
    assert asked("davinci-002", call={"logprobs": 0})[1]["logprobs"] == 0


def test_tools_become_functions():
    tool = {"name": "f", "description": None, "parameters": {"type": "object"}, "strict": True, "source": "inline"}
    _, body = asked(tools=(tool, {"name": "g"}))
    assert body["tools"] == [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}},
        {"type": "function", "function": {"name": "g"}},
    ]
    with pytest.raises(Unprocessable, match="`tools`"):
        asked("davinci-002", tools=(tool,))


def test_other_is_spread_last():
    other = {"temperature": 0, "max_tokens": None, "user": "fixed", "metadata": {"a": [1]}, "stream_options": None}
    _, body = asked(temperature=0.5, max_tokens=5, other=other, call={"user": "u"})
    assert other.items() <= body.items()


@pytest.mark.parametrize(
    ("model", "api", "path"),
    [
        ("gpt-4o", "completions", "/completions"),
        ("davinci-002", "chat", "/chat/completions"),
        ("davinci-002", None, "/completions"),
        ("my-base-model", "completions", "/completions"),
        ("gpt-4o", "responses", "/responses"),
        ("gpt-5-pro", None, "/responses"),
        ("gpt-5-pro", "chat", "/chat/completions"),
    ],
)
def test_other_may_choose_the_endpoint(model: str, api: str | None, path: str):
    got, body = asked(model, other={"api": api})
    assert got == path
    assert "api" not in body


@pytest.mark.parametrize("api", ["Chat", "response", 1, "", ["chat"]])
def test_there_are_three_endpoints(api: object):
    with pytest.raises(Unprocessable, match='"completions", "chat" or "responses"'):
        asked(other={"api": api})


@pytest.mark.parametrize("name", ["stream", "n", "model", "messages", "prompt"])
def test_other_cannot_change_what_is_measured(name: str):
    with pytest.raises(Unprocessable, match=f"cannot set `{name}`"):
        asked(other={name: None})


@pytest.mark.parametrize("name", ["api_base", "base_url", "url", "host", "headers", "extra_headers", "api_key"])
def test_other_cannot_change_where_it_goes(name: str):
    with pytest.raises(Unprocessable, match=f"cannot set `{name}`"):
        asked(other={name: "http://169.254.169.254/"})


MESSAGES = ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"})
ADD = {"name": "add", "parameters": {"type": "object"}}


def test_a_chat_is_sent_as_messages_with_the_same_parameters():
    path, body = asked(call={"messages": MESSAGES, "seed": 3}, response_format={"type": "json_object"}, stop=("x",))
    assert path == "/chat/completions"
    more = {"seed": 3, "response_format": {"type": "json_object"}, "stop": ["x"]}
    assert body == CHAT | more | {"messages": list(MESSAGES)}


def test_a_chat_needs_a_chat_model():
    with pytest.raises(Unprocessable, match="`davinci-002` is a completion model"):
        asked("davinci-002", call={"messages": MESSAGES})
    with pytest.raises(Unprocessable, match="`gpt-4o` is a completion model"):
        asked("gpt-4o", other={"api": "completions"}, call={"messages": MESSAGES})


@pytest.mark.parametrize("choice", ["none", "auto", "required", {"type": "function", "function": {"name": "add"}}])
def test_a_choice_goes_along_with_the_tools_it_is_about(choice: Any):
    assert asked(call={"messages": MESSAGES, "tool_choice": choice}, tools=(ADD,))[1]["tool_choice"] == choice
    assert "tool_choice" not in asked(call={"messages": MESSAGES, "tool_choice": choice})[1]
    other = {"tools": [{"type": "function", "function": ADD}]}
    assert asked(call={"messages": MESSAGES, "tool_choice": choice}, other=other)[1]["tool_choice"] == choice
    assert "tool_choice" not in asked(call={"messages": MESSAGES}, tools=(ADD,))[1]


def test_half_a_surrogate_pair_in_a_message_is_refused():
    with pytest.raises(Unprocessable, match="surrogate"):
        asked(call={"messages": ({"role": "user", "content": "\ud800"},)})
