"""Ids for tool calls that came without."""

from typing import Any

import pytest

from everloop.errors import Unprocessable
from everloop.providers.call_ids import with_ids

ADD = {"name": "add", "arguments": "{}"}


def call(call_id: str, name: str = "add") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": "{}"}}


def test_messages_that_have_their_ids_stay_as_they_are():
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "tool_calls": [call("c1"), call("c2")]},
        {"role": "tool", "tool_call_id": "c2", "content": "2"},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
    ]
    assert with_ids(messages) == messages


def test_the_deprecated_form_gets_an_id_that_its_reply_names():
    messages: list[dict[str, Any]] = [
        {"role": "assistant", "tool_call": ADD},
        {"role": "tool", "name": "add", "content": "2"},
        {"role": "assistant", "tool_call": ADD},
        {"role": "tool", "content": "3"},
    ]
    found = with_ids(messages)
    assert [each.get("tool_call_id") for each in found] == [None, "function_call_0", None, "function_call_2"]
    assert found[0]["tool_calls"] == [{"id": "function_call_0", "type": "function", "function": ADD}]


def test_a_reply_without_an_id_answers_the_first_open_call_of_its_name():
    messages: list[dict[str, Any]] = [
        {"role": "assistant", "tool_calls": [call("c1", "sub"), call("c2"), call("c3")]},
        {"role": "tool", "tool_call_id": "c2", "content": ""},
        {"role": "tool", "name": "add", "content": ""},
        {"role": "tool", "content": ""},
    ]
    assert [each.get("tool_call_id") for each in with_ids(messages)] == [None, "c2", "c3", "c1"]


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "tool", "content": "2"}],
        [{"role": "assistant", "tool_call": ADD}, {"role": "tool", "name": "sub", "content": "2"}],
        [{"role": "assistant", "tool_call": ADD}, {"role": "tool", "content": "2"}, {"role": "tool", "content": "2"}],
    ],
)
def test_a_reply_to_no_call_is_refused(messages: list[dict[str, Any]]):
    with pytest.raises(Unprocessable, match="answers no call"):
        with_ids(messages)


def test_what_was_given_is_not_changed():
    message = {"role": "assistant", "tool_call": ADD}
    with_ids([message])
    assert message == {"role": "assistant", "tool_call": ADD}
