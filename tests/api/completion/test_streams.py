"""`stream: true` on the wire: section 4 of the contract's notes, rule by rule, and what ends a stream."""

import json
import socket
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract_v4 import answers
from tests.sse_clients import LONGEST_LINE, READERS
from tests.upstream import DONE, STREAM_HEAD, End, Step, completion, event, piece, raw, status

PLAIN = {"id", "index", "output", "raw_output", "inputs", "finish_reason", "model_config_id", "tool_results"}


def chat(text, index=0, reason=None):
    return {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": reason}]}


def deltas(*texts, reason="stop"):
    """A vendor's stream of exactly these pieces."""
    steps = [piece(event(chat(text))) for text in texts]
    return raw(STREAM_HEAD, *steps, piece(event(chat("", reason=reason))), piece(DONE), b"0\r\n\r\n")


def test_the_head_says_what_it_is(app):
    streamed = app.stream(app.project())
    assert streamed.status == 200
    assert streamed.headers["content-type"].split(";")[0] == "text/event-stream"
    assert streamed.headers["cache-control"] == "no-cache"
    assert streamed.headers["x-request-id"]


def test_what_the_caller_accepts_does_not_matter(app):
    body = json.dumps({"project": app.project(), "inputs": {"it": "x"}, "stream": True}).encode()
    headers = {"X-API-KEY": app.server.key, "Content-Type": "application/json"}
    for accepted in ("application/json", "application/json, text/plain, */*", "text/event-stream", "image/png"):
        reply = app.server.send("POST", "/v4/completion-deployed", body, headers | {"Accept": accepted})
        assert reply.headers["content-type"].startswith("text/event-stream")


def test_each_event_is_one_ascii_line_with_a_whole_answer_about_one_sample(app):
    app.upstream.answer(completion(["é \u2028 \U0001f600 \r\n a", "b"]))
    streamed = app.stream(app.project(), num_samples=2, session_reference_id="s")
    assert streamed.body.isascii()
    assert streamed.body.endswith(b"\n\n")
    for block in streamed.body.decode().replace("\r\n", "\n").removesuffix("\n\n").split("\n\n"):
        assert block.startswith("data: {")
        assert "\n" not in block
        assert block.count("data: ") == 1
    assert b"[DONE]" not in streamed.body
    for each in streamed.events:
        answers.check_schema(
            {
                "metadata": None,
                "logprobs": None,
                "suffix": None,
                "user": None,
                "num_samples": 2,
                "provider_request": None,
            }
            | each,
            "CompletionResponse",
        )
        assert len(each["data"]) == 1
        assert set(each["data"][0]) == PLAIN
        assert each["project_id"].startswith("pr_")
        assert each["session_id"].startswith("sesh_")
    assert streamed.text(index=0) == "é \u2028 \U0001f600 \r\n a"


def test_a_sample_has_one_id_and_ends_once_with_its_reason(app):
    app.upstream.answer(completion(["one two three", "vier fünf"]))
    streamed = app.stream(app.project(), num_samples=2)
    for index, text in enumerate(["one two three", "vier fünf"]):
        chunks = streamed.of(index)
        assert len({chunk["id"] for chunk in chunks}) == 1
        assert [chunk["finish_reason"] for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
        assert chunks[-1]["finish_reason"] == "stop"
        assert streamed.text(index=index) == streamed.text("raw_output", index) == text
        assert app.log(chunks[0]["id"])["output"] == text
    assert streamed.of(0)[0]["id"] != streamed.of(1)[0]["id"]


def test_tokens_come_with_the_last_chunk(app):
    app.upstream.answer(completion("a b c"))
    *before, last = app.stream(app.project()).events
    assert [each["usage"] for each in before] == [None] * len(before)
    assert last["usage"] == {"prompt_tokens": 5, "generation_tokens": 3, "total_tokens": 8, "reasoning_tokens": None}


HARD = {
    "the prefix of a line": ["say data: x", " data: ", "data:", " y", "da", "ta: z"],
    "unicode": ["\U0001f600\u0301é", "\u2028\u2029\x85", "\x00\x1b"],
    "line ends": ["a\n\nb\r", "\n\rc\n", "\n"],
    "json": ['{"data":[{"output"', ':"}{', "\\u0041\\"],
    "white space around": ["  \n", " a ", " ", " b\t", " \n "],
    "nothing": [""],
    "a delta of 200 KB": ["\U0001f600 data: é" * 20_000, "end"],
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("what", HARD)
def test_every_generation_of_clients_reads_the_same_text(app, what, reader):
    pieces = HARD[what]
    app.upstream.answer(deltas(*pieces))
    streamed = app.stream(app.project())
    chunks = READERS[reader](streamed.body)
    text = "".join(chunk["output"] for chunk in chunks)
    if reader == "python_0_4_0":
        assert text == "".join(pieces)
        return
    assert text == "".join(pieces).strip()
    assert {chunk["id"] for chunk in chunks} == {streamed.chunks[0]["id"]}
    if reader != "python_0_5_18":
        assert chunks[-1]["finish_reason"] == "stop"
    log = app.log(chunks[0]["id"])
    assert (log["output"], log["raw_output"]) == (text, "".join(pieces))


def test_no_line_is_too_long_for_old_clients(app):
    app.upstream.answer(deltas("\U0001f600" * 50_000))
    streamed = app.stream(app.project(), inputs={"it": "x" * 100_000})
    assert max(len(line) for line in streamed.body.split(b"\n")) < LONGEST_LINE
    assert streamed.text() == "\U0001f600" * 50_000


TEXT = st.text(st.characters(codec="utf-8"), max_size=30) | st.text(" \n\tab\u2003\x85", max_size=8)


@settings(max_examples=60)
@given(st.lists(TEXT, min_size=1, max_size=4))
def test_streamed_text_is_plain_text(shared, pieces):
    shared.upstream.reset()
    project = shared.register("streamed and plain")["project_name"]
    shared.upstream.answer(deltas(*pieces), completion("".join(pieces)))
    streamed, (plain,) = shared.stream(project), shared.complete(project)["data"]
    assert streamed.text() == plain["output"] == "".join(pieces).strip()
    assert streamed.text("raw_output") == plain["raw_output"] == "".join(pieces)


def mocked(app, **script):
    return app.project(provider="mock", other={"mock": script})


def test_samples_of_different_speeds_finish_when_they_are_ready(app):
    project = mocked(app, text=["a b c d e f g h", "x y"], chunk_delay_ms=[60, 5])
    began, ended = time.monotonic(), {}
    with app.open_stream(project, num_samples=2) as answer:
        for line in answer:
            if line.startswith(b"data: "):
                chunk = json.loads(line[6:])["data"][0]
                if chunk["finish_reason"]:
                    ended[chunk["index"]] = time.monotonic() - began
                    assert app.log(chunk["id"])["finish_reason"] == "stop"  # it is on disk while the other one speaks
    assert list(ended) == [1, 0]
    assert ended[1] < ended[0]


def test_the_vendors_words_pass_while_it_still_speaks(app):
    app.upstream.answer(raw(STREAM_HEAD, piece(event(chat("first"))), 5.0, piece(event(chat("", reason="stop")))))
    began = time.monotonic()
    with app.open_stream(app.project()) as answer:
        assert b"first" in answer.readline()
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("reply", [status(400, "no"), raw(STREAM_HEAD, piece(event({"error": {"message": "no"}})))])
def test_an_error_before_the_first_token_is_a_plain_error(app, reply):
    project = app.project()
    app.upstream.always(reply)
    streamed = app.stream(project, num_samples=2)
    assert streamed.status >= 400
    assert streamed.headers["content-type"] == "application/json"
    detail = json.loads(streamed.body)["detail"]
    assert (detail["origin"], detail["code"], detail["message"]) == ("OpenAI", streamed.status, "no")
    assert [(log["error"], log["output"]) for log in app.logs(project)] == [("no", None)] * 2


BREAKS: dict[str, Step] = {
    "the connection closes": End.CLOSE,
    "the connection is reset": End.RESET,
    "an error event": piece(event({"error": {"message": "no more", "type": "server_error"}})),
    "a broken piece": piece(b"data: {not json\n\n"),
}


@pytest.mark.parametrize("how", BREAKS)
def test_an_error_in_the_middle_is_an_event_and_the_log_has_what_came(app, how):
    project = app.project()
    app.upstream.answer(raw(STREAM_HEAD, piece(event(chat(" half an"))), piece(event(chat(" ans"))), BREAKS[how]))
    streamed = app.stream(project)
    assert streamed.status == 200
    assert streamed.text() == "half an ans"
    (error,) = streamed.errors
    assert (error["origin"], error["code"]) == ("OpenAI", 503)
    assert b"event: error\ndata: " in streamed.body
    assert streamed.events[-1] == {"detail": error}
    assert all(chunk["finish_reason"] is None for chunk in streamed.chunks)
    (log,) = app.logs(project)
    assert (log["output"], log["raw_output"], log["finish_reason"]) == ("half an ans", " half an ans", None)
    assert log["error"] == error["message"]
    assert log["output_tokens"] == 3
    for reader in READERS.values():
        assert "".join(chunk["output"] for chunk in reader(streamed.body)).strip() == "half an ans"


def test_one_error_event_however_many_samples_it_ended(app):
    project = app.project()
    app.upstream.answer(raw(STREAM_HEAD, piece(event(chat("a", 0))), piece(event(chat("b", 1))), End.RESET))
    streamed = app.stream(project, num_samples=3)
    assert len(streamed.errors) == 1
    logs = sorted(app.logs(project), key=lambda log: str(log["output"]))
    assert [log["output"] for log in logs] == [None, "a", "b"] or [log["output"] for log in logs] == ["a", "b", None]
    assert all(log["error"] for log in logs)


def test_the_other_samples_go_on_when_one_fails(app):
    project = mocked(app, text=["a b c", "x y z"], fault={"kind": "overloaded", "after_chunks": 1, "sample": 1})
    streamed = app.stream(project, num_samples=2)
    assert (streamed.text(index=0), streamed.of(0)[-1]["finish_reason"]) == ("a b c", "stop")
    assert streamed.text(index=1) == "x"
    assert len(streamed.errors) == 1
    assert {log["output"]: bool(log["error"]) for log in app.logs(project)} == {"a b c": False, "x": True}


def logged_within(app, project, count, seconds=1.0):
    began = time.monotonic()
    logs = app.logs(project, count)
    assert len(logs) == count
    assert time.monotonic() - began < seconds + 1, "the log took long"
    return logs


def test_hanging_up_in_the_middle_ends_the_vendors_work_and_keeps_what_came(app):
    project = app.project()
    app.upstream.answer(raw(STREAM_HEAD, piece(event(chat("so far"))), piece(event(chat("other", 1))), End.STALL))
    with app.open_stream(project, num_samples=2) as answer:
        assert b"so far" in answer.readline()
        answer.readline()
        assert b"other" in answer.readline()
    assert app.upstream.requests[0].hung_up.wait(2)
    logs = logged_within(app, project, 2)
    assert sorted(log["output"] for log in logs) == ["other", "so far"]
    assert all("went away" in log["error"] for log in logs)
    assert all(log["finish_reason"] is None for log in logs)
    assert all(log["output_tokens"] for log in logs)


def test_hanging_up_before_the_first_token_does_the_same(app):
    project = app.project()
    app.upstream.answer(raw(End.STALL))
    connection_body = json.dumps({"project": project, "inputs": {"it": "x"}, "stream": True, "num_samples": 2}).encode()
    hang_up_before_the_answer(app, connection_body)
    assert app.upstream.requests[0].hung_up.wait(2)
    logs = logged_within(app, project, 2)
    assert [(log["output"], log["prompt_tokens"]) for log in logs] == [(None, None)] * 2
    assert all("went away" in log["error"] for log in logs)


def hang_up_before_the_answer(app, body):
    with socket.create_connection(("127.0.0.1", app.server.port)) as connection:
        head = f"POST /v4/completion-deployed HTTP/1.1\r\nHost: x\r\nX-API-KEY: {app.server.key}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        app.upstream.wait_for(1)


def test_hanging_up_again_and_again_leaks_nothing(app):
    project = app.project()
    descriptors = Path(f"/proc/{app.server.process.pid}/fd")

    def once():
        app.upstream.reset()
        app.upstream.answer(raw(STREAM_HEAD, piece(event(chat("x"))), End.STALL))
        with app.open_stream(project) as answer:
            answer.readline()
        assert app.upstream.requests[0].hung_up.wait(2)

    for _ in range(5):
        once()
    app.logs(project, 5)
    before = len(list(descriptors.iterdir()))
    for _ in range(95):
        once()
    assert len(logged_within(app, project, 50)) == 50  # a page
    page = app.server.get(f"/v4/logs?size=1&project_id={app.project_id(project)}").expect(200)
    assert page["total"] == 100
    assert len(list(descriptors.iterdir())) <= before + 2


def test_a_plain_call_whose_caller_left_is_broken_off_and_kept(app):
    project = app.project()
    app.upstream.answer(completion("all of it", pause=60))
    hang_up_before_the_answer(app, json.dumps({"project": project, "inputs": {"it": "x"}}).encode())
    assert app.upstream.requests[0].hung_up.wait(2)
    (log,) = logged_within(app, project, 1)
    assert (log["output"], log["error_kind"]) == (None, "cancelled")
    assert log["provider_latency"] > 0
