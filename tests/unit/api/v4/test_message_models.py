from everloop.api.v4.message_models import ChatMessageWithToolCall, message_view

KEYS = {"role", "content", "name", "tool_call_id", "tool_calls", "tool_call"}


def test_a_message_is_shown_with_six_keys_and_kept_without_the_empty_ones():
    stored = ChatMessageWithToolCall.model_validate({"role": "system", "content": None}).stored()

    assert stored == {"role": "system"}
    assert message_view(stored) == {**dict.fromkeys(KEYS), "role": "system"}


def test_nulls_inside_what_a_model_thought_are_kept():
    stored = ChatMessageWithToolCall.model_validate({"role": "assistant", "thinking": [{"a": None}]}).stored()

    assert message_view(stored)["thinking"] == [{"a": None}]


def test_arguments_of_any_shape_are_kept():
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}, "arguments": {"x": None}}

    stored = ChatMessageWithToolCall.model_validate({"role": "assistant", "tool_calls": [call]}).stored()

    assert stored["tool_calls"] == [call]
