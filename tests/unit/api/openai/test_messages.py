import pytest
from pydantic import ValidationError

from everloop.api.openai.messages import ChatMessage

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"role": "user", "content": "x"}, {"role": "user", "content": "x"}),
        ({"role": "user", "content": "", "name": "Ada"}, {"role": "user", "content": "", "name": "Ada"}),
        ({"role": "developer", "content": "x"}, {"role": "system", "content": "x"}),
        ({"role": "assistant"}, {"role": "assistant"}),
        ({"role": "assistant", "tool_calls": [CALL]}, {"role": "assistant", "tool_calls": [CALL]}),
        ({"role": "assistant", "content": "x", "tool_calls": []}, {"role": "assistant", "content": "x"}),
        ({"role": "assistant", "content": "x", "refusal": "no"}, {"role": "assistant", "content": "x"}),
        ({"role": "assistant", "content": None, "refusal": "no"}, {"role": "assistant", "content": "no"}),
        ({"role": "assistant", "content": "", "refusal": ""}, {"role": "assistant", "content": ""}),
        (
            {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        ),
        (
            {"role": "tool", "tool_call_id": "call_1", "content": "2"},
            {"role": "tool", "tool_call_id": "call_1", "content": "2"},
        ),
        (
            {"role": "assistant", "content": "x", "annotations": [], "audio": None, "function_call": None},
            {"role": "assistant", "content": "x"},
        ),
    ],
)
def test_messages_are_kept_in_v4s_words(sent, stored):
    assert ChatMessage.model_validate(sent).stored() == stored


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "function", "name": "f", "content": "x"},
        {"role": "user"},
        {"role": "system", "content": None},
        {"role": "tool", "content": "x"},
        {"role": "tool", "tool_call_id": "", "content": "x"},
        {"role": "tool", "tool_call_id": "call_1"},
        {"role": "user", "content": "x", "tool_calls": [CALL]},
        {"role": "user", "content": [{"type": "file", "file": {}}]},
        {"role": "user", "content": {"type": "text", "text": "x"}},
        {"role": "assistant", "tool_calls": [{**CALL, "type": "custom"}]},
    ],
)
def test_what_is_no_message(wrong):
    with pytest.raises(ValidationError):
        ChatMessage.model_validate(wrong)
