"""Streamed answers of Cohere. The events are those of `V2ChatStreamResponse` in its package."""

import json
from typing import Any

import pytest

from everloop.domain.generation import Event, Failure, Finish, Secret, TextDelta, ToolCallDelta, Usage, UsageReport
from everloop.errors import FailureKind
from everloop.providers.cohere.stream import StreamedAnswer
from everloop.providers.redaction import Redactor
from everloop.providers.sse import ServerSentEvent

END = {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}


def content(kind: str = "content-delta", index: int = 0, **piece: Any) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": {"content": piece}}}


def call(kind: str, index: int, value: Any) -> dict[str, Any]:
    return {"type": f"tool-call-{kind}", "index": index, "delta": {"message": {"tool_calls": value}}}


def follow(*events: Any, key: str | None = None) -> tuple[StreamedAnswer, list[Event]]:
    answer = StreamedAnswer("Cohere", Redactor(Secret(key) if key else None))
    payloads = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in events]
    return answer, [found for each in payloads for found in answer.read(ServerSentEvent(b"", each))]


def test_thoughts_come_into_the_body_and_not_into_the_text():
    answer, events = follow(
        {"type": "message-start", "id": "x"},
        content("content-start", type="thinking", thinking=""),
        content(thinking="Hm."),
        {"type": "content-end", "index": 0},
        content("content-start", 1, type="text", text=""),
        content(index=1, text="Hi"),
        {"type": "debug", "prompt": "<|START|>"},
        {"type": "citation-start", "index": 0, "delta": {"message": {"citations": {"start": 0, "end": 2}}}},
        {"type": "citation-end", "index": 0},
        END,
    )
    first, last = events
    assert first == TextDelta(0, "Hi")
    assert isinstance(last, Finish)
    assert json.loads(last.response) == {
        "id": "x",
        "finish_reason": "COMPLETE",
        "message": {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hi"}],
            "citations": [{"start": 0, "end": 2}],
        },
        "usage": None,
    }
    assert (answer.over, answer.complete, answer.failure) == (True, True, None)


def test_log_probabilities_are_kept():
    _, events = follow({**content(text="Hi"), "logprobs": {"text": "Hi", "token_ids": [9], "logprobs": [-0.5]}}, END)
    finish = events[-1]
    assert isinstance(finish, Finish)
    assert json.loads(finish.response)["logprobs"] == [{"text": "Hi", "token_ids": [9], "logprobs": [-0.5]}]


def test_unknown_events_are_passed_over():
    _, events = follow({"type": "weather"}, {"type": 7}, {}, {"type": "message-start", "delta": {"message": {}}}, END)
    assert [type(each) for each in events] == [Finish]


def test_calls_may_be_told_in_any_order_and_without_ids():
    _, events = follow(
        call("start", 3, {"function": {"name": "add", "arguments": ""}}),
        call("start", 1, {"id": "b", "function": {"name": "sub", "arguments": "{"}}),
        call("start", 2, {"id": "no function"}),
        call("delta", 3, {"function": {"arguments": "[]"}}),
        call("delta", 1, {"function": {"arguments": "}"}}),
        call("delta", 1, {}),
        END,
    )
    assert [each for each in events if isinstance(each, ToolCallDelta)] == [
        ToolCallDelta(0, 0, "", "call_0", "add"),
        ToolCallDelta(0, 1, "", "b", "sub"),
        ToolCallDelta(0, 1, "{"),
        ToolCallDelta(0, 0, "[]"),
        ToolCallDelta(0, 1, "}"),
    ]


def test_an_error_at_the_end_is_a_failure_with_what_was_counted():
    count = {"billed_units": {"input_tokens": 3.0, "output_tokens": 1.0}}
    end = {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "It broke.", "usage": count}}
    answer, events = follow(content(text="Hi"), end)
    text, counted, failure = events
    assert (text, counted) == (TextDelta(0, "Hi"), UsageReport(Usage(3, 1)))
    assert isinstance(failure, Failure)
    assert (failure.error.kind, failure.error.message) == (FailureKind.SERVER_ERROR, "It broke.")
    assert answer.failure is failure.error


def test_a_stream_that_ran_out_of_time():
    answer, _ = follow({"type": "message-end", "delta": {"finish_reason": "TIMEOUT"}})
    assert answer.failure is not None
    assert answer.failure.kind is FailureKind.TIMEOUT


@pytest.mark.parametrize("before", [[], [content(text="Hi")]])
def test_a_terminator_before_the_end_is_no_end(before: list[Any]):
    answer, events = follow(*before, b"[DONE]")
    assert answer.failure is not None
    assert (answer.failure.kind, answer.spoken) == (FailureKind.CONNECTION, bool(before))
    assert isinstance(events[-1], Failure)


@pytest.mark.parametrize(
    "event",
    [
        b"{",
        b"[]",
        b'"x"',
        b"[" * 10_000,
        {"type": "message-start", "id": 7},
        {"type": "content-delta", "delta": [7]},
        {"type": "content-delta", "delta": {"message": [1]}},
        {"type": "content-delta", "index": "0", "delta": {"message": {"content": {"text": "x"}}}},
        content(text=7),
        content(thinking={}),
        {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": 7}}},
        call("start", 0, {"id": 7, "function": {"name": "add"}}),
        call("start", 0, [7]),
        call("delta", 0, {"function": {"arguments": "x"}}),
        {"type": "message-end", "delta": {"finish_reason": 7}},
        {"type": "message-end", "delta": 7},
    ],
)
def test_events_of_another_shape_are_malformed(event: Any):
    answer, events = follow(content(text="Hi"), event, END)
    assert [type(each) for each in events] == [TextDelta, Failure]
    assert answer.failure is not None
    assert answer.failure.kind is FailureKind.MALFORMED


def test_a_key_that_comes_back_in_pieces_is_taken_out():
    key = "sk-secret-key-of-theirs"
    start = call("start", 0, {"id": "c", "function": {"name": "add", "arguments": '"sk-sec'}})
    _, events = follow(
        content(text="It is sk-secr"),
        content(text="et-key-of-theirs."),
        start,
        call("delta", 0, {"function": {"arguments": 'ret-key-of-theirs"'}}),
        END,
        key=key,
    )
    assert key not in repr(events)
    assert "".join(each.text for each in events if isinstance(each, TextDelta)).endswith("[redacted].")
