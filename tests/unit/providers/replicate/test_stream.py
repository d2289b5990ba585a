"""The text of a prediction as it grows."""

import json
from typing import Any

import pytest

from everloop.domain.generation import Event, Failure, Finish, Secret, TextDelta, Usage, UsageReport
from everloop.errors import FailureKind
from everloop.providers.redaction import Redactor
from everloop.providers.replicate.stream import StreamedPrediction


def state(status: str, output: Any = None, **fields: Any) -> bytes:
    return json.dumps({"id": "x", "status": status, "output": output, **fields}).encode()


def follow(*states: bytes, key: str | None = None) -> tuple[StreamedPrediction, list[Event]]:
    answer = StreamedPrediction("Replicate", Redactor(Secret(key) if key else None))
    return answer, [event for each in states for event in answer.feed(each)]


COUNTED = {"input_token_count": 5, "output_token_count": 2}


def test_what_grew_is_told():
    last = state("succeeded", ["Hel", "lo", "!"], metrics=COUNTED)
    answer, events = follow(state("starting"), state("processing", ["Hel"]), state("processing", ["Hel", "lo"]), last)
    assert events == [
        TextDelta(0, "Hel"),
        TextDelta(0, "lo"),
        TextDelta(0, "!"),
        UsageReport(Usage(5, 2)),
        Finish(0, "stop", last),
    ]
    assert (answer.over, answer.complete, answer.failure) == (True, True, None)
    assert answer.feed(last) == answer.end() == []


def test_an_output_that_is_no_text_is_told_at_its_end():
    _, events = follow(state("processing", {"a": 1}), state("succeeded", {"a": 1, "b": 2}))
    assert events[0] == TextDelta(0, '{"a":1,"b":2}')


@pytest.mark.parametrize("status", ["failed", "canceled", "aborted"])
def test_a_prediction_that_fails_says_what_there_was(status: str):
    answer, events = follow(state("processing", ["Hel"]), state(status, None, error="It broke.", metrics=COUNTED))
    first, counted, failure = events
    assert (first, counted) == (TextDelta(0, "Hel"), UsageReport(Usage(5, 2)))
    assert isinstance(failure, Failure)
    assert failure.error.message == "It broke."
    assert answer.failure is failure.error


def test_more_text_may_come_with_the_failure():
    _, events = follow(state("processing", ["a"]), state("failed", ["a", "b"]))
    assert [type(each) for each in events] == [TextDelta, TextDelta, Failure]


@pytest.mark.parametrize("later", [["x"], ["He"], "", None])
def test_what_was_said_cannot_be_taken_back(later: Any):
    answer, events = follow(state("processing", ["Hel"]), state("succeeded", later))
    assert [type(each) for each in events] == [TextDelta, Failure]
    assert answer.failure is not None
    assert answer.failure.kind is FailureKind.MALFORMED


@pytest.mark.parametrize("broken", [b"", b"[]", b'{"id": "../x", "status": "succeeded"}'])
def test_states_that_cannot_be_read(broken: bytes):
    answer, _ = follow(state("processing", ["Hel"]), broken, state("succeeded", ["Hello"]))
    assert answer.failure is not None
    assert answer.failure.kind is FailureKind.MALFORMED


def test_a_key_that_comes_back_is_taken_out():
    key = "r8_secret-key-of-theirs"
    answer, events = follow(
        state("processing", "It is r8_secret-key"),
        state("succeeded", f"It is {key}!"),
        key=key,
    )
    assert key not in repr(events)
    assert answer.complete
    answer, _ = follow(state("failed", error=f"No, {key}."), key=key)
    assert answer.failure is not None
    assert answer.failure.message == "No, [redacted]."
