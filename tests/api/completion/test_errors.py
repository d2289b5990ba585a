"""What goes wrong on the way: our own refusals, and the vendor's, mapped and kept."""

import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import pytest

from tests.application import ROUTE, with_vendor
from tests.server import free_port
from tests.upstream import STREAM_HEAD, End, Reply, body, event, http, piece, raw, status

# ------------------------------------------------------------------------------------------------------ our own


@pytest.mark.parametrize("key", [None, "", "hl_sk_unknown", "x" * 5000, "sk-operator-CANARY-7391"])
def test_without_a_valid_key_nobody_gets_in(app, key):
    headers = {} if key is None else {"X-API-KEY": key}
    reply = app.server.send("POST", ROUTE, b'{"project": "strangers"}', headers)
    assert (reply.status, reply.detail["type"], reply.detail["code"]) == (401, "authentication_error", 401)
    assert app.server.get("/v4/projects?filter=strangers").expect(200)["total"] == 0


@pytest.mark.parametrize("header", ["Authorization", "Api-Key", "X_API_KEY", "Cookie"])
def test_a_key_in_another_place_is_no_key(app, header):
    reply = app.server.send("POST", ROUTE, b"{}", {header: app.server.key})
    assert reply.status == 401


NOT_THERE = {
    "an unknown project id": ({"project_id": "pr_unknown"}, 404, "pr_unknown"),
    "another kind of id": ({"project_id": "data_x"}, 404, "data_x"),
}
WRONG_FIELDS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no project": ({"inputs": {}}, ["body", "project"]),
    "nothing": ({}, ["body", "project"]),
    "an empty project": ({"project": ""}, ["body", "project"]),
    "a blank project": ({"project": " \n"}, ["body", "project"]),
    "a project too long": ({"project": "x" * 256}, ["body", "project"]),
    "a number as project": ({"project": 1}, ["body", "project"]),
    "NUL in a project": ({"project": "a\x00b"}, ["body", "project"]),
    "NUL in a user": ({"project": "p", "user": "\x00"}, ["body", "user"]),
    "inputs as a list": ({"project": "p", "inputs": []}, ["body", "inputs"]),
    "inputs as text": ({"project": "p", "inputs": "x"}, ["body", "inputs"]),
    "metadata as text": ({"project": "p", "metadata": "x"}, ["body", "metadata"]),
    "no samples": ({"project": "p", "num_samples": 0}, ["body", "num_samples"]),
    "too many samples": ({"project": "p", "num_samples": 33}, ["body", "num_samples"]),
    "far too many samples": ({"project": "p", "num_samples": 10**30}, ["body", "num_samples"]),
    "half a sample": ({"project": "p", "num_samples": 1.5}, ["body", "num_samples"]),
    "a seed over 64 bits": ({"project": "p", "seed": 2**63}, ["body", "seed"]),
    "negative logprobs": ({"project": "p", "logprobs": -1}, ["body", "logprobs"]),
    "save as text": ({"project": "p", "save": "perhaps"}, ["body", "save"]),
    "stream as a list": ({"project": "p", "stream": []}, ["body", "stream"]),
    "keys as a list": ({"project": "p", "provider_api_keys": []}, ["body", "provider_api_keys"]),
    "a key with a line end": (
        {"project": "p", "provider_api_keys": {"openai": "a\r\nX-Evil: 1"}},
        ["body", "provider_api_keys", "openai"],
    ),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("what", NOT_THERE)
def test_what_is_not_there(app, what, stream):
    given, code, named = NOT_THERE[what]
    reply = app.call(**given, stream=stream)
    assert (reply.status, reply.detail["code"], reply.detail["origin"]) == (code, code, "Everloop")
    assert named in reply.detail["message"]


@pytest.mark.parametrize("what", WRONG_FIELDS)
def test_wrong_fields_are_named_in_a_list(app, what):
    given, location = WRONG_FIELDS[what]
    for stream in ({}, {"stream": True}):
        reply = app.call(**stream | given)
        assert reply.status == 422
        (issue,) = reply.detail
        assert issue["loc"] == location
        assert set(issue) == {"loc", "msg", "type"}
    assert app.upstream.requests == []


def test_all_wrong_fields_are_named_at_once(app):
    reply = app.call(project=1, user=[], seed="x")
    assert sorted(issue["loc"][1] for issue in reply.detail) == ["project", "seed", "user"]


