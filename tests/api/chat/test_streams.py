"""Chats as streams: section 4 of the contract's notes, for text and for tool calls."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.chat.conftest import Chatting
from tests.application import Streamed
from tests.contract_v4 import answers
from tests.sse_clients import LONGEST_LINE, READERS
from tests.upstream import DONE, STREAM_HEAD, End, completion, event, piece, raw

ARGUMENTS = '{"a": "Grüße 😀 data: x"}'


def delta(index: int = 0, reason: str | None = None, **said: Any) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": said, "finish_reason": reason}]}


def call(place: int, arguments: str, call_id: str | None = None, name: str | None = None) -> dict[str, Any]:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    made = {"index": place, "function": function}
    return made | ({"id": call_id, "type": "function"} if call_id else {})


def told(*deltas: dict[str, Any], ended: bool = True) -> Any:
    end = [piece(DONE), b"0\r\n\r\n"] if ended else [End.RESET]
    return raw(STREAM_HEAD, *[piece(event(each)) for each in deltas], *end)


def calling(*pieces: str) -> Any:
    """A vendor's stream of one call with these pieces of arguments, after two words."""
    begun = [delta(role="assistant", content=None), delta(content="Let "), delta(content="me.")]
    made = [delta(tool_calls=[call(0, "", "call_1", "add")]), *(delta(tool_calls=[call(0, each)]) for each in pieces)]
    return told(*begun, *made, delta(reason="tool_calls"))


def arguments(streamed: Streamed, place: int = 0, sample: int = 0) -> str:
    calls = [each for chunk in streamed.of(sample) for each in chunk["tool_calls"] or ()]
    return "".join(each["function"]["arguments"] for each in calls if each["index"] == place)


def test_text_comes_in_pieces_of_a_message(chats):
    chats.app.upstream.answer(completion(" one two"))
    streamed = chats.stream(chats.project())
    assert (streamed.text(), streamed.text("raw_output")) == ("one two", " one two")
    messages = [chunk["output_message"] for chunk in streamed.chunks]
    assert {each["role"] for each in messages} == {"assistant"}
    assert "".join(each["content"] for each in messages) == " one two"
    deltas = [each["provider_responses"][0]["choices"][0]["delta"] for each in streamed.events]
    assert "".join(each["content"] for each in deltas) == " one two"
    last = streamed.chunks[-1]
    assert (last["finish_reason"], last["tool_calls"], last["messages"], last["inputs"]) == ("stop", None, None, {})
    log = chats.app.log(last["id"])
    assert (log["output"], log["output_message"]["content"]) == ("one two", " one two")
    assert [each["role"] for each in log["messages"]] == ["system", "user"]


def test_each_event_is_a_chats_answer(chats):
    chats.app.upstream.answer(calling('{"a"', ": 1}"))
    streamed = chats.stream(chats.project(), session_reference_id="s")
    plain = ("metadata", "logprobs", "suffix", "user", "num_samples", "provider_request", "tool_choice", "tool_call")
    for each in streamed.events:
        answers.check_schema(dict.fromkeys(plain) | each, "ChatResponse")
    assert streamed.body.isascii()


def test_tool_calls_come_in_pieces_that_name_their_call(chats):
    chats.app.upstream.answer(calling('{"a"', ": 1", "}"))
    streamed = chats.stream(chats.project())
    assert streamed.text() == "Let me."
    pieces = [each for chunk in streamed.chunks for each in chunk["tool_calls"] or ()]
    assert {(each["index"], each["id"], each["type"], each["function"]["name"]) for each in pieces} == {
        (0, "call_1", "function", "add")
    }
    assert arguments(streamed) == '{"a": 1}'
    last = streamed.chunks[-1]
    assert (last["finish_reason"], last["tool_calls"]) == ("tool_call", None)
    for each in streamed.events:
        (choice,) = each["provider_responses"][0]["choices"]
        assert choice["delta"].get("tool_calls") == each["data"][0]["tool_calls"]
    log = chats.app.log(last["id"])
    made = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    assert (log["output_message"]["content"], log["output_message"]["tool_calls"]) == ("Let me.", [made])
    assert log["provider_response"]["choices"][0]["message"]["tool_calls"] == [made]


def test_samples_and_their_calls_do_not_mix(chats):
    chats.app.upstream.answer(
        told(
            delta(1, tool_calls=[call(0, "", "b0", "add")]),
            delta(0, tool_calls=[call(0, "", "a0", "add"), call(1, "x", "a1", "add")]),
            delta(1, tool_calls=[call(0, "1")], reason="tool_calls"),
            delta(0, tool_calls=[call(1, "y"), call(0, "z")]),
            delta(0, reason="tool_calls"),
        )
    )
    streamed = chats.stream(chats.project(), num_samples=2)
    assert [arguments(streamed, *at) for at in ((0, 0), (1, 0), (0, 1))] == ["z", "xy", "1"]
    for sample, ids in enumerate((["a0", "a1"], ["b0"])):
        log = chats.app.log(streamed.of(sample)[0]["id"])
        assert [each["id"] for each in log["output_message"]["tool_calls"]] == ids


