"""What Replicate's models call their inputs."""

import pytest

from everloop.providers.replicate.facts import Inputs, inputs_of


@pytest.mark.parametrize(
    ("model", "limit", "stop"),
    [
        ("openai/o1", "max_completion_tokens", None),
        ("anthropic/claude-3.5-sonnet", "max_tokens", None),
        ("meta/llama-2-70b-chat:02e5", "max_new_tokens", "stop_sequences"),
        ("a16z-infra/llama2-7b-chat", "max_new_tokens", "stop_sequences"),
    ],
)
def test_families(model: str, limit: str, stop: str | None):
    inputs = inputs_of(model)
    assert (inputs.limit, inputs.stop) == (limit, stop)


@pytest.mark.parametrize("model", ["meta/meta-llama-3-70b-instruct", "deepseek-ai/deepseek-r1", "x/openai", "0" * 64])
def test_all_others_are_like_llama_3(model: str):
    assert inputs_of(model) == Inputs()
