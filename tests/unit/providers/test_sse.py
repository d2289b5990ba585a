"""The event stream parser: what is said, and what is heard."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.providers.sse import ServerSentEvent, SseParser


def heard(*packets: bytes) -> list[tuple[bytes, bytes]]:
    parser = SseParser()
    events = [event for packet in packets for event in parser.feed(packet)]
    return [(event.name, event.data) for event in events + parser.end()]


@pytest.mark.parametrize(
    ("said", "events"),
    [
        (b"data: 1\n\n", [b"1"]),
        (b"data:1\n\n", [b"1"]),
        (b"data:  1\n\n", [b" 1"]),
        (b"data: 1\r\n\r\n", [b"1"]),
        (b"data: 1\r\rdata: 2\r\r", [b"1", b"2"]),
        (b"data: 1\ndata: 2\n\n", [b"1\n2"]),
        (b"data\n\n", [b""]),
        (b"data: \n\n", [b""]),
        (b": a comment\n\ndata: 1\n: another\n\n", [b"1"]),
        (b"\n\n\ndata: 1\n\n\n\n", [b"1"]),
        (b"id: 7\nretry: 10\ndata: 1\n\n", [b"1"]),
        (b"datum: 1\n\n", []),
        (b"event: ping\n\n", []),
        (b"\xef\xbb\xbfdata: 1\n\n", [b"1"]),
        (b"data: 1", [b"1"]),
        (b"data: 1\n", [b"1"]),
        (b"data: a: b\n\n", [b"a: b"]),
        ("data: größer ☂\n\n".encode(), ["größer ☂".encode()]),
        (b"data: a\xe2\x80\xa8b\x0bc\x85d\n\n", [b"a\xe2\x80\xa8b\x0bc\x85d"]),
    ],
)
def test_events_are_found(said: bytes, events: list[bytes]):
    assert heard(said) == [(b"", data) for data in events]


def test_an_event_has_its_own_name_alone():
    assert heard(b"event: error\ndata: 1\n\ndata: 2\n\n") == [(b"error", b"1"), (b"", b"2")]


def test_events_come_as_soon_as_they_are_complete():
    parser = SseParser()
    assert parser.feed(b"data: 1\n") == []
    assert parser.feed(b"\ndata: 2\r") == [ServerSentEvent(b"", b"1")]
    assert parser.feed(b"\n") == []
    assert parser.feed(b"\r") == [ServerSentEvent(b"", b"2")]


def test_a_carriage_return_and_its_line_feed_in_two_packets_are_one_line_end():
    assert heard(b"data: 1\r", b"\ndata: 2\r", b"\n\r", b"\n") == [(b"", b"1\n2")]
    assert heard(b"data: 1\r", b"", b"\ndata: 2\r\n\r\n") == [(b"", b"1\n2")]


LINES = st.sampled_from(
    [b"data: x", b"data:", b"data: \xc3\xa4", b": note", b"event: error", b"", b"", b"id: 1", b"nonsense", b"data"]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"])), max_size=12).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@given(STREAMS | st.binary(max_size=60), st.lists(st.integers(0, 80), max_size=10))
def test_packets_make_no_difference(said: bytes, cuts: list[int]):
    edges = [0, *sorted(min(cut, len(said)) for cut in cuts), len(said)]
    packets = [said[start:end] for start, end in pairwise(edges)]
    assert heard(*packets) == heard(said)
    assert heard(*(bytes([byte]) for byte in said)) == heard(said)


@pytest.mark.parametrize("packets", [[b"data: " + b"x" * 100], [b"data: ", b"x" * 50, b"x" * 50], [b"data: x\n"] * 20])
def test_an_endless_event_is_cut_off(packets: list[bytes]):
    parser = SseParser(longest=64)
    first = parser.feed(b"data: 1\n\n" + packets[0])
    assert [event.data for event in first] == [b"1"]
    for packet in packets[1:]:
        assert parser.feed(packet) == []
    assert parser.too_long
    assert parser.feed(b"\n\ndata: 2\n\n") == []


def test_many_short_events_are_no_endless_one():
    parser = SseParser(longest=64)
    assert len(parser.feed(b"data: 1\n\n: note\n" * 100)) == 100
    assert not parser.too_long
