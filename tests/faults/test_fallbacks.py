"""A provider fails, and what the policy of the place makes of that: fallbacks, time limits, a circuit that opens."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.application import Application, Streamed, with_vendor
from tests.server import free_port, serving
from tests.upstream import End, Reply, event, raw, status, stream

WORD = event({"choices": [{"index": 0, "delta": {"content": "half"}}]})
HALF = stream(WORD, End.CLOSE)
# How a provider may fail before anything of its answer is there.
DOWN: dict[str, tuple[Reply, str]] = {
    "429": (status(429), "rate_limit"),
    "500": (status(500), "server_error"),
    "503": (status(503), "overloaded"),
    "no answer": (raw(End.CLOSE), "connection"),
    "no first byte": (raw(End.STALL), "timeout"),
    "no more money": (status(429, {"error": {"code": "insufficient_quota"}}), "rate_limit"),
}


@dataclass
class Place:
    """A project whose live config asks a vendor that fails, and whose fallback is the mock."""

    app: Application
    name: str
    project_id: str
    live: str
    fallback: str

    def follow(self, **policy: Any) -> None:
        """Puts a policy, of which the fallback is a part."""
        server = self.app.server
        (default,) = [each for each in server.get("/api/environments").expect(200) if each["tag"] == "default"]
        body = {"fallbacks": [self.fallback]} | policy
        server.put(f"/api/projects/{self.project_id}/environments/{default['id']}/policy", body).expect(200)

    def tried(self, log_id: str) -> list[tuple[str, str, int]]:
        """What a log tells of the attempts before."""
        return [(each["config_id"], each["kind"], each["tries"]) for each in self.app.log(log_id)["attempts"]]


def a_place(app: Application, **live: Any) -> Place:
    made = app.register(**live)
    script = {"mock": {"text": "Mock"}}
    other = app.register(made["project_name"], provider="mock", model="m", prompt_template="{{it}}", other=script)
    return Place(app, made["project_name"], made["project_id"], made["config"]["id"], other["config"]["id"])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with with_vendor(tmp_path_factory.mktemp("fallbacks") / "data") as application:
        yield application
        application.server.stop()


@pytest.fixture
def app(running: Application) -> Application:
    running.calm()
    return running


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("fault", DOWN)
def test_the_fallback_answers(app: Application, fault: str, streamed: bool):
    reply, kind = DOWN[fault]
    place = a_place(app)
    place.follow(timeouts={"first_byte": 0.3})
    app.upstream.always(reply)
    if streamed:
        answer: Streamed = app.stream(place.name)
        assert (answer.status, answer.errors) == (200, [])
        sample = answer.of(0)[-1]
        assert {chunk["model_config_id"] for chunk in answer.chunks} == {place.fallback}
        text = answer.text()
    else:
        (sample,) = app.complete(place.name)["data"]
        text = sample["output"]
    assert (text, sample["finish_reason"], sample["model_config_id"]) == ("Mock", "stop", place.fallback)
    log = app.log(sample["id"])
    assert (log["config_id"], log["error"], log["output"]) == (place.fallback, None, "Mock")
    tries = len(app.upstream.requests)
    assert place.tried(sample["id"]) == [(place.live, kind, tries)]
    assert log["attempts"][0]["provider"] == "openai"
    # The calls of the other tests have used up some of what may be retried.
    assert tries == 1 if fault == "no more money" else 1 <= tries <= 3
    (only,) = app.logs(place.name)
    assert only["id"] == sample["id"]


def test_what_has_begun_is_not_answered_by_another(app: Application):
    place = a_place(app)
    place.follow()
    app.upstream.always(HALF)
    answer = app.stream(place.name)
    assert answer.text() == "half"
    assert [each["code"] for each in answer.errors] == [503]
    (log,) = app.logs(place.name, 1)
    assert (log["config_id"], log["output"], log["error_kind"], log["attempts"]) == (
        place.live,
        "half",
        "connection",
        [],
    )


def test_a_refused_connection(tmp_path: Any):
    url = f"http://127.0.0.1:{free_port()}/v1"
    settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": url}
    with serving(tmp_path / "data", settings) as server:
        app = Application(server, None)  # type: ignore[arg-type]
        place = a_place(app)
        place.follow()
        (sample,) = app.complete(place.name)["data"]
        assert sample["output"] == "Mock"
        assert place.tried(sample["id"]) == [(place.live, "connection", 3)]
        server.stop()


def test_an_experiment_falls_back_and_counts_its_arm(app: Application):
    place = a_place(app)
    second = app.register(place.name, prompt_template="Tell {{it}}")["config"]["id"]
    server = app.server
    body = {"name": "which", "positive_labels": [], "config_ids": [place.live, second], "set_active": True}
    experiment = server.post(f"/v4/projects/{place.project_id}/experiments", body).expect(200)
    place.follow()
    app.upstream.always(status(429))
    (sample,) = app.complete(place.name, user="Ada")["data"]
    log = app.log(sample["id"])
    assert (log["config_id"], log["output"]) == (place.fallback, "Mock")
    assert log["arm_id"] in {place.live, second}
    assert [each["config_id"] for each in log["attempts"]] == [log["arm_id"]]
    results = server.get(f"/api/experiments/{experiment['id']}/results").expect(200)
    assert {arm["config_id"]: arm["logs"] for arm in results["arms"]} == {
        each: int(each == log["arm_id"]) for each in (place.live, second)
    }


class TestTheTotal:
    def test_holds_over_retries_and_fallbacks(self, app: Application):
        place = a_place(app)
        slow = app.register(place.name, prompt_template="Slow {{it}}")["config"]["id"]
        place.follow(timeouts={"first_byte": 60, "total": 1.0}, fallbacks=[slow])
        app.upstream.answer(status(429, {"error": {"code": "insufficient_quota"}}))
        app.upstream.always(raw(End.STALL))
        began = time.monotonic()
        reply = app.call(place.name)
        assert reply.status == 503
        assert time.monotonic() - began >= 0.99
        assert "did not complete its answer within 0." in reply.detail["message"]
        (log,) = app.logs(place.name, 1)
        assert (log["config_id"], log["error_kind"]) == (slow, "timeout")
        assert log["duration"] >= 0.99
        assert place.tried(log["id"]) == [(place.live, "rate_limit", 1)]

    def test_leaves_nothing_for_fallbacks_when_it_is_over(self, app: Application):
        place = a_place(app)
        place.follow(timeouts={"first_byte": 60, "total": 0.5})
        app.upstream.always(raw(End.STALL))
        assert "did not complete its answer within 0.5 s" in app.call(place.name).detail["message"]
        (log,) = app.logs(place.name, 1)
        assert (log["config_id"], log["attempts"]) == (place.live, [])


class TestTheCircuit:
    def test_a_provider_that_keeps_failing_is_left_alone_and_asked_again(self, app: Application):
        place = a_place(app)
        app.upstream.always(status(500))
        calls = 40
        replies = [app.call(place.name) for _ in range(calls)]
        assert {reply.status for reply in replies} == {503}
        tries = len(app.upstream.requests)
        assert 5 <= tries <= 1.2 * calls
        assert "is not called at the moment" in replies[-1].detail["message"]
        assert 1 <= int(replies[-1].headers["retry-after"]) <= 20
        assert 'everloop_circuits_open{provider="openai"} 1.0' in app.server.get("/metrics").body.decode()
        newest = app.logs(place.name, calls)[0]
        assert (newest["error_kind"], newest["provider_calls"]) == ("overloaded", 0)
        place.follow()
        before = len(app.upstream.requests)
        (sample,) = app.complete(place.name)["data"]
        assert place.tried(sample["id"]) == [(place.live, "overloaded", 0)]
        assert len(app.upstream.requests) == before
        app.calm()
        assert app.complete(place.name)["data"][0]["output"] == "You said: Say hello"
        assert 'everloop_circuits_open{provider="openai"} 0.0' in app.server.get("/metrics").body.decode()

    def test_bad_requests_and_keys_open_nothing(self, app: Application):
        project = app.project()
        for code in (400, 401, 403, 404, 422, 429):
            app.upstream.always(status(code, {"error": {"code": "insufficient_quota"}}))
            for _ in range(6):
                app.call(project)
        app.upstream.reset()
        app.complete(project)


def test_a_policy_is_told_to_the_next_call(app: Application):
    place = a_place(app)
    app.upstream.always(status(500))
    assert app.call(place.name).status == 503
    place.follow()
    assert app.complete(place.name)["data"][0]["output"] == "Mock"
    place.follow(fallbacks=[])
    assert app.call(place.name).status == 503
    assert json.loads(app.server.get("/openapi.json").body)["paths"].keys() >= {
        "/api/projects/{project_id}/environments/{environment_id}/policy"
    }
