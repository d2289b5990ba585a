"""What is known of the models."""

import pytest

from everloop.providers.anthropic.facts import Thinking, longest_answer, thinking_of


@pytest.mark.parametrize(
    ("model", "thinking", "longest"),
    [
        ("claude-fable-5-1", Thinking.ADAPTIVE, 128_000),
        ("claude-opus-5-5", Thinking.ADAPTIVE, 128_000),
        ("claude-haiku-5-5", Thinking.ADAPTIVE, 128_000),
        ("claude-sonnet-5", Thinking.ADAPTIVE, 128_000),
        ("claude-opus-4-8", Thinking.ADAPTIVE, 128_000),
        ("claude-opus-4-7", Thinking.ADAPTIVE, 128_000),
        ("claude-mythos-preview", Thinking.ADAPTIVE, 128_000),
        ("claude-opus-4-6", Thinking.EITHER, 128_000),
        ("claude-sonnet-4-6", Thinking.EITHER, 128_000),
        ("claude-opus-4-5-20251101", Thinking.EFFORT, 64_000),
        ("claude-haiku-4-5", Thinking.BUDGET, 64_000),
        ("claude-haiku-4-5-20251001", Thinking.BUDGET, 64_000),
        ("claude-sonnet-4-5", Thinking.BUDGET, 64_000),
        ("claude-sonnet-4-20250514", Thinking.BUDGET, 64_000),
        ("claude-sonnet-4-0", Thinking.BUDGET, 64_000),
        ("claude-4-sonnet-20250514", Thinking.BUDGET, 64_000),
        ("claude-opus-4-1-20250805", Thinking.BUDGET, 32_000),
        ("claude-opus-4-20250514", Thinking.BUDGET, 32_000),
        ("claude-4-opus-20250514", Thinking.BUDGET, 32_000),
        ("claude-3-7-sonnet-20250219", Thinking.BUDGET, 64_000),
        ("claude-3-5-sonnet-20241022", Thinking.BUDGET, 8_192),
        ("claude-3-haiku-20240307", Thinking.BUDGET, 4_096),
        ("claude-2.1", Thinking.BUDGET, 4_096),
        ("claude-instant-1.2", Thinking.BUDGET, 4_096),
        ("anthropic.claude-opus-4-1-20250805-v1:0", Thinking.BUDGET, 32_000),
        ("claude-opus-4-1@20250805", Thinking.BUDGET, 32_000),
        ("anthropic/claude-haiku-4-5", Thinking.BUDGET, 64_000),
        ("deepseek-chat", Thinking.EITHER, 8_192),
    ],
)
def test_models(model: str, thinking: Thinking, longest: int):
    assert (thinking_of(model), longest_answer(model)) == (thinking, longest)
