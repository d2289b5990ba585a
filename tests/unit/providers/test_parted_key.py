"""Keys of several parts: neither the whole nor a part comes back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.generation import Secret
from everloop.providers.parted_key import PartedRedactor, redactor_of
from everloop.providers.redaction import REDACTED, Redactor, StreamedText

ID, SECRET, TOKEN = "AKIACANARY012345", "wJalr/UtnFEMI+K7MDENGA", "IQoJb3JpZ2luX2VjEA=="
KEY = f"{ID}:{SECRET}:{TOKEN}"
REDACTOR = redactor_of(Secret(KEY))


@pytest.mark.parametrize("key", [None, Secret("sk-canary-0123456789"), Secret("EMPTY")])
def test_keys_of_one_part_have_the_redactor_that_they_had(key: Secret | None):
    assert type(redactor_of(key)) is Redactor


def test_the_whole_is_replaced_at_once_and_each_part_alone():
    assert REDACTOR.text(f"a {KEY} b") == f"a {REDACTED} b"
    assert REDACTOR.text(f"{SECRET} {ID} {TOKEN} {ID}:x") == f"{REDACTED} {REDACTED} {REDACTED} {REDACTED}:x"


@pytest.mark.parametrize("part", [KEY, ID, SECRET, TOKEN])
@pytest.mark.parametrize("escape", [("", ""), ("/", "\\/"), ("A", "\\u0041"), ("I", "\\u0049")])
def test_bodies_lose_each_however_it_is_written(part: str, escape: tuple[str, str]):
    written = json.dumps({"message": f"It is {part}."})
    if escape[0]:
        written = written.replace(*escape)
    cleaned = json.loads(REDACTOR.body(written.encode()))
    assert part not in cleaned["message"]
    assert REDACTED in cleaned["message"]


def test_parts_that_are_too_short_to_be_keys_stay():
    redactor = redactor_of(Secret("user:hunter2-hunter2"))
    assert (
        redactor.text("the user says hunter2-hunter2, user:hunter2-hunter2") == "the user says [redacted], [redacted]"
    )
    assert redactor_of(Secret("a:b")).body(b'{"a": "b"}') == b'{"a": "b"}'
    assert shown(["a", ":b", " c"], redactor_of(Secret("a:b"))) == "a:b c"


def shown(pieces: list[str], redactor: Redactor = REDACTOR) -> str:
    stream = StreamedText(redactor)
    return "".join([*(stream.add(piece) for piece in pieces), stream.rest()])


def test_a_stream_waits_for_the_whole_before_it_takes_a_part():
    assert shown(["It is ", ID, ":", SECRET, f":{TOKEN}", "."]) == "It is AKI[redacted]."
    assert shown([f"It is {KEY}."]) == "It is [redacted]."
    assert shown([f"It is {ID}", " and no more"]) == "It is AKI[redacted] and no more"
    assert shown([f"It is {ID}"]) == "It is AKI[redacted]"
    assert shown([f"{ID}:", SECRET, "."]) == "AKI[redacted]:[redacted]."


PIECES = st.lists(
    st.one_of(
        st.text("AKI:wJal=", max_size=5),
        st.sampled_from([KEY, ID, SECRET, TOKEN, ID[:4], ID[4:], f"{ID}:", SECRET[:9], SECRET[9:], KEY[:-1], ":"]),
    ),
    max_size=12,
)


@given(PIECES)
def test_no_split_lets_a_part_through(pieces: list[str]):
    found = shown(pieces)
    assert not any(part in found for part in (ID, SECRET, TOKEN))


@given(PIECES)
def test_text_without_a_part_arrives_whole(pieces: list[str]):
    text = "".join(pieces)
    if all(part[:8] not in text for part in (ID, SECRET, TOKEN)):
        assert shown(pieces) == text


def test_overlaps_of_an_end_with_a_beginning():
    """A part that ends as the next one begins is taken out whole."""
    redactor = PartedRedactor(Secret("abcdefga:abxyzwvu"))
    assert shown(["abxyzwvu", "abcdefga", "b"], redactor) == "[redacted]abc[redacted]b"
    assert shown(["abcdefga", "abcdefga", ":"], redactor) == "abc[redacted]abc[redacted]"
