"""Plain answers of the Messages API."""

import json
from typing import Any

import pytest

from everloop.domain.generation import Sample, Secret, ToolCall, Usage
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.anthropic.answer import read
from everloop.providers.redaction import Redactor

REDACTOR = Redactor(None)
USAGE = {"input_tokens": 3, "output_tokens": 5}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def answer(*content: dict[str, Any], reason: str | None = "end_turn", **more: Any) -> bytes:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": content, "stop_reason": reason}
    return json.dumps({**message, "usage": USAGE, **more}).encode()


def sample(body: bytes, key: str | None = None) -> Sample:
    (found,), _ = read(body, "Anthropic", Redactor(Secret(key) if key else None))
    return found


def refusal(body: bytes) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        read(body, "Anthropic", REDACTOR)
    return caught.value


def test_blocks_of_text_are_one_text_with_its_white_space():
    assert sample(answer(text(" a\n"), text("b"))) == Sample(0, " a\nb", "stop")
    assert sample(answer()) == Sample(0, "", "stop")


def test_what_is_neither_text_nor_a_call_is_passed_over():
    others = (
        {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "Emwk"},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
        {"type": "of_next_year", "text": 5},
    )
    assert sample(answer(*others, text("a"))) == Sample(0, "a", "stop")


def test_calls_have_their_arguments_as_text():
    call = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": [1, "ü"]}, "caller": {"type": "direct"}}
    found = sample(answer(text("So:"), call, {**call, "id": "toolu_2", "input": {}}, reason="tool_use"))
    calls = (ToolCall("toolu_1", "add", '{"a":[1,"ü"]}'), ToolCall("toolu_2", "add", "{}"))
    assert found == Sample(0, "So:", "tool_call", calls)


@pytest.mark.parametrize(
    ("vendor", "ours"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_call"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
        ("of_next_year", "of_next_year"),
        (None, None),
    ],
)
def test_finish_reasons_are_in_v4s_words(vendor: str | None, ours: str | None):
    assert sample(answer(text("a"), reason=vendor)).finish_reason == ours


@pytest.mark.parametrize(
    ("usage", "ours"),
    [
        (None, None),
        (USAGE, Usage(3, 5)),
        (USAGE | {"cache_creation_input_tokens": 10, "cache_read_input_tokens": 100}, Usage(113, 5)),
        (USAGE | {"cache_creation_input_tokens": None, "cache_creation": None}, Usage(3, 5)),
        (USAGE | {"output_tokens_details": {"thinking_tokens": 4}}, Usage(3, 5, 4)),
        (USAGE | {"output_tokens_details": None}, Usage(3, 5)),
        ({"output_tokens": 5}, Usage(0, 5)),
    ],
)
def test_usage_is_what_the_vendor_counted(usage: dict[str, Any] | None, ours: Usage | None):
    assert read(answer(text("a"), usage=usage), "Anthropic", REDACTOR)[1] == ours


@pytest.mark.parametrize(
    "usage",
    [
        5,
        [],
        {},
        {"input_tokens": 3},
        USAGE | {"input_tokens": -1},
        USAGE | {"output_tokens": 10**13},
        USAGE | {"output_tokens": 10**30},
        USAGE | {"output_tokens": 1.5},
        USAGE | {"output_tokens": True},
        USAGE | {"cache_read_input_tokens": "many"},
        USAGE | {"output_tokens_details": 5},
    ],
)
def test_a_count_that_is_none_is_malformed(usage: Any):
    assert refusal(answer(text("a"), usage=usage)).kind is FailureKind.MALFORMED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"<html></html>",
        b'{"content": [{"type',
        b"{}",
        b'{"content": null}',
        b'{"content": {}}',
        b'{"content": "a"}',
        b'{"content": [null]}',
        b'{"content": ["a"]}',
        b'{"content": [{}]}',
        b'{"content": [{"type": 5}]}',
        b'{"content": [{"type": "text"}]}',
        b'{"content": [{"type": "text", "text": ["a"]}]}',
        b'{"content": [{"type": "tool_use", "name": "f", "input": {}}]}',
        b'{"content": [{"type": "tool_use", "id": "a", "input": {}}]}',
        b'{"content": [{"type": "tool_use", "id": "a", "name": "f"}]}',
        b'{"content": [{"type": "tool_use", "id": "a", "name": "f", "input": "{}"}]}',
        b'{"content": [], "stop_reason": 5}',
        b'{"content": [], "x": NaN}',
        b'{"content": [], "x": 1e999}',
        b'{"content": [{"type": "text", "text": "\xff"}]}',
        b'{"content": [{"type": "text", "text": "\\ud800"}]}',
        b'\xef\xbb\xbf{"content": []}',
        b'{"content": ' + b"[" * 100_000,
        b'{"content": [{"type": "tool_use", "id": "a", "name": "f", "input": ' + b'{"a":' * 300 + b"1" + b"}" * 303,
    ],
)
def test_anything_else_is_malformed(body: bytes):
    failure = refusal(body)
    assert (failure.kind, failure.origin, failure.upstream_code) == (FailureKind.MALFORMED, "Anthropic", 200)
    assert failure.message.startswith("Anthropic ")


def test_an_error_in_a_good_status_is_that_error():
    failure = refusal(b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}')
    assert (failure.kind, failure.message) == (FailureKind.OVERLOADED, "Overloaded")


def test_a_key_is_taken_out_of_text_and_arguments():
    key = "sk-ant-canary-0123456789"
    call = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": key}}
    found = sample(answer(text(f"It is {key}."), call), key)
    assert (found.text, found.tool_calls[0].arguments) == ("It is [redacted].", '{"a":"[redacted]"}')