@pytest.mark.parametrize("reader", READERS)
def test_every_generation_of_clients_reads_the_text_beside_calls(chats, reader):
    chats.app.upstream.answer(calling(ARGUMENTS))
    streamed = chats.stream(chats.project())
    chunks = READERS[reader](streamed.body)
    assert "".join(chunk["output"] for chunk in chunks) == "Let me."
    if reader in ("python_0_7_0", "python_0_7_35", "javascript", "concatenated"):
        pieces = [each for chunk in chunks for each in chunk["tool_calls"] or ()]
        assert "".join(each["function"]["arguments"] for each in pieces) == ARGUMENTS
        assert chunks[-1]["finish_reason"] == "tool_call"


@pytest.mark.parametrize("text", ["😀" * 50_000, '"\\' * 40_000], ids=["wide", "escaped"])
def test_no_line_is_too_long_for_old_clients(chats, text):
    said = told(delta(content=text), delta(tool_calls=[call(0, text, "call_1", "add")]), delta(reason="tool_calls"))
    chats.app.upstream.answer(said)
    messages = [{"role": "user", "content": "x" * 100_000}]
    streamed = chats.stream(chats.project(), messages=messages)
    assert max(len(line) for line in streamed.body.split(b"\n")) < LONGEST_LINE
    assert (streamed.text(), arguments(streamed)) == (text, text)


def test_a_stream_that_breaks_amid_a_call_keeps_what_had_come(chats):
    project = chats.project()
    said = told(delta(content="So"), delta(tool_calls=[call(0, '{"a', "call_1", "add")]), ended=False)
    chats.app.upstream.answer(said)
    streamed = chats.stream(project)
    assert [each["code"] for each in streamed.errors] == [503]
    (log,) = chats.app.logs(project, at_least=1)
    assert (log["output"], log["finish_reason"]) == ("So", None)
    assert log["output_message"]["tool_calls"][0]["function"]["arguments"] == '{"a'
    assert log["error"] == streamed.errors[0]["message"]


def test_a_call_of_another_shape_is_the_vendors_failure(chats):
    project = chats.project()
    chats.app.upstream.always(told(delta(tool_calls=[{"index": "first"}])))
    reply = chats.call(project, stream=True)
    assert (reply.status, reply.detail["origin"]) == (503, "OpenAI")
    (log,) = chats.app.logs(project, at_least=1)
    assert log["error"] == reply.detail["message"]


def test_a_sample_that_finished_has_its_log_before_its_last_chunk(chats):
    chats.app.upstream.answer(calling("{}"))
    last = chats.stream(chats.project()).chunks[-1]
    assert chats.app.log(last["id"])["finish_reason"] == "tool_call"


def test_the_mock_calls_tools_word_for_word_as_it_does_at_once(chats):
    other = {"mock": {"text": "So be it.", "tool_calls": [{"name": "add", "arguments": {"a": [1, "é"]}}]}}
    project = chats.project(provider="mock", other=other)
    plain = chats.chat(project)["data"][0]
    streamed = chats.stream(project)
    (made,) = plain["tool_calls"]
    assert json.loads(made["function"]["arguments"]) == {"a": [1, "é"]}
    assert (streamed.text(), arguments(streamed)) == (plain["output"], made["function"]["arguments"])
    assert streamed.chunks[-1]["finish_reason"] == plain["finish_reason"] == "tool_call"


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(max_examples=40)
@given(st.lists(TEXTS, max_size=4), st.lists(TEXTS, min_size=1, max_size=4))
def test_what_is_streamed_is_what_is_told_at_once(shared, words, pieces):
    shared.upstream.reset()
    chats = Chatting(shared)
    project = chats.register("chats streamed and plain")["project_name"]
    text, said = "".join(words), "".join(pieces)
    made = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": said}}
    message = {"role": "assistant", "content": text, "tool_calls": [made]}
    choices = [{"index": 0, "message": message, "finish_reason": "tool_calls"}]
    begin = delta(tool_calls=[call(0, "", "call_1", "add")])
    shared.upstream.answer(
        told(
            *(delta(content=each) for each in words),
            begin,
            *(delta(tool_calls=[call(0, each)]) for each in pieces),
            delta(reason="tool_calls"),
        ),
        raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + _body({"choices": choices})),
    )
    streamed, plain = chats.stream(project), chats.chat(project)["data"][0]
    assert (streamed.text(), streamed.text("raw_output")) == (plain["output"], plain["raw_output"])
    assert (arguments(streamed), plain["tool_calls"][0]["function"]["arguments"]) == (said, said)
    logs = [shared.log(each) for each in (streamed.chunks[-1]["id"], plain["id"])]
    assert logs[0]["output_message"] == logs[1]["output_message"] == plain["output_message"]


def _body(value: Any) -> bytes:
    content = json.dumps(value).encode()
    return f"content-length: {len(content)}\r\n\r\n".encode() + content
