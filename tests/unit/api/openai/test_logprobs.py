import json

import msgspec
import pytest

from everloop.api.openai.logprobs import logprobs_in, of_chat, of_text

TOP = [{"token": "a", "logprob": -0.5, "bytes": [97]}, {"token": "b", "logprob": -1.5, "bytes": None}]
CHAT = {"content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": TOP}], "refusal": None}
TEXT = {"tokens": ["a"], "token_logprobs": [-0.5], "top_logprobs": [{"a": -0.5, "b": -1.5}], "text_offset": [0]}
OLD = {"tokens": ["a"], "token_logprobs": [None], "top_logprobs": None, "text_offset": [0]}


def plain(value):
    return msgspec.to_builtins(value)


def test_a_chats_stay_what_they_are():
    assert plain(of_chat(CHAT)) == CHAT
    assert plain(of_chat({"content": None, "refusal": CHAT["content"]})) == {
        "content": None,
        "refusal": CHAT["content"],
    }


def test_a_completions_come_from_either():
    assert plain(of_text(CHAT)) == plain(of_text(TEXT)) == TEXT
    assert plain(of_text(OLD)) == OLD


@pytest.mark.parametrize("odd", [None, 7, [], {"content": [{}]}, {"content": "x"}, {"tokens": 7}, {"tokens": ["a"]}])
def test_what_has_another_shape_is_none(odd):
    assert of_chat(odd) is None or plain(of_chat(odd)) == {"content": None, "refusal": None}
    assert of_text(odd) is None


def test_they_are_those_of_each_answer_in_their_order():
    first = json.dumps({"choices": [{"index": 1, "logprobs": {"n": 1}}, {"index": 0, "logprobs": {"n": 0}}]})
    second = json.dumps({"choices": [{"index": 0, "logprobs": None}, {"index": 1, "logprobs": {"n": 3}}]})
    assert logprobs_in([first.encode(), second.encode()]) == [{"n": 0}, {"n": 1}, None, {"n": 3}]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"\xff", b'{"candidates": []}', b'{"choices": 7}', b'{"choices": [{"index": "x"}]}', b"[" * 10**5],
)
def test_other_formats_have_none(body):
    assert logprobs_in([body]) == []
