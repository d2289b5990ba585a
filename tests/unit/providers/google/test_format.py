"""The Gemini format as a whole; what it does over the wire is in tests/contract/providers."""

import json

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, Secret
from everloop.errors import FailureKind
from everloop.providers.google.format import GoogleFormat

WIRE = GoogleFormat()
CALL = WIRE.prepare(GenerationRequest(ModelConfig("gemini-3.8-flash"), "Hi", samples=3))


def test_each_sample_is_a_request():
    assert not WIRE.capabilities.samples
    assert "generationConfig" not in json.loads(CALL.body)


def test_the_key_is_in_a_header_and_nowhere_else():
    assert WIRE.headers("https://x/v1beta", CALL, Secret("AIza-canary-1")) == {"x-goog-api-key": "AIza-canary-1"}
    assert WIRE.headers("https://x/v1beta", CALL, None) == {}


def test_what_is_no_stream():
    assert WIRE.unstreamed("Google", b"{}").kind is FailureKind.MALFORMED
    busy = b'[{"error": {"code": 503, "message": "Busy.", "status": "UNAVAILABLE"}}]'
    assert WIRE.unstreamed("Google", busy).kind is FailureKind.OVERLOADED
