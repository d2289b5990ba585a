"""Streams of Responses, honest and odd ones; what is the same for every format is in the contract tests."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.generation import Event, Failure, Finish, Secret, TextDelta, ToolCallDelta, Usage, UsageReport
from everloop.errors import FailureKind
from everloop.providers.redaction import Redactor
from everloop.providers.responses.stream import StreamedAnswer
from everloop.providers.sse import ServerSentEvent

KEY = Secret("sk-canary-0123456789")
TEXT = {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}
CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a": 1}'}
DONE = {"status": "completed", "output": [TEXT], "usage": {"input_tokens": 3, "output_tokens": 2}}


def followed(*said: Any) -> tuple[StreamedAnswer, list[Event]]:
    answer = StreamedAnswer("OpenAI", Redactor(KEY))
    return answer, [event for each in said for event in answer.read(ServerSentEvent(b"", data(each)))]


def data(said: Any) -> bytes:
    return said if isinstance(said, bytes) else json.dumps(said).encode()


def delta(text: Any) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "delta": text, "output_index": 0}


def begun(place: Any = 0, item: Any = None) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": place, "item": item or {**CALL, "arguments": ""}}


def arguments(piece: Any, place: Any = 0) -> dict[str, Any]:
    return {"type": "response.function_call_arguments.delta", "output_index": place, "delta": piece}


def whole(item: Any, place: Any = 0) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": place, "item": item}


def completed(response: Any = DONE) -> dict[str, Any]:
    return {"type": "response.completed", "response": response}


def test_the_last_event_is_the_plain_answer():
    answer, events = followed(delta("H"), delta("i"), completed())
    finish = Finish(0, "stop", json.dumps(DONE, separators=(",", ":")).encode())
    assert events == [TextDelta(0, "H"), TextDelta(0, "i"), UsageReport(Usage(3, 2)), finish]
    assert (answer.over, answer.complete, answer.failure) == (True, True, None)


def test_a_refusal_is_text():
    _, events = followed({"type": "response.refusal.delta", "delta": "No."}, completed())
    assert events[0] == TextDelta(0, "No.")


def test_calls_beside_each_other():
    other = {**CALL, "call_id": None, "name": "sub"}
    _, events = followed(begun(1), begun(2, other), arguments("{", 2), arguments("[]", 1), arguments("}", 2))
    assert events == [
        ToolCallDelta(0, 0, "", "c1", "add"),
        ToolCallDelta(0, 1, "", "call_1", "sub"),
        ToolCallDelta(0, 1, "{"),
        ToolCallDelta(0, 0, "[]"),
        ToolCallDelta(0, 1, "}"),
    ]


def test_a_call_that_comes_whole():
    _, events = followed(whole(CALL))
    assert events == [ToolCallDelta(0, 0, "", "c1", "add"), ToolCallDelta(0, 0, '{"a": 1}')]
    _, events = followed(begun(), whole(CALL))
    assert events == [ToolCallDelta(0, 0, "", "c1", "add"), ToolCallDelta(0, 0, '{"a": 1}')]
    _, events = followed(begun(), arguments('{"a": 1}'), whole(CALL))
    assert events == [ToolCallDelta(0, 0, "", "c1", "add"), ToolCallDelta(0, 0, '{"a": 1}')]


def test_items_are_put_together_where_the_last_event_has_none():
    _, events = followed(delta("Hi"), whole(TEXT), whole(CALL, 1), completed({**DONE, "output": []}))
    finish = events[-1]
    assert isinstance(finish, Finish)
    assert finish.reason == "tool_call"
    assert json.loads(finish.response) == {**DONE, "output": [TEXT, CALL]}


def test_an_answer_that_was_cut_off():
    response = {**DONE, "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    _, events = followed(delta("Hi"), {"type": "response.incomplete", "response": response})
    assert isinstance(events[-1], Finish)
    assert events[-1].reason == "length"


def test_events_of_unknown_kinds_say_nothing():
    said = [{"type": "response.song.delta", "delta": [1]}, {"type": ""}, {}, {"type": "response.created"}]
    assert followed(*said)[1] == []
    assert followed(begun(0, TEXT), whole({"type": "song"}), whole(None), whole("x"))[1] == []


def test_the_end_that_other_servers_say():
    answer, events = followed(delta("Hi"), completed(), b"[DONE]")
    assert answer.complete
    assert [type(each) for each in events] == [TextDelta, UsageReport, Finish]
    answer, events = followed(delta("Hi"), b"[DONE]")
    assert isinstance(events[-1], Failure)
    assert events[-1].error.kind is FailureKind.CONNECTION


# `ResponseFailedEvent` and `ResponseErrorEvent` of the official package; the second also with its error one level down,
# as it was seen in https://github.com/openai/openai-dotnet/issues/881 and https://github.com/Effect-TS/effect/pull/7262.
@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        (
            {
                "type": "response.failed",
                "response": {"error": {"code": "rate_limit_exceeded", "message": "Slow down."}},
            },
            FailureKind.RATE_LIMIT,
            "Slow down.",
        ),
        (
            {"type": "error", "code": "server_error", "message": "Oh.", "param": None, "sequence_number": 3},
            FailureKind.SERVER_ERROR,
            "Oh.",
        ),
        (
            {"type": "error", "error": {"type": "too_many_requests", "code": "too_many_requests", "message": "Many."}},
            FailureKind.RATE_LIMIT,
            "Many.",
        ),
        (
            {
                "type": "error",
                "error": {"type": "insufficient_quota", "code": "credit_balance_exhausted", "message": "No."},
            },
            FailureKind.RATE_LIMIT,
            "No.",
        ),
    ],
)
def test_errors(said: dict[str, Any], kind: FailureKind, message: str):
    answer, events = followed(delta("Hi"), said, delta("more"))
    failure = events[-1]
    assert events[:-1] == [TextDelta(0, "Hi")]
    assert isinstance(failure, Failure)
    assert (failure.sample, failure.error.kind, failure.error.message) == (None, kind, message)
    assert (answer.over, answer.complete, answer.failure) == (True, False, failure.error)


def test_a_failure_tells_what_was_counted():
    response = {"error": {"code": "server_error", "message": "Oh."}, "usage": {"input_tokens": 3, "output_tokens": 2}}
    _, events = followed({"type": "response.failed", "response": response})
    assert events[0] == UsageReport(Usage(3, 2))
    _, events = followed({"type": "response.failed", "response": {**response, "usage": "much"}})
    assert [type(each) for each in events] == [Failure]


@pytest.mark.parametrize(
    "said",
    [
        b"{",
        b"[]",
        b'"text"',
        b'{"type": 7}',
        b"\xff",
        b'{"type": "x", "item": ' + b"[" * 300 + b"]" * 300 + b"}",
        b"[" * 100_000,
        delta(None),
        delta(["x"]),
        delta({"text": "x"}),
        begun(None),
        begun("0"),
        begun(0, {"type": "function_call"}),
        begun(0, {**CALL, "arguments": {}}),
        arguments("x"),
        arguments(7),
        whole(CALL, None),
        whole(CALL, [0]),
        whole({**CALL, "name": 7}),
        completed(None),
        completed([]),
        completed({**DONE, "output": "text"}),
        completed({**DONE, "output": ["text"]}),
        completed({**DONE, "status": "queued"}),
        completed({**DONE, "usage": {"input_tokens": []}}),
    ],
)
def test_pieces_of_another_shape(said: Any):
    answer, events = followed(delta("Hi"), said)
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert (failure.error.kind, failure.error.upstream_code) == (FailureKind.MALFORMED, 200)
    assert answer.over
    assert not answer.complete


def test_the_last_event_may_hold_an_error():
    _, events = followed(completed({**DONE, "error": {"code": "server_error", "message": "Oh."}}))
    assert isinstance(events[-1], Failure)
    assert events[-1].error.message == "Oh."


def test_the_key_is_taken_out_of_text_arguments_and_body():
    value = json.dumps({"k": KEY.value})
    said = [delta(KEY.value[:9]), delta(KEY.value[9:] + "!"), begun(), arguments(value[:12]), arguments(value[12:])]
    done = {**DONE, "output": [{**CALL, "arguments": value}]}
    _, events = followed(*said, completed(done))
    assert KEY.value not in repr(events)
    assert "".join(each.text for each in events if isinstance(each, TextDelta)) == "sk-[redacted]!"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KINDS = st.sampled_from(
    [each["type"] for each in (delta(""), begun(), arguments(""), whole(CALL), completed())]
    + ["response.failed", "response.incomplete", "response.refusal.delta", "error"]
)
SAID = st.fixed_dictionaries(
    {"type": KINDS},
    optional={
        "delta": JSON,
        "output_index": JSON,
        "item": JSON | st.just(CALL),
        "response": JSON | st.just(DONE),
        "error": JSON,
        "code": JSON,
        "message": JSON,
    },
)


@given(st.lists(SAID, max_size=6))
def test_whatever_comes_ends_once(said: Sequence[dict[str, Any]]):
    answer, events = followed(*said)
    events += answer.end()
    assert answer.over
    assert len([each for each in events if isinstance(each, Finish | Failure)]) == 1
    assert answer.complete == isinstance(events[-1], Finish)
