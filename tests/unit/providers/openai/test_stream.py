"""Streamed answers of the OpenAI format: payloads in, events out."""

import json
from typing import Any

import pytest

from everloop.domain.generation import (
    Event,
    Failure,
    Finish,
    Retried,
    Secret,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.openai.stream import StreamedAnswer
from everloop.providers.redaction import Redactor
from everloop.providers.sse import ServerSentEvent

DONE = b"[DONE]"
ENVELOPE = {"id": "x", "created": 1, "model": "m", "system_fingerprint": None}


def chat(index: int, content: str | None = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    return {**ENVELOPE, "choices": [{"index": index, "delta": delta, "finish_reason": reason}], **more}


def usage(prompt: int, output: int) -> dict[str, Any]:
    return {**ENVELOPE, "choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": output}}


class Conversation:
    """A stream and everything that it said."""

    def __init__(self, asked: int = 1, *, chat: bool = True, key: str | None = None) -> None:
        secret = Secret(key) if key else None
        self.answer = StreamedAnswer("OpenAI", asked, Redactor(secret), chat=chat)
        self.events: list[Event] = []

    def say(self, *payloads: bytes | dict[str, Any], name: bytes = b"") -> "Conversation":
        for payload in payloads:
            data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            self.events += self.answer.read(ServerSentEvent(name, data))
        return self

    def end(self) -> "Conversation":
        self.events += self.answer.end()
        return self

    @property
    def heard(self) -> list[tuple[Any, ...]]:
        return [_short(event) for event in self.events]


def _short(event: Event) -> tuple[Any, ...]:
    match event:
        case TextDelta(sample, text):
            return (sample, text)
        case ToolCallDelta(sample, call, arguments, call_id, name):
            return (sample, "call", call, arguments, call_id, name)
        case Finish(sample, reason, response):
            return (sample, reason, content(response))
        case UsageReport(count):
            return ("usage", count)
        case Failure(sample, error):
            return ("failure", sample, error.kind)
        case Retried(times):
            return ("retried", times)


def content(response: bytes) -> str | None:
    choice = json.loads(response)["choices"][0]
    text: str | None = choice["message"]["content"] if "message" in choice else choice["text"]
    return text


def test_one_sample():
    told = Conversation().say(chat(0, ""), chat(0, "Hel"), chat(0, "lo"), chat(0, None, "stop"), usage(3, 2), DONE)
    assert told.heard == [(0, "Hel"), (0, "lo"), (0, "stop", "Hello"), ("usage", Usage(3, 2))]
    assert told.answer.over
    assert told.answer.complete
    assert told.answer.failure is None


def test_the_finished_sample_has_the_shape_of_a_plain_answer():
    told = Conversation().say(chat(0, "Hi"), chat(0, None, "tool_calls"))
    finish = told.events[-1]
    assert isinstance(finish, Finish)
    assert finish.reason == "tool_call"
    assert json.loads(finish.response) == {
        "id": "x",
        "created": 1,
        "model": "m",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi"},
                "logprobs": None,
                "finish_reason": "tool_calls",
            }
        ],
    }


def test_legacy_text_may_come_with_its_finish():
    told = Conversation(chat=False).say(
        {"choices": [{"index": 0, "text": "Hel"}]},
        {"choices": [{"index": 0, "text": "lo", "finish_reason": "length"}]},
        DONE,
    )
    assert told.heard == [(0, "Hel"), (0, "lo"), (0, "length", "Hello")]


def test_samples_finish_on_their_own():
    told = Conversation(2).say(chat(1, "b"), chat(0, "a"), chat(1, None, "stop"))
    assert told.heard == [(1, "b"), (0, "a"), (1, "stop", "b")]
    told.say(chat(0, "aa"), chat(0, None, "length"), usage(1, 3), DONE)
    assert told.heard[3:] == [(0, "aa"), (0, "length", "aaa"), ("usage", Usage(1, 3))]


def test_several_choices_in_one_chunk():
    both = [{"index": index, "delta": {"content": text}} for index, text in enumerate("ab")]
    assert Conversation(2).say({"choices": both}).heard == [(0, "a"), (1, "b")]


