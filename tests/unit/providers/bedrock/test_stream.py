"""Streams of ConverseStream, honest and odd ones; what is the same for every format is in the contract tests."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.generation import Event, Failure, Finish, Secret, TextDelta, ToolCallDelta, Usage, UsageReport
from everloop.errors import FailureKind
from everloop.providers.bedrock.stream import StreamedAnswer
from everloop.providers.redaction import Redactor

KEY = Secret("sk-canary-0123456789")
Said = tuple[str, Any]
STOP: Said = ("messageStop", {"stopReason": "end_turn"})
COUNT: Said = ("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2}, "metrics": {"latencyMs": 1}, "p": "abc"})


def followed(*said: Said) -> tuple[StreamedAnswer, list[Event]]:
    answer = StreamedAnswer("AWS Bedrock", Redactor(KEY))
    return answer, [event for name, each in said for event in answer.read(name, data(each))]


def data(said: Any) -> bytes:
    return said if isinstance(said, bytes) else json.dumps(said).encode()


def delta(said: Any, place: Any = 0) -> Said:
    return "contentBlockDelta", {"delta": said, "contentBlockIndex": place}


def text(said: Any, place: Any = 0) -> Said:
    return delta({"text": said}, place)


def begun(place: Any = 1, **fields: Any) -> Said:
    use = {"toolUseId": "c1", "name": "add", **fields}
    return "contentBlockStart", {"start": {"toolUse": use}, "contentBlockIndex": place}


def arguments(piece: Any, place: Any = 1) -> Said:
    return delta({"toolUse": {"input": piece}}, place)


def finished(*said: Said) -> tuple[Finish, dict[str, Any]]:
    _, events = followed(*said)
    finish = events[-1]
    assert isinstance(finish, Finish)
    return finish, json.loads(finish.response)


def test_text_the_reason_and_the_count():
    answer, events = followed(("messageStart", {"role": "assistant"}), text("H"), text("i"), STOP, COUNT)
    assert events[:3] == [TextDelta(0, "H"), TextDelta(0, "i"), UsageReport(Usage(3, 2))]
    finish = events[3]
    assert isinstance(finish, Finish)
    assert finish.reason == "stop"
    assert json.loads(finish.response) == {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 3, "outputTokens": 2},
        "metrics": {"latencyMs": 1},
    }
    assert (answer.over, answer.complete, answer.failure) == (True, True, None)


def test_the_count_may_come_before_the_reason_or_not_at_all():
    assert finished(text("Hi"), COUNT, STOP)[1] == finished(text("Hi"), STOP, COUNT)[1]
    answer, events = followed(text("Hi"), STOP)
    assert [type(each) for each in events] == [TextDelta]
    (finish,) = answer.end()
    assert isinstance(finish, Finish)
    assert finish.reason == "stop"
    assert answer.complete
    assert answer.end() == []


def test_calls_beside_each_other():
    second = begun(2, toolUseId="c2", name="sub")
    _, events = followed(begun(), second, arguments("{", 2), arguments("[]"), arguments("}", 2), STOP, COUNT)
    assert events[:5] == [
        ToolCallDelta(0, 0, "", "c1", "add"),
        ToolCallDelta(0, 1, "", "c2", "sub"),
        ToolCallDelta(0, 1, "{"),
        ToolCallDelta(0, 0, "[]"),
        ToolCallDelta(0, 1, "}"),
    ]


def test_a_call_without_arguments_has_an_empty_object():
    _, events = followed(begun(), arguments(""), STOP, COUNT)
    assert events[:2] == [ToolCallDelta(0, 0, "", "c1", "add"), ToolCallDelta(0, 0, "{}")]
    _, body = finished(begun(), STOP, COUNT)
    assert body["output"]["message"]["content"] == [{"toolUse": {"toolUseId": "c1", "name": "add", "input": {}}}]


@pytest.mark.parametrize(
    ("written", "value"), [('{"a": [1]}', {"a": [1]}), ('{"a": 1', '{"a": 1'), ("null", None), ("[" * 300, "[" * 300)]
)
def test_arguments_are_a_value_or_where_they_were_cut_off_a_text(written: str, value: Any):
    _, body = finished(begun(), arguments(written[:3]), arguments(written[3:]), STOP, COUNT)
    assert body["output"]["message"]["content"][0]["toolUse"]["input"] == value


def test_the_body_has_every_block_in_its_order():
    cited = {"title": "A book", "location": {"web": {"url": "https://example.com"}}}
    said = [
        text("cited", 4),
        delta({"citation": cited}, 4),
        begun(3),
        arguments("{}", 3),
        delta({"reasoningContent": {"text": "We"}}),
        delta({"reasoningContent": {"text": "ll."}}),
        delta({"reasoningContent": {"signature": "c2ln"}}),
        delta({"reasoningContent": {"redactedContent": "AAAA"}}, 1),
        delta({"song": 1}, 2),
        ("contentBlockStop", {"contentBlockIndex": 0}),
    ]
    _, body = finished(*said, STOP, COUNT)
    assert body["output"]["message"]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Well.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "AAAA"}},
        {"toolUse": {"toolUseId": "c1", "name": "add", "input": {}}},
        {"citationsContent": {"content": [{"text": "cited"}], "citations": [cited]}},
    ]


def test_what_was_thought_is_not_said():
    assert followed(delta({"reasoningContent": {"text": "Well."}}))[1] == []


def test_a_call_that_the_vendor_serves_itself_is_only_in_the_body():
    served = begun(type="server_tool_use")
    assert followed(served, arguments("{}"))[1] == []
    _, body = finished(served, arguments("{}"), STOP, COUNT)
    assert body["output"]["message"]["content"][0]["toolUse"]["type"] == "server_tool_use"


def test_events_and_starts_of_unknown_kinds_say_nothing():
    odd: list[Said] = [
        ("song", b"{"),
        ("", {}),
        ("contentBlockStart", {"start": {"image": {}}, "contentBlockIndex": 0}),
    ]
    assert followed(*odd)[1] == []


@pytest.mark.parametrize(
    "said",
    [
        ("messageStop", b"{"),
        ("messageStop", b"[]"),
        ("messageStop", b""),
        ("messageStop", {"stopReason": 7}),
        ("metadata", b"[" * 100_000),
        ("metadata", {"usage": []}),
        ("metadata", {"usage": {"inputTokens": "many"}}),
        text(7),
        text("x", None),
        text("x", "0"),
        delta(None),
        delta([]),
        delta({"toolUse": None}, 1),
        arguments({}),
        arguments("x", 7),
        begun(None),
        begun(name=None),
        begun(toolUseId=7),
        ("contentBlockStart", {"contentBlockIndex": 0}),
        ("contentBlockStart", {"start": {"toolUse": None}, "contentBlockIndex": 0}),
    ],
)
def test_pieces_of_another_shape(said: Said):
    answer, events = followed(text("Hi"), begun(), said, STOP, COUNT)
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert (failure.error.kind, failure.error.upstream_code) == (FailureKind.MALFORMED, 200)
    assert (answer.over, answer.complete, answer.failure) == (True, False, failure.error)


def test_an_exception_tells_what_was_counted_and_ends_it():
    answer, _ = followed(text("Hi"), COUNT)
    events = answer.broken("throttlingException", b'{"message": "Slow down."}', None)
    assert events[0] == UsageReport(Usage(3, 2))
    assert isinstance(events[1], Failure)
    assert (events[1].error.kind, events[1].error.message) == (FailureKind.RATE_LIMIT, "Slow down.")
    assert answer.broken("throttlingException", b"", None) == answer.read(STOP[0], data(STOP[1])) == []


def test_the_key_is_taken_out_of_text_arguments_body_and_errors():
    value = json.dumps({"k": KEY.value})
    said = [text(KEY.value[:9]), text(KEY.value[9:] + "!"), begun(), arguments(value[:12]), arguments(value[12:])]
    answer, events = followed(*said)
    assert "".join(each.text for each in events if isinstance(each, TextDelta)) == "sk-[redacted]!"
    events += answer.broken(f"x{KEY.value}", b"{}", None)
    _, finishing = followed(*said, STOP, COUNT)
    assert KEY.value not in repr([events, finishing])
    answer = StreamedAnswer("AWS Bedrock", Redactor(KEY))
    assert KEY.value not in repr(answer.broken("x", b"", f"It was {KEY.value}."))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KINDS = ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]
DELTAS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("text", "toolUse", "reasoningContent", "citation", "image"), JSON)
)
PAYLOADS = JSON | st.fixed_dictionaries(
    {},
    optional={
        "delta": DELTAS,
        "contentBlockIndex": st.integers(0, 1) | JSON,
        "start": st.fixed_dictionaries({}, optional={"toolUse": JSON | st.just({"toolUseId": "c1", "name": "add"})}),
        "stopReason": JSON,
        "usage": JSON | st.just({"inputTokens": 1}),
    },
)


@given(st.lists(st.tuples(st.sampled_from(KINDS), PAYLOADS), max_size=8))
def test_whatever_comes_ends_once(said: Sequence[Said]):
    answer, events = followed(*said)
    events += answer.end()
    assert answer.over
    assert len([each for each in events if isinstance(each, Finish | Failure)]) == 1
    assert answer.complete == isinstance(events[-1], Finish)
