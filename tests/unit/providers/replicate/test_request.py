"""A generation request, and the prediction that is asked for.

The schemas of models were read at https://replicate.com/{owner}/{name}/versions/{version}/api, and where predictions
are made in the cassettes of Replicate's own client (replicate-python, tests/cassettes).
"""

import json
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.replicate.request import prepare

LLAMA = "meta/meta-llama-3-8b-instruct"
VERSION = "02e509c789964a7ea8736978a43525956ef40397be9033abf9fd2badfe68c9e3"


def made(model: str = LLAMA, /, *, call: dict[str, Any] | None = None, **config: Any) -> tuple[str, dict[str, Any]]:
    prepared = prepare(GenerationRequest(ModelConfig(model, **config), "Hi", **(call or {})))
    return prepared.path, json.loads(prepared.body)


def asked(model: str = LLAMA, /, *, call: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    found: dict[str, Any] = made(model, call=call, **config)[1]["input"]
    return found


def test_a_completion_is_the_prompt():
    assert made() == ("/models/meta/meta-llama-3-8b-instruct/predictions", {"input": {"prompt": "Hi"}})


@pytest.mark.parametrize("model", [f"meta/llama-2-70b-chat:{VERSION}", VERSION])
def test_a_version_is_named_in_the_body(model: str):
    assert made(model) == ("/predictions", {"version": VERSION, "input": {"prompt": "Hi"}})


def test_names_are_percent_encoded():
    assert made("ö%2f/a?b#c")[0] == "/models/%C3%B6%252f/a%3Fb%23c/predictions"


@pytest.mark.parametrize(
    "model",
    [
        "llama",
        "",
        "a/b/c",
        "/b",
        "a/",
        "../predictions",
        "a/..",
        "./b",
        "a b/c",
        "a/b:",
        "a/b:c/d",
        "a/b:..",
        "a/\ud800",
    ],
)
def test_other_names_are_refused(model: str):
    with pytest.raises(Unprocessable):
        made(model)


def test_only_what_was_moved_goes_out():
    assert asked(temperature=0.5, top_p=0.9, presence_penalty=1.0, frequency_penalty=0.5, max_tokens=9, seed=7) == {
        "prompt": "Hi",
        "temperature": 0.5,
        "top_p": 0.9,
        "presence_penalty": 1.0,
        "frequency_penalty": 0.5,
        "max_tokens": 9,
        "seed": 7,
    }


def test_the_calls_seed_is_used_where_the_config_has_none():
    assert asked(call={"seed": 8})["seed"] == 8
    assert asked(seed=7, call={"seed": 8})["seed"] == 7


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        (LLAMA, "max_tokens"),
        ("somebody/something", "max_tokens"),
        (f"meta/llama-2-70b-chat:{VERSION}", "max_new_tokens"),
        ("openai/gpt-5.1", "max_completion_tokens"),
        ("anthropic/claude-3.5-sonnet", "max_tokens"),
    ],
)
def test_the_limit_has_the_models_name(model: str, limit: str):
    assert asked(model, max_tokens=9) == {"prompt": "Hi", limit: 9}


def test_stop_sequences_are_one_text():
    assert asked(stop=("a", "b"))["stop_sequences"] == "a,b"
    with pytest.raises(Unprocessable, match="commas"):
        asked(stop=("a,b",))
    with pytest.raises(Unprocessable, match="no input for `stop`"):
        asked("openai/gpt-5.1", stop=("a",))


def test_effort_is_a_word_for_models_that_have_it():
    assert asked("openai/o4-mini", reasoning_effort="high")["reasoning_effort"] == "high"
    for model, effort in [("openai/o4-mini", 500), (LLAMA, "high")]:
        with pytest.raises(Unprocessable, match="`reasoning_effort`"):
            asked(model, reasoning_effort=effort)


def test_other_goes_into_the_input_last():
    assert asked(temperature=0.5, other={"temperature": 0.9, "top_k": 3, "system_prompt": "Be kind."}) == {
        "prompt": "Hi",
        "temperature": 0.9,
        "top_k": 3,
        "system_prompt": "Be kind.",
    }


@pytest.mark.parametrize("name", ["prompt", "messages", "stream", "base_url", "url", "headers"])
def test_other_cannot_set_what_is_not_its_own(name: str):
    with pytest.raises(Unprocessable, match=f"`{name}`"):
        asked(other={name: 1})


def test_nothing_of_a_config_gets_beside_the_input():
    _, body = made(other={"webhook": "https://example.com", "version": VERSION})
    assert body.keys() == {"input"}


def test_half_a_surrogate_pair_is_no_text():
    with pytest.raises(Unprocessable, match="surrogate"):
        prepare(GenerationRequest(ModelConfig(LLAMA), "\ud800"))
