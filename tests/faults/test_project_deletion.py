"""A project is deleted while it is being called, and while other processes still know it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest

from tests.application import ROUTE, Application, with_vendor
from tests.faults.databases import Kept, lent
from tests.postgres import Cluster
from tests.server import RunningServer, serving
from tests.upstream import completion

DEADLINE = 10.0  # generous; a second is what we promise
WORDS = "one two three four five"
Answer = TypeVar("Answer")
OWN = {"provider": "mock", "model": "m", "prompt_template": "Hi"}


@pytest.fixture
def application(database: Kept) -> Iterator[Application]:
    with with_vendor(database.data_dir, database.settings) as application:
        yield application
        application.server.stop()


def deleted_meanwhile(application: Application, call: Callable[[str], Answer]) -> Answer:
    """What a call is answered whose project is deleted once its provider was asked."""
    made = application.register()
    application.upstream.reset()
    application.upstream.always(completion(WORDS, pause=0.5))
    with ThreadPoolExecutor(1) as caller:
        coming = caller.submit(call, made["project_name"])
        application.upstream.wait_for(1)
        application.server.delete(f"/v4/projects/{made['project_id']}").expect(204)
        assert not coming.done(), "the answer had come before the project was deleted, so nothing was shown"
        return coming.result(DEADLINE)


def assert_kept_unseen(application: Application, database: Kept, log: str) -> None:
    server = application.server
    assert database.query(f"SELECT count(*) FROM log WHERE id = '{log}'") == [(1,)]  # noqa: S608 - an id of our own
    assert server.get(f"/v4/logs/{log}").status == 404
    assert server.post("/v4/feedback", {"type": "rating", "value": "good", "data_id": log}).status == 404


def test_a_call_that_is_under_way_is_answered_and_kept(application: Application, database: Kept):
    answer = deleted_meanwhile(application, application.call).expect(200)
    assert answer["data"][0]["output"] == WORDS
    assert_kept_unseen(application, database, answer["data"][0]["id"])


def test_so_is_a_stream(application: Application, database: Kept):
    answer = deleted_meanwhile(application, application.stream)
    assert (answer.status, answer.errors, answer.text()) == (200, [], WORDS)
    assert_kept_unseen(application, database, answer.chunks[0]["id"])


def test_calls_and_deletions_at_once_all_end_well(application: Application):
    """Whoever comes too late makes the project anew, or is told that it is not there; nothing is a server's error."""
    server = application.server

    def act(number: int) -> int:
        match number % 4:
            case 0:
                project = server.post("/v4/projects", {"name": "busy"}).expect(201)["id"]
                return server.delete(f"/v4/projects/{project}").status
            case 1:
                return server.post("/v4/model-configs", {"project": "busy", **OWN}).status
            case 2:
                return server.post(ROUTE, {"project": "busy", "stream": number % 8 == 2}).status
            case _:
                return server.post("/v4/completion", {"project": "busy", "model_config": OWN}).status

    with ThreadPoolExecutor(8) as callers:
        statuses = set(callers.map(act, range(200)))
    assert statuses <= {200, 201, 204, 400, 404}, statuses
    assert {200, 204} <= statuses


def heard(servers: list[RunningServer], name: str, wanted: str, calls: int = 40) -> set[str | int]:
    """The projects that answer to a name, or statuses, once only the wanted one does, three bursts long."""
    deadline, good = time.monotonic() + DEADLINE, 0
    seen: set[str | int] = set()
    while good < 3 and time.monotonic() < deadline:
        with ThreadPoolExecutor(8) as callers:
            answers = list(
                callers.map(lambda number: servers[number % len(servers)].post(ROUTE, {"project": name}), range(calls))
            )
        assert {answer.status for answer in answers} <= {200, 400, 404}, answers
        seen = {answer.json["project_id"] if answer.status == 200 else answer.status for answer in answers}
        good = good + 1 if seen == {wanted} else 0
    return seen


def assert_all_hear_of_it(servers: list[RunningServer]) -> None:
    """Deleted at the first and made anew there, again and again: soon all call the new one."""
    project = servers[0].post("/v4/model-configs", {"project": "again", **OWN}).expect(200)["project_id"]
    assert heard(servers, "again", project) == {project}
    for _ in range(2):
        servers[0].delete(f"/v4/projects/{project}").expect(204)
        new = servers[0].post("/v4/model-configs", {"project": "again", **OWN}).expect(200)["project_id"]
        assert new != project
        assert heard(servers, "again", new) == {new}
        assert {each.get(f"/v4/projects/{project}").status for each in servers for _ in range(20)} == {404}
        project = new


def test_two_workers_both_hear_of_it(database: Kept):
    with serving(database.data_dir, database.settings, ("--workers", "2")) as server:
        assert_all_hear_of_it([server])
        server.stop()


def test_two_servers_both_hear_of_it(postgres: Cluster, tmp_path: Path):
    with lent(postgres) as name, ExitStack() as stack:
        settings = {"EVERLOOP_DATABASE_URL": postgres.url(name), "EVERLOOP_SECRET_KEY": "0123456789abcdef" * 2}
        servers = [stack.enter_context(serving(tmp_path / each, settings)) for each in ("one", "two")]
        assert_all_hear_of_it(servers)
        for server in servers:
            server.stop()
