"""The format of Bedrock as a whole: what its parts leave to it."""

from datetime import UTC, datetime

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, Secret
from everloop.errors import FailureKind
from everloop.providers.bedrock.format import BedrockFormat

ENDPOINT = "https://bedrock-runtime.eu-west-1.amazonaws.com"
ELSEWHERE = "https://proxy.example.com/bedrock"


def headers(wire: BedrockFormat, base: str, key: str | None) -> dict[str, str]:
    call = wire.prepare(GenerationRequest(ModelConfig("amazon.nova-pro-v1:0"), "Hi"))
    return dict(wire.headers(base + call.path, call, Secret(key) if key is not None else None))


def test_no_key_an_api_key_and_the_keys_of_an_account():
    wire = BedrockFormat()
    assert headers(wire, ENDPOINT, None) == {}
    assert headers(wire, ENDPOINT, "ABSKabc=") == {"Authorization": "Bearer ABSKabc="}
    assert headers(wire, ENDPOINT, "AKID:SECRET")["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")


@pytest.mark.parametrize(
    ("wire", "base", "region"),
    [
        (BedrockFormat(), ENDPOINT, "eu-west-1"),
        (BedrockFormat("eu-west-3"), ENDPOINT, "eu-west-1"),
        (BedrockFormat(), ELSEWHERE, "us-east-1"),
        (BedrockFormat("eu-west-3"), ELSEWHERE, "eu-west-3"),
    ],
)
def test_the_host_names_the_region_before_the_format_does(wire: BedrockFormat, base: str, region: str):
    assert f"/{region}/bedrock/aws4_request" in headers(wire, base, "AKID:SECRET")["Authorization"]


def test_each_try_is_signed_anew(monkeypatch: pytest.MonkeyPatch):
    moments = iter([datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)])
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: next(moments))
    first, second = (headers(BedrockFormat(), ENDPOINT, "AKID:SECRET") for _ in range(2))
    assert (first["X-Amz-Date"], second["X-Amz-Date"]) == ("20260102T000000Z", "20260103T000000Z")
    assert first["Authorization"] != second["Authorization"]


def test_a_plain_answer_where_a_stream_was_asked_for():
    failure = BedrockFormat().unstreamed("AWS Bedrock", b"{}")
    assert (failure.kind, failure.upstream_code) == (FailureKind.MALFORMED, 200)
