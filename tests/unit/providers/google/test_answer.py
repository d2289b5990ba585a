"""Plain answers of the Gemini format."""

import json
from typing import Any

import pytest

from everloop.domain.generation import Sample, Secret, ToolCall, Usage
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.google.answer import read
from everloop.providers.redaction import Redactor

BARE = Redactor(None)


def answer(*parts: Any, reason: str | None = "STOP", **more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, "finishReason": reason}], **more}


def sample(body: Any) -> Sample:
    (found,), _ = read(json.dumps(body).encode(), "Google", BARE)
    return found


def usage(count: Any) -> Usage | None:
    _, found = read(json.dumps(answer({"text": "Hi"}, usageMetadata=count)).encode(), "Google", BARE)
    return found


def test_texts_are_joined_and_thoughts_left_out():
    parts = [
        {"text": "Hm. ", "thought": True},
        {"text": "Hel"},
        {"text": "lo", "thought": False, "thoughtSignature": "abc="},
        {"executableCode": {"language": "PYTHON", "code": "1"}},
        {"inlineData": {"mimeType": "image/png", "data": "iVBO"}},
        {"somethingNew": 1},
        {},
    ]
    assert sample(answer(*parts)) == Sample(0, "Hello", "stop")


def test_calls():
    found = sample(
        answer(
            {"text": "Let me see."},
            {
                "functionCall": {"name": "add", "args": {"a": [1, 2.5, None, "ö"]}, "id": "x7"},
                "thoughtSignature": "abc=",
            },
            {"functionCall": {"name": "now"}},
        )
    )
    calls = (ToolCall("x7", "add", '{"a":[1,2.5,null,"ö"]}'), ToolCall("call_1", "now", "{}"))
    assert found == Sample(0, "Let me see.", "tool_call", calls)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("CONTINUATION", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("SPII", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
        (None, None),
    ],
)
def test_finish_reasons(theirs: str | None, ours: str | None):
    assert sample(answer({"text": "Hi"}, reason=theirs)).finish_reason == ours


def test_calls_that_were_cut_off_are_no_calls_to_make():
    assert sample(answer({"functionCall": {"name": "add"}}, reason="MAX_TOKENS")).finish_reason == "length"


@pytest.mark.parametrize("candidate", [{}, {"content": {}}, {"content": {"role": "model"}}, {"content": None}])
def test_an_answer_of_which_nothing_may_be_said(candidate: dict[str, Any]):
    assert sample({"candidates": [{**candidate, "finishReason": "SAFETY"}]}) == Sample(0, "", "content_filter")


def test_a_prompt_that_was_refused_is_an_empty_answer():
    body = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 9}}
    assert read(json.dumps(body).encode(), "Google", BARE) == ((Sample(0, "", "content_filter"),), Usage(9, 0))


@pytest.mark.parametrize(
    ("count", "ours"),
    [
        ({"promptTokenCount": 4, "candidatesTokenCount": 2, "totalTokenCount": 6}, Usage(4, 2)),
        # https://ai.google.dev/gemini-api/docs/thinking: thoughts are counted beside the candidates.
        ({"promptTokenCount": 4, "candidatesTokenCount": 2, "thoughtsTokenCount": 7}, Usage(4, 9, 7)),
        # https://ai.google.dev/api/generate-content#UsageMetadata: the prompt's count has the cached tokens in it.
        ({"promptTokenCount": 4, "cachedContentTokenCount": 3, "candidatesTokenCount": 2}, Usage(4, 2)),
        ({"promptTokenCount": 4, "toolUsePromptTokenCount": 5, "candidatesTokenCount": 2}, Usage(9, 2)),
        ({"promptTokenCount": 4}, Usage(4, 0)),
        ({"totalTokenCount": 4}, None),
        ({}, None),
        (None, None),
    ],
)
def test_usage(count: Any, ours: Usage | None):
    assert usage(count) == ours


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 300 + b"1" + b"}" * 300,
        {},
        {"candidates": []},
        {"candidates": None},
        {"candidates": {}},
        {"candidates": [None]},
        {"candidates": [[]]},
        {"candidates": [], "promptFeedback": {}},
        {"promptFeedback": {"blockReason": 7}},
        {"candidates": [{"content": []}]},
        {"candidates": [{"content": {"parts": {}}}]},
        {"candidates": [{"content": {"parts": ["Hi"]}}]},
        {"candidates": [{}, {}]},
        answer({"text": 7}),
        answer({"text": ["Hi"]}),
        answer({"functionCall": {}}),
        answer({"functionCall": {"name": 7}}),
        answer({"functionCall": {"name": "add", "args": "{}"}}),
        answer({"functionCall": {"name": "add", "id": {}}}),
        answer({"text": "Hi"}, usageMetadata={"promptTokenCount": -1}),
        answer({"text": "Hi"}, usageMetadata={"promptTokenCount": 2**63}),
        answer({"text": "Hi"}, usageMetadata={"promptTokenCount": "4"}),
        answer({"text": "Hi"}, usageMetadata={"promptTokenCount": 4.5}),
        answer({"text": "Hi"}, usageMetadata=[]),
        {"candidates": [{"finishReason": 7}]},
    ],
)
def test_answers_that_are_none(body: Any):
    with pytest.raises(ProviderFailure) as caught:
        read(body if isinstance(body, bytes) else json.dumps(body).encode(), "Google", BARE)
    assert (caught.value.kind, caught.value.origin, caught.value.upstream_code) == (
        FailureKind.MALFORMED,
        "Google",
        200,
    )
    assert caught.value.message.startswith("Google sent ")


def test_an_error_in_the_place_of_an_answer():
    with pytest.raises(ProviderFailure) as caught:
        read(b'[{"error": {"code": 503, "message": "Busy.", "status": "UNAVAILABLE"}}]', "Google", BARE)
    assert (caught.value.kind, caught.value.message) == (FailureKind.OVERLOADED, "Busy.")


def test_the_key_is_taken_out():
    redactor = Redactor(Secret("AIza-canary-1"))
    body = answer({"text": "AIza-canary-1"}, {"functionCall": {"name": "add", "args": {"a": "AIza-canary-1"}}})
    (found,), _ = read(json.dumps(body).encode(), "Google", redactor)
    assert (found.text, found.tool_calls[0].arguments) == ("[redacted]", '{"a":"[redacted]"}')
