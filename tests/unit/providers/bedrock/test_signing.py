"""Keys of AWS and regions of its endpoints; that AWS agrees with the signature is in the contract tests."""

import logging

import pytest

from everloop.domain.generation import Secret
from everloop.providers.bedrock.signing import Credentials, credentials_of, region_of, signed

ENDPOINT = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/x/converse"


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("AKID:SECRET", Credentials("AKID", "SECRET", None)),
        ("AKID:SECRET:TOKEN==", Credentials("AKID", "SECRET", "TOKEN==")),
        ("AKID:SECRET:TO:KEN", Credentials("AKID", "SECRET", "TO:KEN")),
        ("AKID:SECRET:", Credentials("AKID", "SECRET", None)),
        ("ABSKQmVkcm9jaw==", None),
        ("bedrock-api-key-YmVkcm9jay5hbWF6b25hd3M=", None),
        ("AKID:", None),
        (":SECRET", None),
        ("", None),
        (":", None),
    ],
)
def test_the_parts_of_a_key(key: str, parts: Credentials | None):
    assert credentials_of(Secret(key)) == parts


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("bedrock-runtime.eu-west-1.amazonaws.com", "eu-west-1"),
        ("BEDROCK-RUNTIME.EU-WEST-1.AMAZONAWS.COM", "eu-west-1"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("bedrock-runtime.us-east-2.api.aws", "us-east-2"),
        ("vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", "us-east-1"),
        ("proxy.example.com", None),
        ("127.0.0.1:8080", None),
        ("my-bedrock-runtime.eu-west-1.example.com", None),
    ],
)
def test_the_region_of_a_host(host: str, region: str | None):
    assert region_of(f"https://{host}/model/x/converse") == region


def test_what_is_signed():
    found = signed(Credentials("AKID", "SECRET", "TOKEN"), "eu-west-1", ENDPOINT, b"{}")
    assert set(found) == {"Authorization", "X-Amz-Date", "X-Amz-Security-Token"}
    assert "/eu-west-1/bedrock/aws4_request, " in found["Authorization"]
    assert "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, " in found["Authorization"]
    assert "X-Amz-Security-Token" not in signed(Credentials("AKID", "SECRET", None), "eu-west-1", ENDPOINT, b"{}")


def test_nothing_of_the_keys_is_logged_even_where_everything_is(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        signed(Credentials("AKID-CANARY", "SECRET-CANARY", "TOKEN-CANARY"), "eu-west-1", ENDPOINT, b"{}")
    assert "CANARY" not in caplog.text
