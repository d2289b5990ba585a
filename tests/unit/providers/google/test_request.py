"""Paths, and what `other` may do; bodies are compared with Google's own in tests/contract/providers/official."""

import json
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.google.request import prepare


def asked(model: str = "gemini-3.8-flash", /, *, call: dict[str, Any] | None = None, **config: Any) -> tuple[str, Any]:
    prepared = prepare(GenerationRequest(ModelConfig(model, **config), "Hi", **(call or {})))
    return prepared.path, json.loads(prepared.body)


def test_a_completion_is_one_message():
    assert asked() == (
        "/models/gemini-3.8-flash:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
    )


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("models/gemini-3.8-flash", "/models/gemini-3.8-flash"),
        ("tunedModels/mine-7", "/tunedModels/mine-7"),
        ("../../v1/models/x", "/models/..%2F..%2Fv1%2Fmodels%2Fx"),
        ("models/../x", "/models/..%2Fx"),
        ("x?key=1&y#z", "/models/x%3Fkey%3D1%26y%23z"),
        ("x:countTokens", "/models/x%3AcountTokens"),
        ("größe 1\r\n", "/models/gr%C3%B6%C3%9Fe%201%0D%0A"),
        ("%2e%2e", "/models/%252e%252e"),
    ],
)
def test_a_models_name_is_one_segment_of_the_path(model: str, path: str):
    assert asked(model)[0] == f"{path}:generateContent"
    assert asked(model, call={"streamed": True})[0] == f"{path}:streamGenerateContent?alt=sse"


@pytest.mark.parametrize(
    "name",
    ["model", "contents", "system_instruction", "systemInstruction", "messages", "prompt", "n", "stream"],
)
def test_other_cannot_set_what_is_ours(name: str):
    with pytest.raises(Unprocessable, match="Everloop sets that itself"):
        asked(other={name: "x"})


@pytest.mark.parametrize("config", [{"candidateCount": 2}, {"candidate_count": 2}])
@pytest.mark.parametrize("name", ["generationConfig", "generation_config"])
def test_other_cannot_ask_for_several_candidates(name: str, config: dict[str, int]):
    with pytest.raises(Unprocessable, match="`candidateCount`: Everloop sets that itself"):
        asked(other={name: config})


@pytest.mark.parametrize("name", ["api_base", "api_key", "base_url", "extra_headers", "headers", "host", "url"])
def test_other_never_changes_where_a_call_goes(name: str):
    with pytest.raises(Unprocessable, match="never changes where a call goes"):
        asked(other={name: "x"})


@pytest.mark.parametrize("value", [None, 7, "x", [1]])
def test_a_generation_config_that_is_no_object(value: Any):
    with pytest.raises(Unprocessable, match="is an object"):
        asked(other={"generationConfig": value})


def test_half_a_surrogate_pair():
    with pytest.raises(Unprocessable, match="surrogate"):
        asked("m\ud800")
    with pytest.raises(Unprocessable, match="surrogate"):
        prepare(GenerationRequest(ModelConfig("m"), "Hi \ud800"))
