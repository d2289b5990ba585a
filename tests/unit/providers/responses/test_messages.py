"""v4's messages as the input items of Responses."""

from typing import Any

import pytest

from everloop.errors import Unprocessable
from everloop.providers.responses.messages import written

TEXT = {"type": "text", "text": "What is it?"}
IMAGE = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
SMALL = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
ITEM = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a": 1}'}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"role": "user", "content": "Hi", "name": "ada"}, [{"role": "user", "content": "Hi"}]),
        ({"role": "system"}, [{"role": "system", "content": ""}]),
        ({"role": "developer", "content": "Be kind."}, [{"role": "developer", "content": "Be kind."}]),
        (
            {"role": "user", "content": [TEXT, IMAGE, SMALL]},
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "What is it?"},
                        {"type": "input_image", "image_url": "https://x/y.png", "detail": "auto"},
                        {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
                    ],
                }
            ],
        ),
        ({"role": "user", "content": []}, [{"role": "user", "content": ""}]),
        ({"role": "assistant", "content": None}, [{"role": "assistant", "content": ""}]),
        ({"role": "assistant", "content": [TEXT, TEXT]}, [{"role": "assistant", "content": "What is it?What is it?"}]),
        ({"role": "assistant", "content": "x", "thinking": [{}]}, [{"role": "assistant", "content": "x"}]),
        ({"role": "assistant", "content": None, "tool_calls": [CALL]}, [ITEM]),
        (
            {"role": "assistant", "content": "So.", "tool_calls": [CALL]},
            [{"role": "assistant", "content": "So."}, ITEM],
        ),
        (
            {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "now"}}]},
            [{"type": "function_call", "call_id": "c1", "name": "now", "arguments": "{}"}],
        ),
        (
            {"role": "tool", "content": "2", "tool_call_id": "c1"},
            [{"type": "function_call_output", "call_id": "c1", "output": "2"}],
        ),
        (
            {"role": "tool", "content": [TEXT], "tool_call_id": "c1"},
            [
                {
                    "type": "function_call_output",
                    "call_id": "c1",
                    "output": [{"type": "input_text", "text": "What is it?"}],
                }
            ],
        ),
    ],
)
def test_each_message(message: dict[str, Any], expected: list[dict[str, Any]]):
    assert written([message]) == expected


def test_the_deprecated_form_of_a_call_gets_an_id():
    found = written([{"role": "assistant", "tool_call": {"name": "add"}}, {"role": "tool", "content": "2"}])
    assert found == [
        {"type": "function_call", "call_id": "function_call_0", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "function_call_0", "output": "2"},
    ]


def test_a_model_says_no_images():
    with pytest.raises(Unprocessable, match="images from users and tools only"):
        written([{"role": "assistant", "content": [TEXT, IMAGE]}])
