"""v4's messages as Converse takes them."""

from typing import Any

import pytest

from everloop.errors import Unprocessable
from everloop.providers.bedrock.messages import calls_tools, written

HI = {"role": "user", "content": "Hi"}
THEIR_HI = {"role": "user", "content": [{"text": "Hi"}]}
TEXT = {"type": "text", "text": "What is it?"}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
USE = {"toolUse": {"toolUseId": "c1", "name": "add", "input": {"a": 1}}}


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, "detail": "low"}}


@pytest.mark.parametrize(
    ("message", "turn"),
    [
        ({"role": "user", "content": "Hi", "name": "ada"}, THEIR_HI),
        (
            {"role": "user", "content": [TEXT, {"type": "text", "text": " "}]},
            {"role": "user", "content": [{"text": "What is it?"}]},
        ),
        (
            {"role": "user", "content": [image("data:image/JPG;base64,AAAA")]},
            {"role": "user", "content": [{"image": {"format": "jpeg", "source": {"bytes": "AAAA"}}}]},
        ),
        (
            {"role": "user", "content": [image("data:image/webp;charset=x;base64,AAAA")]},
            {"role": "user", "content": [{"image": {"format": "webp", "source": {"bytes": "AAAA"}}}]},
        ),
        (
            {"role": "user", "content": [image("s3://bucket/deep/a.b.PNG")]},
            {
                "role": "user",
                "content": [
                    {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/deep/a.b.PNG"}}}}
                ],
            },
        ),
        ({"role": "assistant", "content": None, "tool_calls": [CALL]}, {"role": "assistant", "content": [USE]}),
        (
            {"role": "assistant", "content": "So.", "tool_calls": [CALL]},
            {"role": "assistant", "content": [{"text": "So."}, USE]},
        ),
        (
            {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "now"}}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c1", "name": "now", "input": {}}}]},
        ),
        (
            {"role": "tool", "content": "2", "tool_call_id": "c1"},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "2"}]}}]},
        ),
        (
            {"role": "tool", "content": "", "tool_call_id": "c1"},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "c1", "content": []}}]},
        ),
        (
            {"role": "tool", "content": [TEXT], "tool_call_id": "c1"},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "What is it?"}]}}]},
        ),
    ],
)
def test_each_message(message: dict[str, Any], turn: dict[str, Any]):
    assert written([message]) == {"messages": [turn]}


def test_the_system_has_a_place_of_its_own_wherever_it_spoke():
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "A"},
        HI,
        {"role": "developer", "content": [TEXT]},
        {"role": "system"},
    ]
    assert written(messages) == {"messages": [THEIR_HI], "system": [{"text": "A"}, {"text": "What is it?"}]}


def test_a_system_that_talks_to_itself_is_a_user():
    assert written([{"role": "system", "content": "Hi"}]) == {"messages": [THEIR_HI]}


def test_messages_of_one_side_are_one_turn_and_those_without_content_are_left_out():
    messages: list[dict[str, Any]] = [
        HI,
        {"role": "assistant", "content": " "},
        HI,
        {"role": "assistant", "content": "A"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "2"},
        HI,
    ]
    assert written(messages)["messages"] == [
        {"role": "user", "content": [{"text": "Hi"}, {"text": "Hi"}]},
        {"role": "assistant", "content": [{"text": "A"}, USE]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "2"}]}}, {"text": "Hi"}]},
    ]


def test_what_the_model_thought_goes_back_as_it_came():
    thinking = [
        {"type": "thinking", "thinking": "Well.", "signature": "c2ln"},
        {"type": "thinking", "thinking": "Hm."},
        {"type": "redacted_thinking", "data": "AAAA"},
        {"type": "song"},
        {},
    ]
    (turn,) = written([{"role": "assistant", "content": "So.", "thinking": thinking}])["messages"]
    assert turn["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Well.", "signature": "c2ln"}}},
        {"reasoningContent": {"reasoningText": {"text": "Hm."}}},
        {"reasoningContent": {"redactedContent": "AAAA"}},
        {"text": "So."},
    ]


def test_the_deprecated_form_of_a_call_gets_an_id():
    found = written([HI, {"role": "assistant", "tool_call": {"name": "add"}}, {"role": "tool", "content": "2"}])
    (use,), (result,) = (turn["content"] for turn in found["messages"][1:])
    assert use["toolUse"]["toolUseId"] == result["toolResult"]["toolUseId"] == "function_call_1"


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([{"role": "user", "content": [image("https://example.com/a.png")]}], "not from elsewhere in the web"),
        ([{"role": "user", "content": [image("data:image/png,AAAA")]}], "data: URL in base64"),
        ([{"role": "user", "content": [image("data:image/tiff;base64,AAAA")]}], "not tiff"),
        ([{"role": "user", "content": [image("s3://bucket/a")]}], "png, jpeg, gif and webp"),
        ([{"role": "system", "content": [image("data:image/png;base64,AAAA")]}], "no images in system messages"),
        (
            [HI, {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "add", "arguments": "[1]"}}]}],
            "`c1`",
        ),
        ([HI, {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "add", "arguments": "{"}}]}], "`c1`"),
        (
            [HI, {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "add", "arguments": '"\ud800"'}}]}],
            "`c1`",
        ),
        ([], "at least one message"),
        ([{"role": "user", "content": ""}], "at least one message"),
        ([{"role": "tool", "content": "2"}], "answers no call"),
    ],
)
def test_what_cannot_be_said(messages: list[dict[str, Any]], words: str):
    with pytest.raises(Unprocessable, match=words):
        written(messages)


def test_whether_there_are_calls():
    assert not calls_tools(written([HI])["messages"])
    assert calls_tools(written([HI, {"role": "assistant", "tool_calls": [CALL]}])["messages"])
    assert calls_tools(written([{"role": "tool", "tool_call_id": "c1", "content": "2"}])["messages"])
