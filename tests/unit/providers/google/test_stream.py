"""Streamed answers of the Gemini format: payloads in, events out."""

import json
from typing import Any

import pytest

from everloop.domain.generation import Event, Failure, Finish, TextDelta, ToolCallDelta, Usage, UsageReport
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.google.answer import read
from everloop.providers.google.stream import StreamedAnswer
from everloop.providers.redaction import Redactor
from everloop.providers.sse import ServerSentEvent

BARE = Redactor(None)


def piece(*parts: Any, reason: str | None = None, **more: Any) -> dict[str, Any]:
    end = {"finishReason": reason} if reason else {}
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, **end}], **more}


def counted(prompt: int, output: int) -> dict[str, Any]:
    return {"usageMetadata": {"promptTokenCount": prompt, "candidatesTokenCount": output}}


class Conversation:
    """A stream and everything that it said."""

    def __init__(self) -> None:
        self.answer = StreamedAnswer("Google", BARE)
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
    def finish(self) -> Finish:
        (found,) = [each for each in self.events if isinstance(each, Finish)]
        return found

    @property
    def error(self) -> ProviderFailure:
        failure = self.events[-1]
        assert isinstance(failure, Failure)
        assert failure.error is self.answer.failure
        return failure.error


def test_text_comes_as_it_is_said_and_the_sample_ends_with_the_stream():
    talk = Conversation().say(piece({"text": "Hel"}, **counted(4, 1)))
    assert (talk.events, talk.answer.spoken, talk.answer.over) == ([TextDelta(0, "Hel")], True, False)
    talk.say(piece({"text": "lo"}, reason="STOP", **counted(4, 2)))
    assert talk.events[1:] == [TextDelta(0, "lo")]
    assert not talk.answer.over
    talk.end()
    assert talk.events[2:] == [UsageReport(Usage(4, 2)), talk.finish]
    assert (talk.finish.reason, talk.answer.over, talk.answer.complete) == ("stop", True, True)


def test_what_follows_a_reason_belongs_to_the_answer():
    """Some models give a reason with every piece."""
    talk = Conversation().say(piece({"text": "A"}, reason="STOP"), piece({"text": "b"}, reason="STOP"), counted(4, 2))
    talk.end()
    assert [each for each in talk.events if isinstance(each, TextDelta)] == [TextDelta(0, "A"), TextDelta(0, "b")]
    (sample,), usage = read(talk.finish.response, "Google", BARE)
    assert (sample.text, usage) == ("Ab", Usage(4, 2))


def test_thoughts_are_kept_and_not_said():
    talk = Conversation().say(piece({"text": "Hm.", "thought": True}), piece({"text": "Hi"}, reason="STOP")).end()
    assert talk.events[0] == TextDelta(0, "Hi")
    parts = json.loads(talk.finish.response)["candidates"][0]["content"]["parts"]
    assert parts == [{"text": "Hm.", "thought": True}, {"text": "Hi"}]


def test_calls_come_whole_and_are_numbered():
    calls = [{"functionCall": {"name": "add", "args": {"a": 1}, "id": "x7"}}, {"functionCall": {"name": "now"}}]
    talk = Conversation().say(piece(calls[0]), piece(calls[1], reason="STOP")).end()
    assert talk.events[:4] == [
        ToolCallDelta(0, 0, "", "x7", "add"),
        ToolCallDelta(0, 0, '{"a":1}'),
        ToolCallDelta(0, 1, "", "call_1", "now"),
        ToolCallDelta(0, 1, "{}"),
    ]
    assert talk.finish.reason == "tool_call"


def test_a_prompt_that_was_refused_is_an_empty_answer():
    talk = Conversation().say({"promptFeedback": {"blockReason": "SAFETY"}, **counted(9, 0)}).end()
    assert talk.events == [UsageReport(Usage(9, 0)), talk.finish]
    assert talk.finish.reason == "content_filter"


def test_what_is_not_known_is_passed_over():
    talk = Conversation().say({}, {"weather": "fine"}, {"candidates": []}, {"candidates": [{"new": 1}]})
    assert (talk.events, talk.answer.spoken, talk.answer.over) == ([], False, False)


def test_an_end_without_a_reason():
    talk = Conversation().say(piece({"text": "Hel"}, **counted(4, 1))).end()
    assert talk.events[1] == UsageReport(Usage(4, 1))
    assert (talk.error.kind, talk.answer.complete) == (FailureKind.CONNECTION, False)
    assert talk.error.message == "Google ended its stream before the answer was complete."


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[DONE]",
        b"null",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 300 + b"1" + b"}" * 300,
        {"candidates": {}},
        {"candidates": [{}, {}]},
        piece({"text": 7}),
        piece({"functionCall": {"name": "add", "args": []}}),
        counted(-1, 0),
    ],
)
def test_pieces_that_cannot_be_read(payload: Any):
    talk = Conversation().say(piece({"text": "Hel"}), payload, piece({"text": "lo"}, reason="STOP")).end()
    assert (talk.error.kind, len(talk.events)) == (FailureKind.MALFORMED, 2)


def test_an_error_in_the_middle():
    error = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
    talk = Conversation().say(piece({"text": "Hel"}), error).end()
    assert (talk.error.kind, talk.error.message) == (FailureKind.OVERLOADED, "The model is overloaded.")
    assert talk.error.upstream_code == 503


def test_a_stream_that_breaks_after_its_reason_is_complete():
    talk = Conversation().say(piece({"text": "Hi"}, reason="STOP"), b"{")
    assert (talk.finish.reason, talk.answer.complete, talk.answer.failure) == ("stop", True, None)
    assert (
        talk.answer.fail(ProviderFailure(FailureKind.CONNECTION, "Gone.", origin="Google")) == talk.answer.end() == []
    )
