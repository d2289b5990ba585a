import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.api import sse
from everloop.api.openai.errors import OPENAI
from everloop.errors import NotFound


def test_an_event_is_one_line_and_an_empty_one():
    assert sse.event({"a": [1, None]}) == b'data: {"a":[1,null]}\n\n'


@pytest.mark.parametrize(
    "text", ["é", "\u2028", "\U0001f600", "\r\n", "\x00", "data: ", "data: data: ", "\ndata: x\n\n"]
)
def test_any_text_is_ascii_on_one_line_and_the_prefix_appears_once(text):
    frame = sse.event({"output": text, "data: ": 1})
    assert frame.isascii()
    assert frame.count(b"\n") == 2
    assert b"\r" not in frame
    assert frame.count(b"data: ") == 1
    assert json.loads(frame.removeprefix(b"data: "))["output"] == text


@given(st.text())
def test_every_text_comes_back_from_every_way_of_reading_a_line(text):
    line = sse.event({"output": text}).decode().splitlines()[0]
    assert json.loads(line.split("data: ")[1].strip())["output"] == text
    assert json.loads(line[len("data: ") :])["output"] == text


@given(st.text(max_size=4 * sse.MAX_TEXT))
def test_slices_add_up_and_none_is_too_long(text):
    slices = list(sse.slices(text))
    assert "".join(slices) == text
    assert all(len(each) <= sse.MAX_TEXT for each in slices)
    assert len(slices) == max(1, -(-len(text) // sse.MAX_TEXT))


def test_the_longest_line_is_below_what_old_clients_read():
    widest = "\U0001f600" * sse.MAX_TEXT
    assert len(sse.event({"output": widest, "raw_output": widest, "again": widest, "rest": "x" * 4096})) < 64 * 1024


def test_an_error_is_a_named_event_with_the_same_object_as_elsewhere():
    frame = sse.error_event(NotFound("gone"))
    assert frame.startswith(b"event: error\ndata: ")
    assert frame.endswith(b"\n\n")
    assert json.loads(frame.split(b"data: ")[1])["detail"]["code"] == 404


def test_an_error_where_openais_clients_call_has_no_name():
    frame = sse.error_event(NotFound("gone"), OPENAI)
    assert json.loads(frame.removeprefix(b"data: "))["error"]["message"] == "gone"


def test_headers_say_what_it_is_and_that_nobody_may_keep_it():
    headers = dict(sse.HEADERS)
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert headers[b"cache-control"] == b"no-cache"
