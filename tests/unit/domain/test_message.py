import pytest

from everloop.domain.generation import ToolCall
from everloop.domain.message import Message, answered, filled, text_of

IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/{{who}}.png", "detail": "low"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}


def test_text_is_filled_wherever_it_stands_and_nothing_else_is():
    template = (
        {"role": "system"},
        {"role": "user", "name": "{{who}}", "content": "Hi {{ who }}"},
        {"role": "user", "content": [{"type": "text", "text": "{{who}}?"}, IMAGE]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
    )
    assert filled(template, lambda text: text.replace("{{who}}", "Ada {{x}}").replace("{{ who }}", "Ada {{x}}")) == [
        {"role": "system"},
        {"role": "user", "name": "{{who}}", "content": "Hi Ada {{x}}"},
        {"role": "user", "content": [{"type": "text", "text": "Ada {{x}}?"}, IMAGE]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
    ]
    assert template[1]["content"] == "Hi {{ who }}"


def test_a_chats_text_has_its_calls_and_no_images():
    messages: list[Message] = [
        {"role": "system"},
        {"role": "user", "content": [{"type": "text", "text": "one"}, IMAGE, {"type": "text", "text": "two"}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL], "tool_call": {"name": "old"}},
        {"role": "tool", "content": "three", "tool_call_id": "c1"},
    ]
    assert text_of(messages) == 'one\ntwo\nadd{"a": 1}\nold\nthree'


@pytest.mark.parametrize(
    ("text", "calls", "message"),
    [
        ("", (), {"role": "assistant", "content": ""}),
        (" Hi\n", (), {"role": "assistant", "content": " Hi\n"}),
        ("", (ToolCall("c1", "add", '{"a": 1}'),), {"role": "assistant", "content": None, "tool_calls": [CALL]}),
        ("So:", (ToolCall("c1", "add", '{"a": 1}'),), {"role": "assistant", "content": "So:", "tool_calls": [CALL]}),
    ],
)
def test_an_answer_is_a_message_that_can_be_sent_back(text, calls, message):
    assert answered(text, calls) == message
