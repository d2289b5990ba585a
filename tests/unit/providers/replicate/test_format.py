"""What is said beside a prediction's body, and where its outcome is asked for."""

import json
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, PreparedCall, Secret
from everloop.domain.policy import Timeouts
from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.redaction import Redactor
from everloop.providers.replicate.format import ReplicateFormat
from everloop.providers.wire import Job

WIRE = ReplicateFormat()
BASE = "https://api.replicate.com/v1"


def call(**fields: Any) -> PreparedCall:
    return WIRE.prepare(GenerationRequest(ModelConfig("meta/llama"), "Hi", **fields))


def headers(url: str, **fields: Any) -> dict[str, str]:
    return dict(WIRE.headers(url, call(**fields), Secret("r8_key")))


def test_a_plain_call_waits_for_its_end():
    assert headers(f"{BASE}/models/meta/llama/predictions") == {
        "Authorization": "Bearer r8_key",
        "Cancel-After": "600s",
        "Prefer": "wait=45",
    }


def test_a_stream_does_not():
    assert "Prefer" not in headers(f"{BASE}/predictions", streamed=True)


@pytest.mark.parametrize(
    ("timeouts", "life", "wait"),
    [
        (Timeouts(first_byte=200, total=900.5), "901s", "wait=60"),
        (Timeouts(first_byte=4, total=2), "5s", "wait=3"),
        (Timeouts(first_byte=1, total=30), "30s", None),
    ],
)
def test_it_waits_and_lives_as_long_as_its_place_allows(timeouts: Timeouts, life: str, wait: str | None):
    said = headers(f"{BASE}/predictions", timeouts=timeouts)
    assert (said["Cancel-After"], said.get("Prefer")) == (life, wait)


def test_questions_only_say_who_asks():
    assert headers(f"{BASE}/predictions/abc") == headers(f"{BASE}/predictions/abc/cancel")
    assert headers(f"{BASE}/predictions/abc") == {"Authorization": "Bearer r8_key"}


def test_the_outcome_is_asked_for_by_its_id_and_not_where_the_answer_says():
    urls = {"get": "https://evil.example/x", "cancel": "https://evil.example/y", "stream": "https://evil.example/z"}
    state = json.dumps({"id": "abc", "status": "starting", "urls": urls}).encode()
    assert WIRE.job(state, "R") == Job("/predictions/abc", "/predictions/abc/cancel", finished=False)


def test_a_prediction_that_goes_on_is_no_answer():
    with pytest.raises(ProviderFailure) as caught:
        WIRE.read(call(), b'{"id": "abc", "status": "processing", "output": "Hi"}', "R", Redactor(None))
    assert caught.value.kind is FailureKind.MALFORMED


def test_a_prediction_that_failed_is_a_failure():
    with pytest.raises(ProviderFailure, match=r"^Why\.$"):
        WIRE.read(call(), b'{"id": "abc", "status": "failed", "error": "Why."}', "R", Redactor(None))
