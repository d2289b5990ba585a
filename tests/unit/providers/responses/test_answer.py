"""Plain answers of Responses, honest and odd ones."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.generation import Sample, Secret, ToolCall, Usage
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.redaction import Redactor
from everloop.providers.responses.answer import read

KEY = Secret("sk-canary-0123456789")


def message(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": list(parts)}


def text(said: str) -> dict[str, Any]:
    return {"type": "output_text", "text": said, "annotations": []}


def call(name: str | None = "add", **fields: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": "c1", "name": name, "arguments": "{}", **fields}


def answer(*output: Any, **fields: Any) -> tuple[Sample, Usage | None]:
    body = {"status": "completed", "output": list(output), **fields}
    return read(json.dumps(body).encode(), "OpenAI", Redactor(KEY))


def test_text_of_every_message_and_part_in_order():
    sample, usage = answer(message(text(" a"), text("b")), {"type": "reasoning", "summary": []}, message(text("c ")))
    assert sample == Sample(0, " abc ", "stop")
    assert usage is None


def test_a_refusal_stands_where_the_text_would():
    sample, _ = answer(message({"type": "refusal", "refusal": "No."}))
    assert sample == Sample(0, "No.", "stop")


def test_calls_and_those_without_an_id():
    sample, _ = answer(message(text("So.")), call(), call("sub", call_id=None, arguments='{"a": 1}'))
    assert sample == Sample(0, "So.", "tool_call", (ToolCall("c1", "add", "{}"), ToolCall("call_1", "sub", '{"a": 1}')))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "stop"),
        ({"status": None}, "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, "steered"),
        ({"status": "incomplete", "incomplete_details": None}, "incomplete"),
        ({"status": "incomplete"}, "incomplete"),
    ],
)
def test_finish_reasons(fields: dict[str, Any], reason: str):
    sample, _ = answer(message(text("x")), **fields)
    assert sample.finish_reason == reason


def test_a_call_that_was_cut_off_did_not_end_for_the_call():
    sample, _ = answer(call(), status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    assert sample.finish_reason == "length"


def test_usage_counts_what_was_thought_and_what_was_cached():
    counted = {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 8},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 3},
    }
    assert answer(usage=counted)[1] == Usage(9, 5, 3)
    assert answer(usage={"input_tokens": 9})[1] == Usage(9, 0)
    assert answer(usage=None)[1] is None


def test_items_and_parts_of_unknown_kinds_say_nothing():
    odd = [{"type": "web_search_call"}, {"no": "type"}, {"type": 1}, message({"type": "song", "text": "la"})]
    assert answer(*odd)[0] == Sample(0, "", "stop")


def test_the_key_is_taken_out():
    sample, _ = answer(message(text(f"It is {KEY.value}.")), call(arguments=json.dumps({"k": KEY.value})))
    assert sample.text == "It is [redacted]."
    assert json.loads(sample.tool_calls[0].arguments) == {"k": "[redacted]"}


def failing(body: Any) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        read(body if isinstance(body, bytes) else json.dumps(body).encode(), "OpenAI", Redactor(None))
    return caught.value


@pytest.mark.parametrize("status", ["queued", "in_progress", "cancelled", "song"])
def test_an_answer_that_is_none_yet(status: str):
    failure = failing({"status": status, "output": []})
    assert (failure.kind, failure.upstream_code) == (FailureKind.MALFORMED, 200)
    assert status in failure.message


def test_an_answer_that_failed():
    failure = failing({"status": "failed", "output": [], "error": {"code": "server_error", "message": "Oh."}})
    assert (failure.kind, failure.message) == (FailureKind.SERVER_ERROR, "Oh.")
    failure = failing({"status": "failed", "output": [], "error": None})
    assert failure.kind is FailureKind.SERVER_ERROR


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[" * 100_000,
        b"null",
        [],
        {},
        {"output": None},
        {"output": {}},
        {"output": ["text"]},
        {"output": [{"type": "message"}]},
        {"output": [{"type": "message", "content": "text"}]},
        {"output": [message({"type": "output_text", "text": 1})]},
        {"output": [{"type": "function_call"}]},
        {"output": [call(arguments={})]},
        {"output": [call(name=None)]},
        {"output": [], "usage": {"input_tokens": "many"}},
        {"output": [], "usage": {}},
        {"output": [], "status": 7},
        {"output": [], "incomplete_details": []},
    ],
)
def test_answers_of_another_shape(body: Any):
    failure = failing(body)
    assert (failure.kind, failure.origin, failure.upstream_code) == (FailureKind.MALFORMED, "OpenAI", 200)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(output=JSON, usage=JSON, status=JSON, details=JSON, error=JSON)
def test_nothing_but_an_answer_or_a_failure_comes_of_anything(**fields: Any):
    try:
        sample, _ = read(json.dumps(fields).encode(), "OpenAI", Redactor(None))
    except ProviderFailure:
        return
    assert isinstance(sample.text, str)