def test_usage_may_come_with_the_last_choice_or_with_every_chunk():
    count = {"prompt_tokens": 3, "completion_tokens": 1}
    told = Conversation().say(chat(0, "a", usage=count), chat(0, None, "stop", usage=count | {"completion_tokens": 2}))
    assert told.heard == [(0, "a"), (0, "stop", "a")]
    assert told.say(DONE).heard[2:] == [("usage", Usage(3, 2))]


@pytest.mark.parametrize("none", [{}, {"total_tokens": 1}, {"prompt_tokens": None, "completion_tokens": None}, [], "?"])
def test_a_usage_that_is_no_count_spoils_nothing(none: Any):
    count = {"prompt_tokens": 3, "completion_tokens": 1}
    told = Conversation().say(chat(0, "a", usage=none), chat(0, None, "stop", usage=none), DONE).end()
    assert told.heard == [(0, "a"), (0, "stop", "a")]
    told = Conversation().say(chat(0, "a", usage=count), chat(0, None, "stop", usage=none), DONE).end()
    assert told.heard == [(0, "a"), (0, "stop", "a"), ("usage", Usage(3, 1))]


def test_usage_is_reported_once():
    told = Conversation().say(chat(0, "a", "stop"), usage(1, 1), DONE).end()
    assert told.heard == [(0, "a"), (0, "stop", "a"), ("usage", Usage(1, 1))]


def test_a_stream_may_end_without_its_terminator():
    told = Conversation().say(chat(0, "a", "stop")).end()
    assert told.heard == [(0, "a"), (0, "stop", "a")]
    assert told.answer.failure is None


def test_notes_after_the_finish_are_no_part_of_the_answer():
    told = Conversation().say(chat(0, "a", "stop"), chat(0, "", None), DONE)
    assert told.heard == [(0, "a"), (0, "stop", "a")]


@pytest.mark.parametrize("terminator", [True, False])
def test_an_end_before_the_end_fails_what_had_begun(terminator: bool):
    told = Conversation(2).say(chat(0, "a", "stop"), chat(1, "b"), *([DONE] if terminator else [])).end()
    assert told.heard == [(0, "a"), (0, "stop", "a"), (1, "b"), ("failure", 1, FailureKind.CONNECTION)]
    assert told.answer.failure is not None
    assert not told.answer.complete


def test_a_vendor_may_give_fewer_samples_if_it_says_that_it_is_done():
    assert Conversation(3).say(chat(0, "a", "stop"), DONE).heard == [(0, "a"), (0, "stop", "a")]
    cut_off = Conversation(3).say(chat(0, "a", "stop")).end()
    assert cut_off.heard[2:] == [("failure", 1, FailureKind.CONNECTION), ("failure", 2, FailureKind.CONNECTION)]


@pytest.mark.parametrize("payloads", [[], [DONE], [{"choices": []}, DONE], [chat(0, ""), DONE]])
def test_a_stream_of_nothing_is_a_failure_that_nobody_has_spoken_before(payloads: list[Any]):
    told = Conversation().say(*payloads).end()
    assert told.heard == [("failure", 0, FailureKind.CONNECTION)]
    assert told.answer.failure is not None
    assert not told.answer.spoken


BROKEN = [
    b"{",
    b"",
    b"null",
    b"[]",
    b'{"choices": [{"index": "0"}]}',
    b'{"choices": [{"index": 0, "delta": "text"}]}',
    b'{"choices": [{"index": 0, "delta": {"content": "\xff"}}]}',
    b'{"choices": [{"index": 1, "delta": {}}]}',
    b'{"choices": [{"index": -1, "delta": {}}]}',
    b'{"choices": ' + b"[" * 100_000,
]


@pytest.mark.parametrize("payload", BROKEN)
def test_a_broken_chunk_breaks_the_stream(payload: bytes):
    told = Conversation().say(chat(0, "a"), payload, chat(0, "b", "stop"), DONE).end()
    assert told.heard == [(0, "a"), ("failure", None, FailureKind.MALFORMED)]
    assert told.answer.over
    assert told.answer.spoken


def test_what_a_chunk_said_before_it_broke_counts():
    chunk = {"choices": [{"index": 0, "delta": {"content": "a"}}, {"index": 9, "delta": {"content": "b"}}]}
    assert Conversation().say(chunk).heard == [(0, "a"), ("failure", None, FailureKind.MALFORMED)]


