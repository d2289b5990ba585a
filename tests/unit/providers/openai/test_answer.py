"""Plain answers of the OpenAI format."""

import json
from typing import Any

import pytest

from everloop.domain.generation import Sample, Secret, ToolCall, Usage
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.openai.answer import read
from everloop.providers.redaction import Redactor

REDACTOR = Redactor(None)


def answer(*choices: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"id": "x", "choices": choices, **more}).encode()


def chat(content: str | None, index: int = 0, reason: str | None = "stop") -> dict[str, Any]:
    return {"index": index, "message": {"role": "assistant", "content": content}, "finish_reason": reason}


def samples(body: bytes, asked: int = 1) -> tuple[Sample, ...]:
    return read(body, "OpenAI", asked, REDACTOR)[0]


def refusal(body: bytes, asked: int = 1) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        read(body, "OpenAI", asked, REDACTOR)
    return caught.value


def test_samples_come_in_order_with_their_white_space():
    body = answer(chat(" b\n", 1, "length"), chat("", 2), chat("a", 0))
    assert samples(body, 3) == (Sample(0, "a", "stop"), Sample(1, " b\n", "length"), Sample(2, "", "stop"))


def test_legacy_choices_have_text():
    assert samples(answer({"index": 0, "text": "a", "finish_reason": "stop"})) == (Sample(0, "a", "stop"),)


def test_choices_without_an_index_count_by_place():
    body = answer({"text": "a"}, {"text": "b"})
    assert samples(body, 2) == (Sample(0, "a", None), Sample(1, "b", None))


@pytest.mark.parametrize(
    ("vendor", "ours"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("tool_calls", "tool_call"),
        ("function_call", "tool_call"),
        ("eos", "eos"),
        (None, None),
    ],
)
def test_finish_reasons_are_in_v4s_words(vendor: str | None, ours: str | None):
    assert samples(answer(chat(None, 0, vendor))) == (Sample(0, "", ours),)


def test_fewer_samples_than_asked_are_an_answer():
    assert len(samples(answer(chat("a")), 3)) == 1


@pytest.mark.parametrize(
    ("usage", "ours"),
    [
        (None, None),
        ({"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}, Usage(3, 5)),
        (
            {"prompt_tokens": 3, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 4}},
            Usage(3, 5, 4),
        ),
        ({"prompt_tokens": 3, "completion_tokens": 5, "completion_tokens_details": None}, Usage(3, 5)),
        ({"prompt_tokens": 3, "completion_tokens": 5, "completion_tokens_details": {"audio_tokens": 0}}, Usage(3, 5)),
        ({"prompt_tokens": 3}, Usage(3, 0)),
        (
            {"prompt_tokens": 3, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": "4"}},
            Usage(3, 5),
        ),
        ({"prompt_tokens": 3, "completion_tokens": 5, "completion_tokens_details": [4]}, Usage(3, 5)),
        # Not every server of this format can count.
        ({}, None),
        ({"total_tokens": 8}, None),
        ({"prompt_tokens": None, "completion_tokens": None}, None),
        ({"prompt_tokens": 3, "completion_tokens": None}, None),
        ({"prompt_tokens": "many"}, None),
        ({"prompt_tokens": 3.5, "completion_tokens": 5}, None),
        ({"prompt_tokens": True, "completion_tokens": 5}, None),
        ([], None),
        ("8", None),
    ],
)
def test_usage_is_what_the_vendor_counted(usage: Any, ours: Usage | None):
    assert read(answer(chat("a"), usage=usage), "OpenAI", 1, REDACTOR)[1] == ours


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"<html></html>",
        b'{"choices": [{"mess',
        b"{}",
        b'{"choices": null}',
        b'{"choices": []}',
        b'{"choices": {}}',
        b'{"choices": [{}]}',
        b'{"choices": [null]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": {"content": ["parts"]}}]}',
        b'{"choices": [{"text": "a", "index": 1}]}',
        b'{"choices": [{"text": "a", "index": -1}]}',
        b'{"choices": [{"text": "a", "finish_reason": 5}]}',
        b'{"choices": [{"text": "a"}, {"text": "b"}]}',
        b'{"choices": [{"text": "a"}], "x": NaN}',
        b'{"choices": [{"text": "a"}], "x": 1e999}',
        b'{"choices": [{"text": "\xff"}]}',
        b'{"choices": [{"text": "\\ud800"}]}',
        b'\xef\xbb\xbf{"choices": [{"text": "a"}]}',
        b'{"choices": ' + b"[" * 100_000,
    ],
)
def test_anything_else_is_malformed(body: bytes):
    failure = refusal(body)
    assert failure.kind is FailureKind.MALFORMED
    assert failure.origin == "OpenAI"
    assert failure.upstream_code == 200
    assert failure.message.startswith("OpenAI ")


def test_two_choices_of_one_index_are_malformed():
    assert refusal(answer(chat("a"), chat("b")), 2).kind is FailureKind.MALFORMED


def test_an_error_in_a_good_status_is_that_error():
    failure = refusal(b'{"error": {"message": "Slow down", "code": "rate_limit_exceeded"}, "choices": []}')
    assert (failure.kind, failure.message) == (FailureKind.RATE_LIMIT, "Slow down")


def test_an_error_of_null_is_none():
    assert samples(answer(chat("a"), error=None)) == (Sample(0, "a", "stop"),)


def test_a_key_in_the_text_is_taken_out_even_when_escapes_hid_it():
    body = answer(chat("say canary-key-1"))
    found, _ = read(body, "OpenAI", 1, Redactor(Secret("canary-key-1")))
    assert found == (Sample(0, "say [redacted]", "stop"),)


def test_tool_calls_come_with_their_sample():
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    }
    body = answer({"index": 0, "message": message, "finish_reason": "tool_calls"})
    assert samples(body) == (Sample(0, "", "tool_call", (ToolCall("a", "f", "{}"),)),)


def test_the_deprecated_call_of_a_function_is_a_tool_call():
    message = {"role": "assistant", "content": "So:", "function_call": {"name": "f", "arguments": "{}"}}
    body = answer({"index": 0, "message": message, "finish_reason": "function_call"})
    assert samples(body) == (Sample(0, "So:", "tool_call", (ToolCall("call_0", "f", "{}"),)),)


@pytest.mark.parametrize("calls", ["x", [1], [{"function": "f"}], [{"id": 1}]])
def test_tool_calls_of_another_shape_are_malformed(calls: Any):
    body = answer({"message": {"content": None, "tool_calls": calls}})
    assert refusal(body).kind is FailureKind.MALFORMED


@pytest.mark.parametrize("levels", [250, 985, 2_000])
def test_an_absurdly_deep_answer_is_not_the_format(levels: int):
    deep = b'{"a":' * levels + b"1" + b"}" * levels
    call = b'{"id":"x","function":{"name":"f","arguments":%s}}' % deep
    body = b'{"choices":[{"index":0,"message":{"tool_calls":[%s]}}]}' % call
    assert refusal(body).kind is FailureKind.MALFORMED
