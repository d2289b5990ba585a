"""Several samples of a provider that gives one a request: several requests, out at the same time."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.application import Application, with_vendor
from tests.upstream import completion, status


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    settings = {"EVERLOOP_ALLOWED_HOSTS": "127.0.0.1"}
    with with_vendor(tmp_path_factory.mktemp("apart") / "data", settings) as application:
        own = {"name": "apart", "base_url": application.upstream.base_url, "key": "sk-apart", "lacks": ["samples"]}
        application.server.post("/api/connections", own).expect(201)
        yield application
        application.server.stop()


@pytest.fixture
def app(running: Application) -> Application:
    running.calm()
    return running


def asked(app: Application) -> list[Any]:
    return [request.json.get("n", 1) for request in app.upstream.requests]


def test_plain(app: Application):
    answer = app.complete(app.project(provider="apart"), num_samples=3)
    assert asked(app) == [1, 1, 1]
    assert [(each["index"], each["output"]) for each in answer["data"]] == [
        (index, "You said: Say hello") for index in range(3)
    ]
    assert len(answer["provider_responses"]) == 3
    logs = [app.log(each["id"]) for each in answer["data"]]
    assert {(log["prompt_tokens"], log["output_tokens"], log["tokens_estimated"]) for log in logs} == {
        (logs[0]["prompt_tokens"], 4, False)
    }
    assert answer["usage"]["generation_tokens"] == 12


def test_streamed_they_come_side_by_side(app: Application):
    app.upstream.always(completion("one two three four five", pause=0.1))
    answer = app.stream(app.project(provider="apart"), num_samples=3)
    assert asked(app) == [1, 1, 1]
    for index in range(3):
        assert answer.text(index=index) == "one two three four five"
        assert answer.of(index)[-1]["finish_reason"] == "stop"
    first_end = next(place for place, chunk in enumerate(answer.chunks) if chunk["finish_reason"])
    assert {chunk["index"] for chunk in answer.chunks[:first_end]} == {0, 1, 2}


def test_one_that_fails_fails_a_plain_call_and_all_have_logs(app: Application):
    project = app.project(provider="apart")
    app.upstream.answer(status(400), completion("a"), completion("b"))
    assert app.call(project, num_samples=3).status == 400
    kept = sorted((log["error_kind"] or "", log["output"] or "") for log in app.logs(project, 3))
    assert kept == [("", "a"), ("", "b"), ("bad_request", "")]
