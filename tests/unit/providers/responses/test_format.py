"""The format of Responses as a whole: what its parts leave to it."""

import json

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import Failure, Finish, GenerationRequest, Secret
from everloop.errors import FailureKind
from everloop.providers.redaction import Redactor
from everloop.providers.responses.format import ResponsesFormat

WIRE = ResponsesFormat()
CALL = WIRE.prepare(GenerationRequest(ModelConfig("gpt-5-pro"), "Hi", streamed=True))


def test_a_bearer_authorises():
    assert WIRE.headers("https://api.openai.com/v1/responses", CALL, Secret("sk-1")) == {"Authorization": "Bearer sk-1"}
    assert WIRE.headers("https://api.openai.com/v1/responses", CALL, None) == {}


@pytest.mark.parametrize(("size", "ends"), [(2 * 2**20, Finish), (9 * 2**20, Failure)])
def test_the_last_event_may_be_long_since_it_repeats_the_answer(size: int, ends: type):
    item = {"type": "message", "content": [{"type": "output_text", "text": "x" * size}]}
    said = {"type": "response.completed", "response": {"status": "completed", "output": [item]}}
    reader = WIRE.follow(CALL, "OpenAI", Redactor(None))
    events = reader.feed(b"data: " + json.dumps(said).encode() + b"\n\n")
    assert isinstance(events[-1], ends)
    if isinstance(events[-1], Failure):
        assert events[-1].error.message == "OpenAI sent a line of more than 8 MiB."


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error": {"code": "rate_limit_exceeded", "message": "Slow down."}}', FailureKind.RATE_LIMIT),
        (b'{"error": null}', FailureKind.MALFORMED),
        (b"<html>", FailureKind.MALFORMED),
    ],
)
def test_a_plain_answer_where_a_stream_was_asked_for(body: bytes, kind: FailureKind):
    failure = WIRE.unstreamed("OpenAI", body)
    assert (failure.kind, failure.upstream_code) == (kind, 200)
