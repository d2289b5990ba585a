from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.generation import Secret
from everloop.security.random_ids import RandomIds
from everloop.security.redaction import redact, redact_text

CANARY = "canary-4711"


def shown(event: Mapping[str, object]) -> str:
    return repr(redact(None, "info", dict(event)))


@pytest.mark.parametrize(
    "name",
    [
        "x-api-key", "X-API-KEY", "x_api_key", "api_key", "apiKey", "key", "authorization", "Proxy-Authorization",
        "provider_api_keys", "OPENAI_API_KEY", "x-goog-api-key", "EVERLOOP_SECRET_KEY", "aws_secret_access_key",
        "password", "cookie", "Set-Cookie", "token", "access_token",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [CANARY, CANARY.encode(), {"openai": CANARY}, [CANARY]])
def test_what_is_named_as_a_secret_is_hidden(name: str, value: object):
    assert CANARY not in shown({"event": "call", name: value})
    assert CANARY not in shown({"event": "call", "headers": {name: value}})
    assert CANARY not in shown({"event": "call", "bodies": [({name: value},)]})


@pytest.mark.parametrize("name", ["prompt_tokens", "api_key_id", "key_count", "author", "keyboard", "secretary"])
def test_what_only_sounds_like_a_secret_is_shown(name: str):
    assert CANARY in shown({"event": "call", name: CANARY})


KEYS = [
    "hl_sk_0123456789ABCDEFGHIJKLMNOPQRSTUV",
    "hl_sk_short",
    "sk-proj-4f_s-ABCdef0123456789",
    "sk-ant-api03-abcdef",
    "gsk_0123456789abcdef",
    "xai-0123456789abcdef",
    "r8_0123456789abcdef",
    "AIzaSyA0123456789abcdefghijklmnopqrstuv",
    "AKIAIOSFODNN7EXAMPLE",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("around", ["{}", "Incorrect API key provided: {}.", "['{}']", "https://h/?k={}&b=1", "é{}é"])
def test_what_looks_like_a_key_is_hidden_wherever_it_stands(key: str, around: str):
    text = around.format(key)
    expected = around.format("[redacted]")
    assert redact_text(text) == expected
    assert redact(None, "info", {"event": text, "a": {"b": [text]}}) == {"event": expected, "a": {"b": [expected]}}
    assert key not in shown({"event": "call", text: 1})
    assert key not in shown({"event": "call", "error": ValueError(text)})


def test_every_key_that_we_make_is_recognised():
    for key in (RandomIds().api_key() for _ in range(1000)):
        assert redact_text(f"({key})") == "([redacted])"


@pytest.mark.parametrize(
    "text",
    [
        "x-api-key: canary-4711",
        "Authorization: Bearer canary-4711",
        "authorization=Basic canary-4711",
        "sent bearer canary-4711 upstream",
        '{"provider_api_keys": {"openai": "canary-4711", "mock": "canary-4711"}}',
        "{'api_key': 'canary-4711'}",
        '{"api_key":"\\"canary-4711\\" canary-4711"}',
        "headers=[(b'x-api-key', b'canary-4711')]",
        "https://host/path?api_key=canary-4711&page=1",
        "EVERLOOP_SECRET_KEY=canary-4711",
        "api_key='canary-4711",
    ],
)
def test_named_secrets_inside_a_text_are_hidden(text: str):
    assert CANARY not in redact_text(text)
    assert CANARY not in shown({"event": "call", "raw": text.encode()})


@pytest.mark.parametrize(
    "text",
    [
        "task-oriented desk-research risk_assessment",
        "data_0123456789ABCDEFGHIJK answered",
        "the API key is missing",
        "GET /api/api-keys 200",
        "a bearer of good news",
        "größer als",
    ],
)
def test_ordinary_text_stays(text: str):
    assert redact_text(text) == text


@dataclass
class Configuration:
    """Has a repr that shows everything, as dataclasses do."""

    api_key: str


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError(CANARY)


def test_objects_are_shown_as_text_without_their_secrets():
    event = {"event": "start", "configuration": Configuration(CANARY)}
    assert redact(None, "info", event) == {"event": "start", "configuration": "Configuration(api_key=[redacted])"}
    assert CANARY not in shown({"event": "call", "secret_value": Secret(CANARY)})
    assert redact(None, "info", {"event": Broken()}) == {"event": "[Broken whose repr raised RuntimeError]"}


def test_an_event_that_holds_itself_ends():
    event: dict[str, object] = {"event": "loop", "api_key": CANARY}
    event["self"] = event
    assert CANARY not in shown(event)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=())), inner),
)


@given(st.dictionaries(st.text(), VALUES))
def test_any_event_becomes_plain_json_and_is_left_as_it_was(event: dict[str, object]):
    before = deepcopy(event)
    decoded = msgspec.json.decode(msgspec.json.encode(redact(None, "info", event)))
    assert isinstance(decoded, dict)
    assert event == before


def test_numbers_that_json_or_python_cannot_write_do_not_break_an_event():
    numbers = [10**5000, -(10**5000), 2**63, 2**64, float("nan"), float("inf")]
    shown = msgspec.json.decode(msgspec.json.encode(redact(None, "info", {"event": "odd", "numbers": numbers})))
    assert shown["numbers"][0] == "[int whose repr raised ValueError]"
    assert shown["numbers"][2:] == [str(2**63), str(2**64), None, None]


def test_numbers_stay_numbers():
    event = {"event": "request", "status": 200, "seconds": 0.25, "saved": True, "session": None, "rows": -(2**62)}
    assert redact(None, "info", event) == event
