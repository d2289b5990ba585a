"""Redaction: whatever a vendor does with the key, it does not come back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.generation import Secret
from everloop.providers.redaction import REDACTED, Redactor, StreamedText

KEY = "sk-canary/0123456789"
REDACTOR = Redactor(Secret(KEY))


def test_text_loses_every_occurrence():
    assert REDACTOR.text(f"a {KEY} b {KEY}") == "a [redacted] b [redacted]"
    assert REDACTOR.text("nothing here") == "nothing here"


@pytest.mark.parametrize(
    "written",
    [
        json.dumps({"error": {"message": f"bad key {KEY}"}}),
        json.dumps({KEY: {"deep": [KEY]}}),
        json.dumps({"message": KEY}).replace("/", "\\/"),
        json.dumps({"message": KEY}).replace("s", "\\u0073").replace("k", "\\u006B"),
        f"<html>{KEY}</html>",
        f"{KEY}",
    ],
)
def test_bodies_lose_it_however_it_is_written(written: str):
    cleaned = REDACTOR.body(written.encode())
    assert KEY.encode() not in cleaned
    assert REDACTED.encode() in cleaned
    if written.startswith("{"):
        assert KEY not in str(json.loads(cleaned))


def test_a_key_that_json_has_to_escape():
    odd = Redactor(Secret('odd"key\\with\\things'))
    cleaned = odd.body(json.dumps({"message": 'odd"key\\with\\things'}).encode())
    assert json.loads(cleaned) == {"message": REDACTED}


@pytest.mark.parametrize("body", [b'{"a": "\\u00e9 \\/ fine"}', b"\\u00 not JSON", b"[" * 100_000 + b"\\u00"])
def test_bodies_without_it_stay_as_they_are(body: bytes):
    assert REDACTOR.body(body) == body


@pytest.mark.parametrize("key", [None, Secret("EMPTY"), Secret("model"), Secret("")])
def test_no_key_and_placeholders_change_nothing(key: Secret | None):
    redactor = Redactor(key)
    assert redactor.body(b'{"model": "EMPTY"}') == b'{"model": "EMPTY"}'
    assert redactor.text("the EMPTY model") == "the EMPTY model"
    assert shown(["the ", "EMPTY", " mod", "el"], redactor) == "the EMPTY model"


def shown(pieces: list[str], redactor: Redactor = REDACTOR) -> str:
    stream = StreamedText(redactor)
    return "".join([*(stream.add(piece) for piece in pieces), stream.rest()])


def test_text_flows_as_it_comes_unless_it_looks_like_the_key():
    stream = StreamedText(REDACTOR)
    assert [stream.add(piece) for piece in ["this", " is", " sk", "-", "ill", " s"]] == [
        "this", " is", " sk", "-", "ill", " s",
    ]  # fmt: skip
    assert stream.rest() == ""
    assert [stream.add(piece) for piece in ["sk-ca", "n", "oe"]] == ["sk-", "", "canoe"]


def test_a_split_key_does_not_get_through():
    assert shown([KEY[:5], KEY[5:]]) == "sk-[redacted]"
    assert shown(["a", KEY, "b"]) == "a[redacted]b"
    assert shown(list(f"x {KEY} y {KEY}")) == "x sk-[redacted] y sk-[redacted]"


def test_most_of_a_key_at_the_end_is_not_shown_either():
    assert shown(["a ", KEY[:-1]]) == "a sk-[redacted]"
    assert shown(["a ", KEY[:6]]) == f"a {KEY[:6]}"


PIECES = st.lists(
    st.one_of(st.text("sk-canry/012", max_size=6), st.sampled_from([KEY, KEY[:4], KEY[4:], KEY[:-1], "s", "sk"])),
    max_size=12,
)


@given(PIECES)
def test_no_split_lets_the_key_through(pieces: list[str]):
    assert KEY not in shown(pieces)


@given(PIECES)
def test_text_without_the_key_arrives_whole(pieces: list[str]):
    text = "".join(pieces)
    ending = StreamedText(REDACTOR)
    for piece in pieces:
        ending.add(piece)
    if KEY not in text and not ending.rest().startswith(REDACTED):
        assert shown(pieces) == text


@given(st.lists(st.text("ab", max_size=5), max_size=12))
def test_a_key_that_repeats_itself(pieces: list[str]):
    key = "aabaabaab"
    result = shown(pieces, Redactor(Secret(key)))
    assert key not in result
