"""`Idempotency-Key`: a call is made once, whoever repeats it and when, and all get the same answer."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.application import ROUTE, Application, Streamed
from tests.keyed_calls import REPLAYED, assert_one_answer, at_once, keyed, open_call
from tests.server import RunningServer
from tests.upstream import completion, status, stream

WORDS = "one two three four five"


def body(project: str, **more: Any) -> dict[str, Any]:
    return {"project": project, "inputs": {"it": "hello"}, **more}


@pytest.mark.parametrize("streamed", [False, True])
def test_fifty_at_once_make_one_call(app: Application, streamed: bool):
    project = app.project()
    app.upstream.always(completion(WORDS, pause=0.3))
    replies = at_once([app.server], 50, f"fifty-{streamed}", body(project, stream=streamed))
    whole = assert_one_answer(replies)
    assert len(app.upstream.requests) == 1
    (log,) = app.logs(project)
    if streamed:
        answer = Streamed(200, replies[0].headers, whole)
        assert answer.text() == WORDS
        assert {chunk["id"] for chunk in answer.chunks} == {log["id"]}
        assert replies[0].headers["content-type"].startswith("text/event-stream")
    else:
        assert [sample["id"] for sample in json.loads(whole)["data"]] == [log["id"]]


@pytest.mark.parametrize("streamed", [False, True])
def test_later_it_is_repeated(app: Application, streamed: bool):
    project = app.project()
    call = body(project, stream=streamed, num_samples=3)
    replies = [keyed(app.server, f"later-{streamed}", call) for _ in range(3)]
    assert_one_answer(replies)
    assert REPLAYED not in replies[0].headers
    assert len(app.upstream.requests) == 1
    assert len(app.logs(project)) == 3


def test_without_the_header_nothing_is_repeated(app: Application):
    project = app.project()
    assert app.complete(project)["data"][0]["id"] != app.complete(project)["data"][0]["id"]
    assert len(app.upstream.requests) == 2


def test_another_body_with_the_same_key_is_refused(app: Application):
    project = app.project()
    keyed(app.server, "another", body(project)).expect(200)
    for other in (body(project, user="u"), body(project, stream=True), body(project, inputs={"it": "bye"})):
        reply = keyed(app.server, "another", other)
        assert (reply.status, reply.detail["type"]) == (409, "conflict_error")
        assert "'another'" in reply.detail["message"]
    assert len(app.upstream.requests) == 1
    assert keyed(app.server, "another", body(project)).headers[REPLAYED] == "true"


def test_another_body_is_refused_also_while_the_first_call_runs(app: Application):
    project = app.project()
    app.upstream.always(completion(WORDS, pause=0.3))
    with open_call(app.server, "running", body(project, stream=True)) as answer:
        answer.read(10)
        assert keyed(app.server, "running", body(project)).status == 409
    assert len(app.upstream.requests) == 1


def test_a_body_that_says_the_same_is_the_same(app: Application):
    project = app.project()
    first = json.dumps(body(project, user="é")).encode()
    second = json.dumps(dict(reversed(body(project, user="é").items())), indent=2, ensure_ascii=False).encode()
    replies = [keyed(app.server, "spelled", first), keyed(app.server, "spelled", second)]
    assert_one_answer(replies)


@pytest.mark.parametrize("save", [False, "false", 0])
def test_nothing_may_be_kept_with_save_false(app: Application, save: Any):
    project = app.project()
    reply = keyed(app.server, f"unsaved-{save}", body(project, save=save))
    assert (reply.status, reply.detail["type"]) == (422, "unprocessable_entity_error")
    assert "save" in reply.detail["message"]
    assert app.upstream.requests == []
    keyed(app.server, f"unsaved-{save}", body(project)).expect(200)


def test_operations_do_not_share_keys(app: Application):
    project = app.project()
    experiment = {"experiment_id": "exp_none", "project": project}
    keyed(app.server, "operations", body(project)).expect(200)
    assert keyed(app.server, "operations", experiment, route="/v4/completion-experiment").status == 404


def test_an_experiment_is_drawn_from_once(app: Application):
    configs = [app.register("drawn once", prompt_template=f"Say {n}")["config"]["id"] for n in ("one", "two")]
    project_id = app.project_id("drawn once")
    label = [{"type": "rating", "value": "good"}]
    made = app.server.post(
        f"/v4/projects/{project_id}/experiments", {"name": "e", "config_ids": configs, "positive_labels": label}
    )
    call = {"experiment_id": made.expect(200)["id"], "num_samples": 4, "stream": True}
    replies = [keyed(app.server, "drawn", call, route="/v4/completion-experiment") for _ in range(3)]
    assert_one_answer(replies)
    assert len(app.logs("drawn once")) == 4


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"inputs": {}}, 422), ({"environment": "none"}, 404), ({"num_samples": 1000}, 422), ({"stream": 7}, 422)],
)
def test_what_was_refused_before_the_call_may_be_tried_again(app: Application, wrong: dict[str, Any], code: int):
    project, key = app.project(), f"refused-{next(iter(wrong))}"
    for _ in range(2):
        reply = keyed(app.server, key, body(project) | wrong)
        assert reply.status == code
        assert REPLAYED not in reply.headers
    assert REPLAYED not in keyed(app.server, key, body(project)).headers, "the key is free for another body"
    assert len(app.upstream.requests) == 1


@pytest.mark.parametrize("streamed", [False, True])
def test_a_failure_of_the_provider_is_repeated(app: Application, streamed: bool):
    project = app.project()
    app.upstream.always(status(400, "no such model"))
    replies = [keyed(app.server, f"failed-{streamed}", body(project, stream=streamed)) for _ in range(2)]
    assert [reply.status for reply in replies] == [400, 400]
    assert replies[0].json == replies[1].json
    assert [reply.headers.get(REPLAYED) for reply in replies] == [None, "true"]
    assert len(app.upstream.requests) == 1
    assert len(app.logs(project)) == 1


def test_how_long_to_wait_is_repeated_with_the_failure(app: Application):
    project = app.project()
    app.upstream.always(status(429, "slow down", {"retry-after": "77"}))
    replies = [keyed(app.server, "limited", body(project)) for _ in range(2)]
    assert [(reply.status, reply.headers["retry-after"]) for reply in replies] == [(429, "77")] * 2


def test_a_stream_that_broke_is_repeated_as_it_broke(app: Application):
    project = app.project()
    word = {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}
    app.upstream.always(stream(word, {"error": {"message": "overheated", "code": 500}}, done=False))
    replies = [keyed(app.server, "broken", body(project, stream=True)) for _ in range(2)]
    assert_one_answer(replies)
    again = Streamed(200, replies[1].headers, replies[1].body)
    assert again.text() == "Hello"
    assert len(again.errors) == 1


def hang_up(app: Application, key: str, call: dict[str, Any], after: bytes) -> None:
    """A call over a bare socket, closed once `after` has come (nothing: once the vendor was called)."""
    raw = json.dumps(call).encode()
    head = (
        f"POST {ROUTE} HTTP/1.1\r\nHost: e\r\nX-API-KEY: {app.server.key}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Length: {len(raw)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", app.server.port), timeout=10) as connection:
        connection.sendall(head.encode() + raw)
        received = b""
        while after not in received:
            part = connection.recv(65536)
            assert part, received
            received += part
        app.upstream.wait_for(1)


@pytest.mark.parametrize(("streamed", "after"), [(True, b"two"), (True, b""), (False, b"")])
def test_a_caller_who_hangs_up_finds_the_whole_answer_later(app: Application, streamed: bool, after: bytes):
    project, key = app.project(), f"hung-up-{streamed}-{after.decode()}"
    app.upstream.always(completion(WORDS, pause=0.2))
    call = body(project, stream=streamed)
    hang_up(app, key, call, after)
    reply = keyed(app.server, key, call)
    assert (reply.status, reply.headers[REPLAYED]) == (200, "true")
    text = Streamed(200, reply.headers, reply.body).text() if streamed else reply.json["data"][0]["output"]
    assert text == WORDS
    (log,) = app.logs(project)
    assert (log["output"], log["finish_reason"]) == (WORDS, "stop")
    assert len(app.upstream.requests) == 1


def test_who_waits_gets_it_although_the_first_hangs_up(app: Application):
    project = app.project()
    app.upstream.always(completion(WORDS, pause=0.3))
    call = body(project, stream=True)
    with ThreadPoolExecutor(1) as others, open_call(app.server, "left", call) as first:
        first.read(10)
        second = others.submit(keyed, app.server, "left", call)
        first.close()
        reply = second.result()
    assert Streamed(200, reply.headers, reply.body).text() == WORDS
    assert len(app.upstream.requests) == 1


def test_organisations_do_not_share_keys(app: Application):
    app.server.command("orgs", "create", "other org of keys")
    key = app.server.command("keys", "create", "--org", "other org of keys", "--name", "test")
    other = Application(until_known(app.server.as_other(key)), app.upstream)
    project = app.project()
    other.register(project)
    other.server.put("/api/provider-keys/openai", {"key": "sk-another"})
    ours, theirs = (keyed(each.server, "shared", body(project)) for each in (app, other))
    assert (ours.status, theirs.status) == (200, 200)
    assert REPLAYED not in theirs.headers
    assert ours.body != theirs.body
    assert keyed(other.server, "shared", body(project)).body == theirs.body
    assert keyed(app.server, "shared", body(project)).body == ours.body


def until_known(server: RunningServer) -> RunningServer:
    for _ in range(200):
        if server.get("/v4/projects").status == 200:
            return server
    raise AssertionError("the key of another process never became known")


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        "a b",
        "é",
        "\t",
        "a\tb",
        "x" * 256,
        '"',
        '"abc',
        '"a"b"',
        '"a b"',
        '""',
        '"é"',
        '"a\\b"',
        '"a";b',
    ],
)
def test_a_key_that_is_none_is_refused(app: Application, key: str):
    reply = keyed(app.server, key, body("never made"))
    assert reply.status == 422
    assert reply.detail[0]["loc"] == ["header", "Idempotency-Key"]
    assert "visible ASCII" in reply.detail[0]["msg"]
    assert app.upstream.requests == []


def test_two_keys_are_none(app: Application):
    raw = json.dumps(body("never made")).encode()
    head = f"POST {ROUTE} HTTP/1.1\r\nHost: e\r\nX-API-KEY: {app.server.key}\r\nContent-Length: {len(raw)}\r\n"
    with socket.create_connection(("127.0.0.1", app.server.port), timeout=10) as connection:
        connection.sendall(f"{head}Idempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n".encode() + raw)
        assert connection.recv(100).startswith(b"HTTP/1.1 422")


@pytest.mark.parametrize(
    ("key", "same"),
    [
        ("k", '"k"'),
        ("x" * 255, f'"{"x" * 255}"'),
        ("a'b", '"a\'b"'),
        ('a"b\\', '"a\\"b\\\\"'),
        ("';DROP/**/TABLE/**/log;--", '"\';DROP/**/TABLE/**/log;--"'),
        ("../../etc", '"../../etc"'),
        ("{key}%00", '"{key}%00"'),
        ("~!@#$%^&*()", "  ~!@#$%^&*()  "),
    ],
)
def test_a_key_is_the_same_bare_and_quoted(app: Application, key: str, same: str):
    project = app.project()
    assert_one_answer([keyed(app.server, key, body(project)), keyed(app.server, same, body(project))])


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"project": 1e999}', b'{"a": "\xff"}'])
def test_a_body_that_is_none_is_refused_as_ever(app: Application, raw: bytes):
    key = f"no-body-{raw.hex()}"
    assert keyed(app.server, key, raw).status == 422
    keyed(app.server, key, body(app.project())).expect(200)


def test_a_large_answer_is_repeated_whole(app: Application):
    """Larger than what is sent, or waits for a reader, at once."""
    project = app.project()
    text = " ".join(f"word{number}" for number in range(8_000))
    app.upstream.always(completion(text))
    for streamed in (False, True):
        call = body(project, stream=streamed, num_samples=4, inputs={"it": "hello " * 200_000})
        replies = at_once([app.server], 4, f"large-{streamed}", call)
        assert len(assert_one_answer(replies)) > 500_000


def test_other_routes_do_not_mind_the_header(app: Application):
    first, second = (
        keyed(app.server, "elsewhere", {"name": f"elsewhere {number}"}, route="/v4/projects") for number in (1, 2)
    )
    assert (first.status, second.status) == (201, 201)
    assert first.json["id"] != second.json["id"]
