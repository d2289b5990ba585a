"""Plain answers of Cohere. The shapes are those of `V2ChatResponse` in its package."""

import json
from typing import Any

import pytest

from everloop.domain.generation import Sample, Secret, ToolCall, Usage
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.cohere.answer import read, usage
from everloop.providers.redaction import Redactor

TEXT = {"type": "text", "text": "Hi"}


def said(reason: Any = "COMPLETE", count: Any = None, **message: Any) -> dict[str, Any]:
    return {"id": "x", "finish_reason": reason, "message": {"role": "assistant", **message}, "usage": count}


def sample(answer: Any, key: str | None = None) -> Sample:
    (found,), _ = read(json.dumps(answer).encode(), "Cohere", Redactor(Secret(key) if key else None))
    return found


@pytest.mark.parametrize(
    ("vendor", "reason"),
    [
        ("COMPLETE", "stop"),
        ("STOP_SEQUENCE", "stop"),
        ("MAX_TOKENS", "length"),
        ("TOOL_CALL", "tool_call"),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
        (None, None),
    ],
)
def test_reasons(vendor: str | None, reason: str | None):
    assert sample(said(vendor, content=[TEXT])) == Sample(0, "Hi", reason)


@pytest.mark.parametrize(("vendor", "kind"), [("ERROR", FailureKind.SERVER_ERROR), ("TIMEOUT", FailureKind.TIMEOUT)])
def test_reasons_that_mean_a_failure(vendor: str, kind: FailureKind):
    with pytest.raises(ProviderFailure) as caught:
        sample(said(vendor, content=[TEXT]))
    assert (caught.value.kind, caught.value.upstream_code) == (kind, 200)


def test_thoughts_plans_and_unknown_blocks_are_no_text():
    blocks = [{"type": "thinking", "thinking": "Hm."}, TEXT, {"type": "hologram", "text": 1}, 7, {"text": "no type"}]
    assert sample(said(content=blocks, tool_plan="I will.")).text == "Hi"


def test_calls_without_ids_are_numbered_and_those_of_no_function_are_none():
    calls = [{"function": {"name": "add", "arguments": "{}"}}, {"id": "z"}, {"id": "c", "function": {}}]
    assert sample(said(tool_calls=calls)).tool_calls == (ToolCall("call_0", "add", "{}"), ToolCall("c", "", ""))


def test_a_key_that_comes_back_is_taken_out_of_text_and_arguments():
    call = {"id": "c", "function": {"name": "add", "arguments": '"sk-secret-key"'}}
    found = sample(said(content=[{"type": "text", "text": "It is sk-secret-key."}], tool_calls=[call]), "sk-secret-key")
    assert found.text == "It is [redacted]."
    assert found.tool_calls[0].arguments == '"[redacted]"'


@pytest.mark.parametrize(
    ("count", "found"),
    [
        ({"billed_units": {"input_tokens": 5.0, "output_tokens": 2}, "tokens": {"input_tokens": 500}}, Usage(5, 2)),
        ({"tokens": {"input_tokens": 500.0, "output_tokens": 9.0}, "cached_tokens": 480.0}, Usage(500, 9)),
        ({"billed_units": {"input_tokens": 5.0}, "tokens": {"input_tokens": 7.0, "output_tokens": 9.0}}, Usage(7, 9)),
        ({"billed_units": {"input_tokens": -1, "output_tokens": 2}}, None),
        ({"billed_units": {"input_tokens": 1e300, "output_tokens": 2}}, None),
        ({"billed_units": {"input_tokens": "5", "output_tokens": 2}}, None),
        ({}, None),
        (None, None),
        ([1], None),
    ],
)
def test_usage(count: Any, found: Usage | None):
    assert usage(count) == found


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"message": None},
        {"message": []},
        said(content="Hi"),
        said(content=[{"type": "text"}]),
        said(content=[{"type": "text", "text": None}]),
        said(tool_calls={"0": {}}),
        said(tool_calls=[{"function": {"name": "add", "arguments": {}}}]),
        said(7, content=[TEXT]),
        [],
        "Hi",
        None,
    ],
)
def test_answers_of_another_shape_are_malformed(answer: Any):
    with pytest.raises(ProviderFailure) as caught:
        sample(answer)
    assert (caught.value.kind, caught.value.origin) == (FailureKind.MALFORMED, "Cohere")


def test_an_error_where_an_answer_should_be():
    with pytest.raises(ProviderFailure, match=r"^It went wrong\.$") as caught:
        sample({"id": "x", "message": "It went wrong."})
    assert caught.value.kind is FailureKind.SERVER_ERROR
