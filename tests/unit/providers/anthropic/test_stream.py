"""Streamed answers of the Messages API: payloads in, events out."""

import json
from typing import Any

import pytest

from everloop.domain.generation import Event, Failure, Finish, Secret, TextDelta, ToolCall, ToolCallDelta, UsageReport
from everloop.domain.generation import Usage as Count
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.anthropic.stream import StreamedMessage
from everloop.providers.redaction import Redactor
from everloop.providers.sse import ServerSentEvent, SseParser
from tests.contract.providers.dialects.anthropic import Anthropic
from tests.contract.providers.dialects.dialect import Said


def start(**message: Any) -> dict[str, Any]:
    usage = {"input_tokens": 7, "output_tokens": 1}
    return {"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": usage, **message}}


def block(index: int, **content: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def text(index: int = 0, said: str = "") -> dict[str, Any]:
    return block(index, type="text", text=said)


def tool(index: int, call_id: str = "toolu_1", **more: Any) -> dict[str, Any]:
    return block(index, type="tool_use", id=call_id, name="add", **({"input": {}} | more))


def piece(index: int, kind: str, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **delta}}


def words(said: str, index: int = 0) -> dict[str, Any]:
    return piece(index, "text_delta", text=said)


def arguments(said: str, index: int) -> dict[str, Any]:
    return piece(index, "input_json_delta", partial_json=said)


def stop(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def ended(reason: str | None = "end_turn", **usage: Any) -> dict[str, Any]:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": {"output_tokens": 5, **usage},
    }


OVER = {"type": "message_stop"}
PING = {"type": "ping"}


class Conversation:
    """A stream and everything that it said."""

    def __init__(self, key: str | None = None) -> None:
        self.answer = StreamedMessage("Anthropic", Redactor(Secret(key) if key else None))
        self.events: list[Event] = []

    def say(self, *payloads: bytes | dict[str, Any]) -> "Conversation":
        for payload in payloads:
            data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            self.events += self.answer.read(ServerSentEvent(b"", data))
        return self

    def end(self) -> "Conversation":
        self.events += self.answer.end()
        return self

    @property
    def heard(self) -> list[Any]:
        return [_short(event) for event in self.events]

    @property
    def body(self) -> Any:
        finish = self.events[-1]
        assert isinstance(finish, Finish)
        return json.loads(finish.response)


def _short(event: Event) -> Any:
    match event:
        case TextDelta(_, said):
            return said
        case ToolCallDelta(_, call, given, call_id, name):
            return (call, given, call_id, name)
        case Finish(_, reason, _):
            return ("finish", reason)
        case UsageReport(count):
            return count
        case Failure(_, error):
            return error.kind
        case _:
            return event


def test_text():
    told = Conversation().say(start(), text(), PING, words("Hel"), words("lo"), stop(), ended(), OVER)
    assert told.heard == ["Hel", "lo", Count(7, 5), ("finish", "stop")]
    assert told.answer.over
    assert told.answer.complete
    assert told.answer.failure is None
    assert told.body == {
        "id": "msg_1",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 5},
    }


def test_a_stream_says_exactly_what_the_plain_answer_says():
    calls = (ToolCall("toolu_1", "add", '{"a": "größer ☂"}'), ToolCall("toolu_2", "now", "{}"))
    for said in (Said("größer ☂", calls, "tool_call", Count(70, 9, 4)), Said("Hi"), Said("", (), "length")):
        dialect = Anthropic()
        streamed = dialect.streamed(said)
        events = SseParser().feed(b"".join([*streamed.body, *streamed.end]))
        told = Conversation().say(*(each.data for each in events))
        assert told.body == dialect.plain(said)


