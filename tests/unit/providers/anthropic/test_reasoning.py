"""`reasoning_effort`, in the words of each generation of models."""

from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.errors import Unprocessable
from everloop.providers.anthropic.reasoning import reasoning

BUDGET = {"type": "enabled", "budget_tokens": 2048}


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "output"),
    [
        ("claude-opus-5-5", None, {}, {}),
        ("claude-opus-5-5", "low", {"type": "adaptive"}, {"effort": "low"}),
        ("claude-opus-4-8", "xhigh", {"type": "adaptive"}, {"effort": "xhigh"}),
        ("claude-sonnet-4-6", "high", {"type": "adaptive"}, {"effort": "high"}),
        ("claude-sonnet-4-6", 2048, BUDGET, {}),
        ("claude-opus-4-5", "medium", {}, {"effort": "medium"}),
        ("claude-opus-4-5", 2048, BUDGET, {}),
        ("claude-haiku-4-5", 2048, BUDGET, {}),
        ("claude-haiku-4-5", 0, {"type": "disabled"}, {}),
        ("claude-opus-5", "none", {"type": "disabled"}, {}),
        ("some-other-model", "high", {"type": "adaptive"}, {"effort": "high"}),
        ("some-other-model", 2048, BUDGET, {}),
    ],
)
def test_each_way(model: str, effort: str | int | None, thinking: dict[str, Any], output: dict[str, Any]):
    assert reasoning(ModelConfig(model, reasoning_effort=effort)) == (thinking, output)


@pytest.mark.parametrize(
    ("model", "effort", "words"),
    [
        ("claude-opus-5-5", 2048, "`claude-opus-5-5` takes `reasoning_effort` as a word"),
        ("claude-haiku-4-5", "high", "`claude-haiku-4-5` takes `reasoning_effort` as a number of tokens"),
    ],
)
def test_the_other_way_is_refused_in_words(model: str, effort: str | int, words: str):
    with pytest.raises(Unprocessable, match=words):
        reasoning(ModelConfig(model, reasoning_effort=effort))
