"""Frames of AWS: whatever bytes come, they are events or one failure."""

import json
from binascii import crc32
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.generation import Event, Failure, Finish, TextDelta
from everloop.errors import FailureKind
from everloop.providers.bedrock.frames import FrameReader
from everloop.providers.bedrock.stream import StreamedAnswer
from everloop.providers.redaction import Redactor
from tests.contract.providers.dialects.bedrock import event, frame

HI = event("contentBlockDelta", {"delta": {"text": "Hi"}, "contentBlockIndex": 0})
STOP = event("messageStop", {"stopReason": "end_turn"})
COUNT = event("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2}})


def reader() -> FrameReader:
    return FrameReader(StreamedAnswer("AWS Bedrock", Redactor(None)), "AWS Bedrock")


def fed(*packets: bytes) -> tuple[FrameReader, list[Event]]:
    found = reader()
    return found, [event for packet in packets for event in found.feed(packet)]


def with_headers(written: bytes, payload: bytes = b"{}") -> bytes:
    """A frame whose checksums are right, whatever its headers are."""
    prelude = pack("!II", 16 + len(written) + len(payload), len(written))
    message = prelude + pack("!I", crc32(prelude)) + written + payload
    return message + pack("!I", crc32(message))


def test_frames_in_one_packet_and_byte_by_byte():
    whole = HI + STOP + COUNT
    for packets in ([whole], [whole[place : place + 1] for place in range(len(whole))]):
        found, events = fed(*packets)
        assert events[0] == TextDelta(0, "Hi")
        assert isinstance(events[-1], Finish)
        assert (found.over, found.spoken, found.complete, found.failure) == (True, True, True, None)
        assert found.feed(HI) == []


def broken(*packets: bytes) -> Failure:
    found, events = fed(*packets)
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert found.failure is failure.error
    assert found.over
    return failure


WRONG = {
    "a checksum of the prelude": HI[:8] + b"\0\0\0\0" + HI[12:],
    "a checksum of the frame": HI[:-1] + bytes([HI[-1] ^ 1]),
    "no frame": b"data: {}\n\n" * 3,
    "a length of nothing": pack("!III", 0, 0, crc32(bytes(8))) + b"more of it",
    "headers of more than there is": pack("!II", 20, 2**17 + 1) + pack("!I", crc32(pack("!II", 20, 2**17 + 1))),
    "a frame of 32 MiB": pack("!II", 2**25, 0) + pack("!I", crc32(pack("!II", 2**25, 0))),
    "a header of an unknown kind": with_headers(b"\x01a\x0a\x00"),
    "a header cut off": with_headers(b"\x01a\x07"),
    "a header's name cut off": with_headers(b"\x01"),
    "a header that is no text": with_headers(b"\x01a\x07\x00\x01\xff"),
    "a header twice": with_headers(b"\x01a\x00\x01a\x00"),
}


@pytest.mark.parametrize("name", WRONG)
def test_bytes_that_are_no_frame(name: str):
    """What came before them in the same packet was said."""
    failure = broken(HI + WRONG[name])
    assert failure.error.kind is FailureKind.MALFORMED
    assert fed(HI + WRONG[name])[1][0] == TextDelta(0, "Hi")


def test_a_frame_that_does_not_end():
    prelude = pack("!II", 16 * 2**20, 0)
    found = reader()
    assert found.feed(HI) == [TextDelta(0, "Hi")]
    assert found.feed(prelude + pack("!I", crc32(prelude)) + bytes(2**20 - 12)) == []
    (failure,) = found.feed(b"x")
    assert isinstance(failure, Failure)
    assert "more than 1 MiB" in failure.error.message


def test_many_frames_of_some_size_are_none_too_long():
    long = event("contentBlockDelta", {"delta": {"text": "x" * 300_000}, "contentBlockIndex": 0})
    found, events = fed(*[long] * 8, STOP, COUNT)
    assert found.complete
    assert sum(len(each.text) for each in events if isinstance(each, TextDelta)) == 2_400_000


# `:message-type` `exception` and `error`: https://smithy.io/2.0/aws/amazon-eventstream.html
def test_exceptions_and_errors():
    headers = {":message-type": "exception", ":exception-type": "validationException"}
    failure = broken(HI, frame(headers, json.dumps({"message": "No."}).encode()))
    assert (failure.error.kind, failure.error.message) == (FailureKind.BAD_REQUEST, "No.")
    headers = {":message-type": "error", ":error-code": "internalServerException", ":error-message": "Oh."}
    failure = broken(HI, frame(headers, b""))
    assert (failure.error.kind, failure.error.message) == (FailureKind.SERVER_ERROR, "Oh.")
    failure = broken(HI, frame({":message-type": "error"}, b""))
    assert failure.error.kind is FailureKind.SERVER_ERROR


@pytest.mark.parametrize(
    "headers", [{}, {":message-type": "event"}, {":event-type": "song"}, {":message-type": "song"}]
)
def test_frames_that_say_nothing(headers: dict[str, str]):
    found, events = fed(frame(headers, b"{"), HI)
    assert events == [TextDelta(0, "Hi")]
    assert not found.over


def test_a_header_that_is_no_text_counts_as_none():
    assert fed(with_headers(b"\x0b:event-type\x00"))[1] == []


def test_a_stream_that_ends_in_the_middle():
    found, events = fed(HI, STOP[:9])
    (failure,) = found.end()
    assert events == [TextDelta(0, "Hi")]
    assert isinstance(failure, Failure)
    assert failure.error.kind is FailureKind.CONNECTION


@given(st.lists(st.binary(max_size=40) | st.sampled_from([HI, STOP, COUNT]), max_size=8))
def test_whatever_comes_ends_once(packets: list[bytes]):
    found, events = fed(*packets)
    events += found.end()
    assert found.over
    assert len([each for each in events if isinstance(each, Finish | Failure)]) == 1
