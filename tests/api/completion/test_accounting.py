"""Every log tells how its call went, whatever became of it: what ended it, tries, times, tokens and cost."""

import json
import time
from typing import Any

import pytest

MODEL = "accounted"
PRICE = {"provider": "mock", "model": MODEL, "prompt_price": 1_000_000, "output_price": 500_000}
# What ends it, and the tries when nothing had come.
FAULTS: list[tuple[dict[str, Any], str, int]] = [
    ({"status": 400}, "bad_request", 1),
    ({"status": 401}, "authentication", 1),
    ({"status": 403}, "permission", 1),
    ({"status": 404}, "not_found", 1),
    ({"status": 408}, "timeout", 3),
    ({"status": 413}, "too_large", 1),
    ({"status": 429, "retry_after": 1}, "rate_limit", 3),
    ({"status": 429, "retry_after": 100}, "rate_limit", 1),
    ({"status": 500}, "server_error", 3),
    ({"status": 502}, "server_error", 3),
    ({"status": 503}, "overloaded", 3),
    ({"status": 529}, "overloaded", 3),
    ({"kind": "refused"}, "connection", 3),
    ({"kind": "reset"}, "connection", 3),
    ({"kind": "end"}, "connection", 3),
    ({"kind": "timeout"}, "timeout", 3),
    ({"kind": "broken_chunk"}, "malformed", 1),
    ({"kind": "malformed"}, "malformed", 1),
]


@pytest.fixture(scope="module", autouse=True)
def priced(running_server):
    price = running_server.put("/api/prices", PRICE).expect(200)
    yield
    running_server.delete(f"/api/prices/{price['id']}")


def config(**script):
    return {"provider": "mock", "model": MODEL, "prompt_template": "Say it", "other": {"mock": script}}


def made(server, project, script, **body):
    """The reply to a call with such a script, and its only log."""
    reply = server.post("/v4/completion", {"project": project, "model_config": config(**script), **body})
    (project,) = [
        each
        for each in server.get("/v4/projects?size=50&sort_by=created_at").expect(200)["records"]
        if each["name"] == project
    ]
    (log,) = server.get(f"/v4/logs?project_id={project['id']}").expect(200)["records"]
    assert log == server.get(f"/v4/logs/{log['id']}").expect(200)
    return reply, log


def accounted(log):
    """What every log has that took the provider's time."""
    assert log["duration"] >= log["provider_latency"] >= 0
    assert log["added_latency"] == pytest.approx(log["duration"] - log["provider_latency"])
    assert (log["finish_reason"] is None) != (log["error_kind"] is None)


@pytest.mark.parametrize("stream", [False, True])
def test_a_good_call(running_server, stream):
    reply, log = made(running_server, f"good {stream}", {"text": "one two three", "delay_ms": 20}, stream=stream)
    assert reply.status == 200
    accounted(log)
    assert (log["finish_reason"], log["error_kind"], log["provider_calls"]) == ("stop", None, 1)
    assert (log["prompt_tokens"], log["output_tokens"], log["tokens_estimated"]) == (2, 3, False)
    assert (log["prompt_cost"], log["output_cost"]) == (2, 1.5)
    assert log["provider_latency"] >= 0.02
    assert (log["time_to_first_token"] is not None) == stream


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("fault", "kind", "tries"), FAULTS, ids=json.dumps)
def test_a_call_that_fails_before_anything(running_server, fault, kind, tries, stream):
    project = f"failed {fault} {stream}"
    reply, log = made(running_server, project, {"text": "one two three", "fault": fault}, stream=stream)
    assert reply.status >= 400
    accounted(log)
    assert (log["error_kind"], log["provider_calls"], log["finish_reason"]) == (kind, tries, None)
    assert log["error"]
    assert (log["output"], log["prompt_tokens"], log["prompt_cost"]) == (None, None, None)
    assert log["time_to_first_token"] is None


@pytest.mark.parametrize(
    ("fault", "kind"), [(fault, kind) for fault, kind, _ in FAULTS if fault.get("kind") != "refused"], ids=json.dumps
)
def test_a_stream_that_breaks(running_server, fault, kind):
    script = {"text": "one two three", "fault": {**fault, "after_chunks": 2}}
    reply, log = made(running_server, f"broken {fault}", script, stream=True)
    assert reply.status == 200
    accounted(log)
    assert (log["error_kind"], log["provider_calls"], log["raw_output"]) == (kind, 1, "one two")
    # A quarter of the bytes of "Say it" and of "one two".
    assert (log["prompt_tokens"], log["output_tokens"], log["tokens_estimated"]) == (2, 2, True)
    assert (log["prompt_cost"], log["output_cost"]) == (2, 1)
    assert log["time_to_first_token"] is not None


def test_a_call_that_is_tried_again(running_server):
    for stream in (False, True):
        script = {"text": "one", "fault": {"status": 503, "first": 2, "name": f"accounting {stream}"}}
        reply, log = made(running_server, f"again {stream}", script, stream=stream)
        assert reply.status == 200
        accounted(log)
        assert (log["finish_reason"], log["provider_calls"]) == ("stop", 3)


def test_a_stream_whose_caller_leaves(app):
    project = app.project(**config(text="one two three", chunk_delay_ms=5_000))
    with app.open_stream(project) as answer:
        answer.readline()
    deadline = time.monotonic() + 10
    while not (logs := app.logs(project, 1)):
        assert time.monotonic() < deadline
    (log,) = logs
    accounted(log)
    assert (log["error_kind"], log["provider_calls"], log["raw_output"]) == ("cancelled", 1, "one")
    assert (log["prompt_tokens"], log["output_tokens"], log["tokens_estimated"]) == (2, 1, True)
    assert log["time_to_first_token"] is not None


def test_a_log_from_elsewhere_tells_what_it_was_told(running_server):
    config = {"type": "model", "model": "m", "prompt_template": "x"}
    body = {"project": "elsewhere", "config": config, "output": "x", "output_tokens": 3, "duration": 1.5, "error": "no"}
    log_id = running_server.post("/v4/logs", body).expect(200)["id"]
    log = running_server.get(f"/v4/logs/{log_id}").expect(200)
    assert (log["error_kind"], log["tokens_estimated"]) == ("reported", False)
    assert (log["added_latency"], log["provider_calls"], log["time_to_first_token"]) == (None, None, None)
