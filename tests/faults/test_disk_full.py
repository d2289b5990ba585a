"""A full disk: what cannot be kept is not answered, no provider is asked for more, and it heals by itself."""

import resource
import time
from contextlib import contextmanager

import pytest

from tests.application import with_vendor
from tests.upstream import completion

DEADLINE = 30.0  # generous; 10 s is what we promise


@contextmanager
def no_room(app):
    """No file of the server can grow, which SQLite meets as it meets a full disk: by failing to write."""
    process = app.server.process.pid
    soft, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def app(tmp_path):
    with with_vendor(tmp_path / "data") as application:
        yield application
        application.server.process.terminate()  # its log tells of the trouble, tracebacks included
        assert application.server.process.wait(40) == 0


def refused(reply):
    assert reply.status == 503, reply
    assert int(reply.headers["retry-after"]) >= 1
    assert (reply.detail["type"], reply.detail["origin"]) == ("service_unavailable_error", "Everloop")


def test_a_full_disk(app):
    project = app.project()
    kept = [app.complete(project)["data"][0]["id"]]
    with no_room(app):
        refused(app.call(project))
        asked = len(app.upstream.requests)
        for streamed in (False, True):
            refused(app.call(project, stream=streamed))
        refused(app.server.post("/v4/logs", {"project": project, "config": {"model": "m"}, "output": "x"}))
        assert len(app.upstream.requests) == asked, "a provider was asked while nothing could be kept"
        assert app.server.send("GET", "/readyz").status == 503
        assert app.server.send("GET", "/healthz").status == 200
        assert app.server.get(f"/v4/logs/{kept[0]}").status == 200  # what is there can be read
    heals(app, project, kept)


def test_a_disk_that_fills_up_while_an_answer_comes(app):
    project = app.project()
    app.upstream.answer(completion("one two three", pause=0.3))
    with app.open_stream(project) as answer:
        assert answer.status == 200
        answer.readline()
        with no_room(app):
            rest = answer.read()
            assert b"event: error" in rest
            assert b'"code":503' in rest
            assert b'"finish_reason":"stop"' not in rest
    heals(app, project, [])
    assert len(app.logs(project)) == 1  # the answer that was not kept was not acknowledged


def heals(app, project, kept):
    deadline = time.monotonic() + DEADLINE
    while (reply := app.call(project)).status == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    kept.append(reply.expect(200)["data"][0]["id"])
    assert app.server.send("GET", "/readyz").status == 200
    for each in kept:
        assert app.log(each)["output"] == "You said: Say hello"
