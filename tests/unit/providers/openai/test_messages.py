"""v4's messages as the OpenAI format takes them."""

from typing import Any

import pytest

from everloop.providers.openai.messages import written

PARTS = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "https://x/y.png"}}]
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"role": "user", "content": "Hi", "name": "ada"}, {"role": "user", "content": "Hi", "name": "ada"}),
        ({"role": "user", "content": PARTS}, {"role": "user", "content": PARTS}),
        ({"role": "system"}, {"role": "system", "content": ""}),
        ({"role": "assistant", "content": None}, {"role": "assistant", "content": ""}),
        (
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
        ),
        (
            {"role": "tool", "content": "2", "tool_call_id": "c1"},
            {"role": "tool", "content": "2", "tool_call_id": "c1"},
        ),
        ({"role": "tool", "tool_call_id": "c1"}, {"role": "tool", "content": "", "tool_call_id": "c1"}),
        (
            {"role": "assistant", "tool_call": {"name": "add", "arguments": "{}"}},
            {"role": "assistant", "content": None, "function_call": {"name": "add", "arguments": "{}"}},
        ),
        (
            {"role": "tool", "name": "add", "content": "2"},
            {"role": "function", "name": "add", "content": "2"},
        ),
        ({"role": "assistant", "content": "x", "thinking": [{}]}, {"role": "assistant", "content": "x"}),
        ({"role": "assistant", "content": "x", "tool_calls": []}, {"role": "assistant", "content": "x"}),
    ],
)
def test_each_message(message: dict[str, Any], expected: dict[str, Any]):
    assert written([message]) == [expected]


def test_what_v4_says_of_a_call_besides_is_left_out_and_arguments_are_never_missing():
    call = {**CALL, "function": {"name": "now"}, "name": "now", "arguments": {"a": 1}}
    old = {"name": "now", "arguments": ""}
    (message,) = written([{"role": "assistant", "tool_calls": [call], "tool_call": old}])
    assert message == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}}],
    }