def test_calls():
    told = Conversation().say(
        start(),
        text(0, "So"),
        words(":"),
        stop(),
        tool(1),
        arguments("", 1),
        arguments('{"a": ', 1),
        arguments("1}", 1),
        stop(1),
        tool(2, "toolu_2"),
        arguments("", 2),
        stop(2),
        ended("tool_use"),
        OVER,
    )
    assert told.heard == [
        "So",
        ":",
        (0, "", "toolu_1", "add"),
        (0, '{"a": ', None, None),
        (0, "1}", None, None),
        (1, "", "toolu_2", "add"),
        (1, "{}", None, None),
        Count(7, 5),
        ("finish", "tool_call"),
    ]
    assert [each.get("input") for each in told.body["content"]] == [None, {"a": 1}, {}]


def test_a_call_may_come_whole():
    told = Conversation().say(start(), tool(0, input={"a": 1}), ended("tool_use"), OVER)
    assert told.heard[:2] == [(0, "", "toolu_1", "add"), (0, '{"a":1}', None, None)]
    assert told.body["content"][0]["input"] == {"a": 1}


def test_what_the_model_thought_is_kept_and_not_said():
    told = Conversation().say(
        start(),
        block(0, type="thinking", thinking="", signature=""),
        piece(0, "thinking_delta", thinking="Hm"),
        piece(0, "thinking_delta", thinking="."),
        piece(0, "signature_delta", signature="EqQB"),
        stop(),
        block(1, type="redacted_thinking", data="Emwk"),
        stop(1),
    )
    assert not told.answer.spoken
    told.say(text(2), words("a", 2), ended(output_tokens_details={"thinking_tokens": 4}), OVER)
    assert told.heard == ["a", Count(7, 5, 4), ("finish", "stop")]
    assert told.body["content"][:2] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "Emwk"},
    ]


def test_what_the_vendor_may_add_is_passed_over():
    told = Conversation().say(
        {"type": "of_next_year", "index": 5, "delta": "odd"},
        start(),
        block(0, type="server_tool_use", id="srvtoolu_1", name="web_search", input={}),
        arguments('{"query": "x"}', 0),
        stop(),
        block(1, type="of_next_year", text=5),
        words("not said", 1),
        piece(1, "of_next_year_delta", more={}),
        stop(1),
        text(2),
        piece(2, "of_next_year_delta", text=5),
        piece(2, "citations_delta", citation={"type": "char_location"}),
        words("a", 2),
        stop(2),
        ended(),
        OVER,
    )
    assert told.heard == ["a", Count(7, 5), ("finish", "stop")]
    searched, _, said = told.body["content"]
    assert searched["input"] == {"query": "x"}
    assert said["citations"] == [{"type": "char_location"}]


def test_counts_are_totals_and_caches_are_prompt():
    cached = {"input_tokens": 7, "output_tokens": 1, "cache_read_input_tokens": 100}
    told = Conversation().say(start(usage=cached), text(), words("a"), ended(None), ended("end_turn"), OVER)
    assert told.heard == ["a", Count(107, 5), ("finish", "stop")]
    told = Conversation().say(start(usage=cached), ended(cache_read_input_tokens=200, input_tokens=8), OVER)
    assert told.heard == [Count(208, 5), ("finish", "stop")]


def test_a_server_may_count_nothing():
    told = Conversation().say(start(usage=None), text(), words("a"), {**ended(), "usage": None}, OVER)
    assert told.heard == ["a", ("finish", "stop")]
    assert told.body["usage"] is None


def test_a_stream_may_end_without_its_last_event():
    assert Conversation().say(start(), text(), words("a"), ended("max_tokens")).end().heard[-1] == ("finish", "length")


def test_an_end_before_the_end_is_a_failure():
    told = Conversation().say(start(), text(), words("a"), stop()).end()
    assert told.heard == ["a", FailureKind.CONNECTION]
    assert not told.answer.complete
    assert told.answer.spoken
    assert Conversation().end().heard == [FailureKind.CONNECTION]


def test_nothing_follows_the_end():
    told = Conversation().say(start(), text(), words("a"), ended(), OVER, words("b"), b"{", ended()).end()
    assert told.heard == ["a", Count(7, 5), ("finish", "stop")]
    assert told.answer.failure is None


