"""Plain answers of Converse, honest and odd ones."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.generation import Sample, Secret, ToolCall, Usage
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.bedrock.answer import read
from everloop.providers.redaction import Redactor

KEY = Secret("sk-canary-0123456789")


def use(**fields: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": "c1", "name": "add", "input": {"a": 1}, **fields}}


def answer(*content: Any, **fields: Any) -> tuple[Sample, Usage | None]:
    body = {"output": {"message": {"role": "assistant", "content": list(content)}}, "stopReason": "end_turn", **fields}
    return read(json.dumps(body).encode(), "AWS Bedrock", Redactor(KEY))


def test_text_and_calls_of_every_block_in_order():
    sample, usage = answer({"text": " a"}, use(), {"text": "b "}, use(toolUseId="c2", input=None))
    assert sample == Sample(0, " ab ", "stop", (ToolCall("c1", "add", '{"a":1}'), ToolCall("c2", "add", "{}")))
    assert usage is None


def test_text_that_cites():
    cited = {"citationsContent": {"content": [{"text": "a"}, {"song": 1}, {"text": "b"}], "citations": [{}]}}
    assert answer(cited)[0].text == "ab"


def test_what_was_thought_calls_that_were_served_and_blocks_of_unknown_kinds_say_nothing():
    thought = {"reasoningContent": {"reasoningText": {"text": "Well."}}}
    odd = [thought, use(type="server_tool_use"), {"toolResult": {}}, {"song": [1]}, {}]
    assert answer(*odd)[0] == Sample(0, "", "stop")


# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, `stopReason`
@pytest.mark.parametrize(
    ("vendor", "ours"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_call"),
        ("content_filtered", "content_filter"),
        ("guardrail_intervened", "content_filter"),
        ("malformed_model_output", "malformed_model_output"),
        ("malformed_tool_use", "malformed_tool_use"),
        ("song", "song"),
        (None, None),
    ],
)
def test_finish_reasons(vendor: str | None, ours: str | None):
    assert answer(stopReason=vendor)[0].finish_reason == ours


def test_usage_counts_what_was_cached():
    assert answer(usage={"inputTokens": 3, "outputTokens": 2, "totalTokens": 5})[1] == Usage(3, 2)
    cached = {"inputTokens": 3, "outputTokens": 2, "cacheReadInputTokens": 10, "cacheWriteInputTokens": 100}
    assert answer(usage=cached)[1] == Usage(113, 2)
    assert answer(usage={"inputTokens": 3})[1] == Usage(3, 0)


def test_the_key_is_taken_out():
    sample, _ = answer({"text": f"It is {KEY.value}."}, use(input={"k": KEY.value}))
    assert sample.text == "It is [redacted]."
    assert sample.tool_calls[0].arguments == '{"k":"[redacted]"}'


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
        {"output": {"message": []}},
        {"output": {"message": {}}},
        {"output": {"message": {"content": None}}},
        {"output": {"message": {"content": ["text"]}}},
        {"output": {"message": {"content": [{"text": 7}]}}},
        {"output": {"message": {"content": [{"toolUse": {}}]}}},
        {"output": {"message": {"content": [use(name=None)]}}},
        {"output": {"message": {"content": [{"citationsContent": {"content": "text"}}]}}},
        {"output": {"message": {"content": []}}, "stopReason": 7},
        {"output": {"message": {"content": []}}, "usage": {}},
        {"output": {"message": {"content": []}}, "usage": {"inputTokens": "many"}},
    ],
)
def test_answers_of_another_shape(body: Any):
    with pytest.raises(ProviderFailure) as caught:
        read(body if isinstance(body, bytes) else json.dumps(body).encode(), "AWS Bedrock", Redactor(None))
    failure = caught.value
    assert (failure.kind, failure.origin, failure.upstream_code) == (FailureKind.MALFORMED, "AWS Bedrock", 200)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
BLOCKS = st.dictionaries(st.sampled_from(["text", "toolUse", "citationsContent", "reasoningContent"]), JSON, max_size=2)


@given(content=st.lists(BLOCKS, max_size=3) | JSON, reason=JSON, usage=JSON)
def test_nothing_but_an_answer_or_a_failure_comes_of_anything(content: Any, reason: Any, usage: Any):
    body = {"output": {"message": {"content": content}}, "stopReason": reason, "usage": usage}
    try:
        sample, _ = read(json.dumps(body).encode(), "AWS Bedrock", Redactor(None))
    except ProviderFailure:
        return
    assert isinstance(sample.text, str)