@pytest.mark.parametrize(
    ("name", "payload", "kind"),
    [
        (b"", {"error": {"message": "Why", "code": "rate_limit_exceeded"}}, FailureKind.RATE_LIMIT),
        (b"error", {"error": {"message": "Why", "type": "overloaded_error"}}, FailureKind.OVERLOADED),
        (b"error", {"message": "Why"}, FailureKind.SERVER_ERROR),
        (b"error", b"not JSON", FailureKind.SERVER_ERROR),
    ],
)
def test_an_error_event_is_that_error(name: bytes, payload: Any, kind: FailureKind):
    told = Conversation(2).say(chat(0, "a", "stop"), chat(1, "b")).say(payload, name=name)
    assert told.heard[3:] == [("failure", None, kind)]


def test_a_failure_after_every_finish_is_none():
    told = Conversation().say(chat(0, "a", "stop"), b"{")
    assert told.heard == [(0, "a"), (0, "stop", "a")]
    assert told.answer.failure is None


def test_a_failure_from_outside_comes_after_what_was_counted():
    told = Conversation().say(chat(0, "a", usage={"prompt_tokens": 1}))
    gone = ProviderFailure(FailureKind.CONNECTION, "gone", origin="OpenAI")
    told.events += told.answer.fail(gone)
    assert told.heard == [(0, "a"), ("usage", Usage(1, 0)), ("failure", None, FailureKind.CONNECTION)]
    assert told.answer.fail(gone) == []


def test_the_key_is_taken_out_of_everything():
    key = "sk-canary-0123456789"
    letters = [chat(0, letter) for letter in f"it is {key}!"]
    told = Conversation(key=key).say(chat(0, key), *letters, chat(0, None, "stop"), {"error": {"message": key}})
    assert "".join(event.text for event in told.events if isinstance(event, TextDelta)) == (
        "[redacted]it is sk-[redacted]!"
    )
    assert told.heard[-1] == (0, "stop", "[redacted]it is [redacted]!")
    failing = Conversation(key=key).say(chat(0, "a"), {"error": {"message": f"bad {key}"}})
    failure = failing.events[-1]
    assert isinstance(failure, Failure)
    assert failure.error.message == "bad [redacted]"


def calling(index: int, *pieces: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {**ENVELOPE, "choices": [{"index": index, "delta": {"tool_calls": list(pieces)}, "finish_reason": reason}]}


def test_tool_calls_come_in_pieces_and_the_whole_answer_has_them():
    told = Conversation(2).say(
        calling(1, {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}),
        chat(0, "Hi"),
        calling(1, {"index": 0, "function": {"arguments": '{"x": '}}),
        calling(1, {"index": 0, "function": {"arguments": "1}"}}, reason="tool_calls"),
        chat(0, None, "stop"),
        DONE,
    )
    assert told.heard == [
        (1, "call", 0, "", "a", "f"),
        (0, "Hi"),
        (1, "call", 0, '{"x": ', None, None),
        (1, "call", 0, "1}", None, None),
        (1, "tool_call", None),
        (0, "stop", "Hi"),
    ]
    (response,) = [each.response for each in told.events if isinstance(each, Finish) and each.sample == 1]
    (choice,) = json.loads(response)["choices"]
    assert choice["message"]["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
    ]


def test_a_tool_call_of_another_shape_breaks_the_stream():
    told = Conversation().say(chat(0, "Hi"), calling(0, {"index": "first"}), chat(0, "more"))
    assert told.heard == [(0, "Hi"), ("failure", None, FailureKind.MALFORMED)]
    assert told.answer.over


def test_the_legacy_endpoint_has_no_tool_calls():
    told = Conversation(chat=False).say(
        {**ENVELOPE, "choices": [{"index": 0, "text": "a", "delta": {"tool_calls": 1}}]}
    )
    assert told.heard == [(0, "a")]


@pytest.mark.parametrize("levels", [150, 250, 600, 985, 2_000])
def test_an_absurdly_deep_piece_breaks_the_stream_as_anything_that_is_not_the_format(levels: int):
    deep = b'{"a":' * levels + b"1" + b"}" * levels
    begun = Conversation().say(chat(0, "Hel"), b'{"choices":[{"index":0,"delta":{"notes":%s}}]}' % deep)
    if levels == 150:
        assert begun.say(chat(0, "lo", "stop")).answer.complete
        return
    *_, last = begun.events
    assert isinstance(last, Failure)
    assert last.error.kind is FailureKind.MALFORMED
    assert begun.answer.over