def test_an_error_event_is_that_error():
    said = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    told = Conversation().say(start(), text(), words("a"), said)
    assert told.heard == ["a", FailureKind.OVERLOADED]
    assert told.answer.failure is not None
    assert told.answer.failure.message == "Overloaded"


def test_what_was_counted_is_told_before_a_failure():
    gone = ProviderFailure(FailureKind.CONNECTION, "gone", origin="Anthropic")
    told = Conversation().say(start(), text(), words("a"), ended())
    told.events += told.answer.fail(gone)
    assert told.heard == ["a", Count(7, 5), FailureKind.CONNECTION]
    told = Conversation().say(start(), text(), words("a"))
    told.events += told.answer.fail(gone)
    assert told.heard == ["a", FailureKind.CONNECTION]


DEEP = b'{"a":' * 300 + b"1" + b"}" * 300
ODD: dict[str, Any] = {
    "torn": b'{"type": "content_block_delta", "ind',
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "no type": {"index": 0},
    "a type of another kind": {"type": 5},
    "no UTF-8": b'{"type": "ping", "x": "\xff"}',
    "deep": b'{"type": "ping", "x": ' + DEEP + b"}",
    "deeper": b'{"type": ' + b"[" * 100_000,
    "a second beginning": start(),
    "a beginning of nothing": {"type": "message_start", "message": None},
    "the same block again": text(0),
    "a block without an index": {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
    "a block of nothing": {"type": "content_block_start", "index": 1, "content_block": None},
    "a block without a type": block(1),
    "text that is none": block(1, type="text", text=5),
    "a call without an id": block(1, type="tool_use", name="add", input={}),
    "a call without a name": block(1, type="tool_use", id="a", input={}),
    "a piece of no block": words("b", 7),
    "an index of another kind": {"type": "content_block_delta", "index": "0", "delta": {}},
    "a piece without a type": {"type": "content_block_delta", "index": 0, "delta": {}},
    "a piece that is none": {"type": "content_block_delta", "index": 0, "delta": "b"},
    "a piece of another kind": piece(0, "text_delta", text=5),
    "arguments of another kind": piece(0, "input_json_delta", partial_json={}),
    "an end of no block": stop(7),
    "an end without a delta": {"type": "message_delta"},
    "a reason of another kind": {"type": "message_delta", "delta": {"stop_reason": 5}},
    "a negative count": ended(output_tokens=-1),
    "a huge count": ended(output_tokens=10**30),
    "a count of another kind": ended(output_tokens="many"),
    "counts that are none": {**ended(), "usage": [5]},
    "an end without a reason": OVER,
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_not_the_format_breaks_the_stream(what: str):
    told = Conversation().say(start(), text(), words("a"), ODD[what], words("b"), ended(), OVER).end()
    assert told.heard == ["a", FailureKind.MALFORMED]
    assert told.answer.over
    assert not told.answer.complete


@pytest.mark.parametrize("payload", [text(), words("a"), stop(), ended()])
def test_a_message_has_to_begin(payload: dict[str, Any]):
    assert Conversation().say(payload, start(), ended(), OVER).heard == [FailureKind.MALFORMED]


KEY = "sk-ant-canary-0123456789"


@pytest.mark.parametrize("cut", [1, 3, 12, len(KEY) - 1])
def test_the_key_is_taken_out_of_everything(cut: int):
    told = Conversation(KEY).say(
        start(model=KEY),
        text(),
        words(f"It is {KEY[:cut]}"),
        words(f"{KEY[cut:]}!"),
        tool(1),
        arguments(f'{{"a": "{KEY[:cut]}', 1),
        arguments(f'{KEY[cut:]}"}}', 1),
        ended("tool_use"),
        OVER,
    )
    assert "canary" not in repr(told.events)
    assert told.body["content"][0]["text"] == "It is [redacted]!"
    assert told.body["content"][1]["input"] == {"a": "[redacted]"}
    failing = Conversation(KEY).say({"type": "error", "error": {"type": "api_error", "message": f"bad {KEY}"}})
    assert failing.answer.failure is not None
    assert failing.answer.failure.message == "bad [redacted]"
