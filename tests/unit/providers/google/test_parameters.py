"""`generationConfig`; most is compared with Google's own client in tests/contract/providers/official."""

from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.google.parameters import written


def asked(model: str = "gemini-3.8-flash", /, *, call: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    return written(GenerationRequest(ModelConfig(model, **config), "Hi", **(call or {})))


def test_what_nobody_moved_is_left_to_google():
    assert asked() == {}


def test_an_earlier_models_own_top_p_is_less_than_1():
    assert asked("gemini-2.5-flash") == {"topP": 1.0}


def test_zeros_are_said():
    config = {"temperature": 0.0, "top_p": 0.0, "max_tokens": 0, "seed": 0, "reasoning_effort": 0}
    assert asked(**config, call={"logprobs": 0}) == {
        "temperature": 0.0,
        "topP": 0.0,
        "maxOutputTokens": 0,
        "seed": 0,
        "responseLogprobs": True,
        "logprobs": 0,
        "thinkingConfig": {"thinkingBudget": 0},
    }


def test_the_seed_of_the_call_is_used_when_the_config_has_none():
    assert asked(call={"seed": 8}) == {"seed": 8}
    assert asked(seed=0, call={"seed": 8}) == {"seed": 0}


@pytest.mark.parametrize(("effort", "budget"), [("low", 1024), ("medium", 8192), ("high", 24576), (-1, -1)])
def test_effort_in_tokens(effort: str | int, budget: int):
    assert asked("gemini-2.5-pro", reasoning_effort=effort)["thinkingConfig"] == {"thinkingBudget": budget}


def test_an_effort_that_has_no_budget():
    with pytest.raises(Unprocessable, match="is one of minimal, low, medium, high, or a number of tokens"):
        asked("gemini-2.5-pro", reasoning_effort="xhigh")


@pytest.mark.parametrize("schema", [{}, {"json_schema": {}}, {"json_schema": None}])
def test_a_shape_without_a_schema(schema: dict[str, Any]):
    with pytest.raises(Unprocessable, match="needs a `json_schema`"):
        asked(response_format={"type": "json_schema", **schema})


def test_a_property_called_schema_is_no_envelope():
    bare = {"type": "object", "properties": {"schema": {"type": "string"}}}
    assert asked(response_format={"type": "json_schema", "json_schema": bare})["responseJsonSchema"] == bare
