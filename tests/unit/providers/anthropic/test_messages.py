"""v4's messages as the Messages API takes them."""

from typing import Any

import pytest

from everloop.errors import Unprocessable
from everloop.providers.anthropic.messages import written

CALL = {"id": "toolu_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
USE = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://x.invalid/y.png"}}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"}
HIDDEN = {"type": "redacted_thinking", "data": "Emwk"}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any = None, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def system(content: Any) -> dict[str, Any]:
    return {"role": "system", "content": content}


def result(call_id: str, content: Any = None, **more: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content, **more}


def turns(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = written(messages)["messages"]
    return found


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def test_turns():
    said = [user("Hi"), assistant("Hello."), user("How are you?")]
    assert written(said) == {"messages": said}


def test_what_the_system_says_is_a_field_wherever_it_stood():
    assert written([system("Be kind."), user("Hi")]) == {"messages": [user("Hi")], "system": "Be kind."}
    later = [system("Be kind."), user("Hi"), {"role": "developer", "content": "Be short."}, system(None)]
    assert written(later) == {"messages": [user("Hi")], "system": [text("Be kind."), text("Be short.")]}


def test_messages_of_one_side_are_one_turn():
    said = [user("Hi"), user([text("Look:"), IMAGE]), assistant("a"), assistant("b"), user("c")]
    picture = {"type": "image", "source": {"type": "url", "url": "https://x.invalid/y.png"}}
    assert turns(*said) == [
        user([text("Hi"), text("Look:"), picture]),
        assistant([text("a"), text("b")]),
        user("c"),
    ]


def test_calls_and_their_replies():
    other = {**CALL, "id": "toolu_2", "function": {"name": "now"}}
    said = [
        user("1?"),
        assistant("Let me see.", tool_calls=[CALL, other]),
        result("toolu_1", "2"),
        result("toolu_2"),
        user("And?"),
    ]
    assert turns(*said)[1:] == [
        assistant([text("Let me see."), USE, {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}}]),
        user(
            [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "2"},
                {"type": "tool_result", "tool_use_id": "toolu_2"},
                text("And?"),
            ]
        ),
    ]


def test_a_reply_may_have_parts():
    said = turns(user("?"), assistant(tool_calls=[CALL]), result("toolu_1", [text("There:"), IMAGE]))
    picture = {"type": "image", "source": {"type": "url", "url": "https://x.invalid/y.png"}}
    assert said[2]["content"][0]["content"] == [text("There:"), picture]


def test_ids_of_other_vendors_fit():
    odd = "functions.add:0/ü"
    said = turns(user("?"), assistant(tool_calls=[{**CALL, "id": odd}]), result(odd, "2"))
    assert said[1]["content"][0]["id"] == said[2]["content"][0]["tool_use_id"] == "functions_add_0__"


def test_the_deprecated_form_has_no_ids_and_gets_them():
    said = turns(
        user("?"),
        assistant(tool_call={"name": "add", "arguments": "{}"}),
        {"role": "tool", "name": "add", "content": "2"},
    )
    (use,), (reply,) = said[1]["content"], said[2]["content"]
    assert (use["name"], use["input"]) == ("add", {})
    assert reply == {"type": "tool_result", "tool_use_id": use["id"], "content": "2"}


@pytest.mark.parametrize(
    "arguments", ['{"a": 1', "[1]", "1", "null", "NaN", "[" * 1000, '{"a":' * 300 + "1" + "}" * 300]
)
def test_arguments_that_are_no_object_are_wrapped_as_the_vendor_says(arguments: str):
    call = {**CALL, "function": {"name": "add", "arguments": arguments}}
    (use,) = turns(user("?"), assistant(tool_calls=[call]))[1]["content"]
    assert use["input"] == {"INVALID_JSON": arguments}


@pytest.mark.parametrize("arguments", [None, "", " ", "{}"])
def test_no_arguments_are_an_empty_object(arguments: str | None):
    call = {**CALL, "function": {"name": "add", "arguments": arguments}}
    assert turns(user("?"), assistant(tool_calls=[call]))[1]["content"][0]["input"] == {}


def test_what_a_model_thought_goes_back_as_it_came_before_what_it_said():
    strange = {"type": "daydream"}
    said = turns(user("?"), assistant("So:", thinking=[THOUGHT, HIDDEN, strange, {}], tool_calls=[CALL]))
    assert said[1]["content"] == [THOUGHT, HIDDEN, text("So:"), USE]


def test_messages_without_content_say_nothing():
    assert turns(user("a"), assistant(""), user(" "), user("b")) == [user([text("a"), text("b")])]


def test_a_system_that_talks_to_itself_is_a_user():
    assert written([system("Write."), system("A poem.")]) == {"messages": [user([text("Write."), text("A poem.")])]}


@pytest.mark.parametrize("messages", [[], [system(" ")], [user("")], [{"role": "user"}]])
def test_somebody_has_to_say_something(messages: list[dict[str, Any]]):
    with pytest.raises(Unprocessable, match="at least one message with content"):
        written(messages)


def test_the_system_shows_no_pictures():
    with pytest.raises(Unprocessable, match="no images in system messages"):
        written([system([text("Look:"), IMAGE]), user("Hi")])


def test_a_reply_to_nobody_is_refused():
    with pytest.raises(Unprocessable, match="tool_call_id"):
        written([user("?"), {"role": "tool", "content": "2"}])