@pytest.mark.parametrize("stream", [False, True])
def test_missing_inputs_are_named_all_at_once_and_leave_no_log(app, stream):
    project = app.project(prompt_template="{{b}} {{a}} {{here}} {{b}}")
    for inputs in ({"here": 1}, {"here": 1, "a": None}):
        reply = app.call(project, inputs=inputs, stream=stream)
        assert reply.status == 422
        assert reply.detail["type"] == "unprocessable_entity_error"
        assert "a, b" in reply.detail["message"]
    assert app.logs(project) == []
    assert app.upstream.requests == []


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_environment_is_told_with_those_that_there_are(app, stream):
    reply = app.call(app.project(), environment="nowhere", stream=stream)
    assert reply.status == 404
    assert "'nowhere'" in reply.detail["message"]
    assert "'production'" in reply.detail["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_config_cannot_be_completed(app, stream):
    project = app.project(endpoint="chat", chat_template=[{"role": "user", "content": "x"}], prompt_template=None)
    reply = app.call(project, stream=stream)
    assert (reply.status, reply.detail["type"]) == (400, "bad_request_error")
    assert "chat" in reply.detail["message"]


def test_a_suffix_for_a_chat_model_is_refused(app):
    reply = app.call(app.project(), suffix="x")
    assert reply.status == 422
    assert "suffix" in reply.detail["message"]


@pytest.mark.parametrize("provider", ["nobody"])
def test_a_vendor_that_cannot_be_called_is_said_so(app, provider):
    reply = app.call(app.project(provider=provider))
    assert reply.status == 422
    assert provider in reply.detail["message"]


@pytest.mark.parametrize("name", ["model", "messages", "n", "stream", "base_url", "headers", "api_key"])
def test_other_cannot_change_what_is_measured_or_where_a_call_goes(app, name):
    reply = app.call(app.project(other={name: "http://127.0.0.1:1"}))
    assert reply.status == 422
    assert f"`{name}`" in reply.detail["message"]
    assert app.upstream.requests == []


# -------------------------------------------------------------------------------------------------- the vendor's


@dataclass(frozen=True, slots=True)
class Fault:
    reply: Reply
    status: int
    says: str = ""
    retry_after: str | None = None


def soon(request):
    return [http(503, b"{}", {"retry-after": formatdate(time.time() + 90, usegmt=True)})]


FAULTS = {
    "400": Fault(status(400, "bad thing"), 400, "bad thing"),
    "401": Fault(status(401, "bad key"), 401, "bad key"),
    "403": Fault(status(403, "not you"), 401, "not you"),
    "404": Fault(status(404, "no such model"), 404, "no such model"),
    "413": Fault(status(413, "too long"), 400, "too long"),
    "422": Fault(status(422, "senseless"), 422, "senseless"),
    "429 in seconds": Fault(status(429, "slow", {"retry-after": "61"}), 429, "slow", "61"),
    "429 endless": Fault(status(429, "slow", {"retry-after": "9" * 400}), 429, "slow"),
    "429 for ever so long": Fault(status(429, "slow", {"retry-after": "9" * 30}), 429, "slow"),
    "503 at a date": Fault(soon, 503, "", "9"),
    "500": Fault(status(500, "oops"), 503, "oops"),
    "529": Fault(status(529, "overloaded"), 503, "overloaded"),
    "an HTML page": Fault(body(b"<html>hi</html>", {"content-type": "text/html"}), 503),
    "half of an answer": Fault(body(b'{"choices": [{"index": 0'), 503),
    "an answer without choices": Fault(body({"choices": []}), 503),
    "an error with 200": Fault(body({"error": {"message": "hidden"}}), 503, "hidden"),
    "redirect": Fault(raw(http(302, b"", {"location": "http://127.0.0.1:1/"})), 503),
    "silence and a close": Fault(raw(End.CLOSE), 503),
    "a reset": Fault(raw(End.RESET), 503),
    "no HTTP": Fault(raw(b"what?\r\n\r\n", End.CLOSE), 503),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("what", FAULTS)
def test_a_vendors_failure_is_mapped_and_kept_once_per_sample(app, what, stream):
    fault = FAULTS[what]
    project = app.project()
    app.upstream.always(fault.reply)
    reply = app.call(project, stream=stream, num_samples=2, metadata={"k": 1})
    detail = reply.detail
    assert (reply.status, detail["code"], detail["origin"]) == (fault.status, fault.status, "OpenAI")
    assert fault.says in detail["message"]
    assert detail["message"].strip()
    assert (reply.headers.get("retry-after") or "").startswith(fault.retry_after or "")
    assert fault.retry_after or fault.status == 429 or "retry-after" not in reply.headers
    logs = app.logs(project)
    assert len(logs) == 2
    for log in logs:
        assert (log["error"], log["output"], log["finish_reason"]) == (detail["message"], None, None)
        assert (log["inputs"], log["metadata"]) == ({"it": "hello"}, {"k": 1})
        assert log["provider_request"]["messages"][0]["content"] == "Say hello"
        assert log["config"]["model"] == "gpt-4o"


def test_a_vendor_that_is_not_there(fresh_vendorless):
    app = fresh_vendorless
    for stream in (False, True):
        reply = app.call(app.register("p")["project_name"], stream=stream)
        assert (reply.status, reply.detail["origin"]) == (503, "OpenAI")
    assert len(app.logs("p")) == 2


@pytest.fixture
def fresh_vendorless(tmp_path):
    settings = {"OPENAI_BASE_URL": f"http://127.0.0.1:{free_port()}/v1", "OPENAI_API_KEY": ""}
    with with_vendor(tmp_path / "data", settings) as app:
        yield app
        app.server.stop()


def test_a_call_is_tried_again_and_the_caller_does_not_notice(app):
    project = app.project()
    for _ in range(15):  # successes earn retries: earlier tests may have used them up
        app.complete(project)
    app.upstream.reset()
    app.upstream.answer(status(500), raw(End.RESET))
    assert app.complete(project)["data"][0]["output"] == "You said: Say hello"
    assert len(app.upstream.requests) == 3


def test_a_stream_is_not_tried_again_once_something_reached_the_caller(app):
    words = piece(event({"choices": [{"index": 0, "delta": {"content": "x"}}]}))
    app.upstream.answer(raw(STREAM_HEAD, words, End.RESET))
    app.stream(app.project())
    assert len(app.upstream.requests) == 1


def test_mock_faults_are_errors_of_the_mock(app):
    project = app.project(provider="mock", other={"mock": {"fault": {"kind": "rate_limit", "retry_after": 2.2}}})
    reply = app.call(project)
    assert (reply.status, reply.detail["origin"], reply.headers["retry-after"]) == (429, "Mock", "3")
