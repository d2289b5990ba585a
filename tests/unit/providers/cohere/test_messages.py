"""v4's messages as Cohere takes them: the corners; the usual ones are compared with what its own package sends."""

from typing import Any

import pytest

from everloop.errors import Unprocessable
from everloop.providers.cohere.messages import written

IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def test_a_message_without_content_has_an_empty_one():
    assert written([{"role": "system"}, {"role": "user", "content": None}, {"role": "assistant"}]) == [
        {"role": "system", "content": ""},
        {"role": "user", "content": ""},
        {"role": "assistant", "content": ""},
    ]


def test_a_developers_message_is_the_systems():
    assert written([{"role": "developer", "content": "Be kind."}]) == [{"role": "system", "content": "Be kind."}]


def test_names_and_thoughts_are_left_out():
    message = {"role": "assistant", "content": "Hi", "name": "Ann", "thinking": [{"type": "thinking"}]}
    assert written([message]) == [{"role": "assistant", "content": "Hi"}]


def test_text_stays_beside_calls():
    call = {"id": "c", "type": "function", "function": {"name": "add", "arguments": None}}
    (made,) = written([{"role": "assistant", "content": "So", "tool_calls": [call]}])
    assert made == {
        "role": "assistant",
        "content": "So",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "add", "arguments": "{}"}}],
    }


def test_the_deprecated_forms_get_ids():
    call, reply = written(
        [
            {"role": "assistant", "tool_call": {"name": "add", "arguments": '{"a":1}'}},
            {"role": "tool", "name": "add", "content": "2"},
        ]
    )
    assert call["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a":1}'}
    assert reply == {"role": "tool", "tool_call_id": call["tool_calls"][0]["id"], "content": "2"}


def test_text_may_come_in_parts():
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert [each["content"] for each in written([{"role": role, "content": parts} for role in ("system", "user")])] == [
        parts,
        parts,
    ]


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_images_are_the_users(role: str):
    message: dict[str, Any] = {"role": role, "content": [IMAGE]}
    with pytest.raises(Unprocessable, match=f"not of role `{role}`"):
        written([message])


def test_a_reply_needs_its_call():
    with pytest.raises(Unprocessable, match="tool_call_id"):
        written([{"role": "tool", "content": "2"}])
