"""Limits over several processes: what slips through is bounded, nothing is counted twice, and a kill forgets little."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.databases import DATABASES, Kept, kept
from tests.server import RunningServer, serving

DEADLINE = 20.0  # generous; a second is what we promise
SECRET = "0123456789abcdef0123456789abcdef"
Servers = list[RunningServer]


@pytest.fixture(params=DATABASES)
def workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Servers]:
    """Two processes on one port."""
    for database in kept(request, tmp_path):
        with serving(database.data_dir, database.settings, ("--workers", "2")) as running:
            yield [running]
            running.stop()


@pytest.fixture
def machines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Servers]:
    """Two servers with one PostgreSQL."""
    request.param = "postgresql"
    for database in kept(request, tmp_path):
        settings = {**database.settings, "EVERLOOP_SECRET_KEY": SECRET}
        with ExitStack() as stack:
            running = [stack.enter_context(serving(tmp_path / name, settings)) for name in ("one", "two")]
            yield running
            for each in running:
                each.stop()


def limited(servers: Servers, **limit: Any) -> str:
    """The id of a new limit on the project `p`, once every process knows it."""
    one = servers[0]
    body = {"project": "p", "provider": "mock", "model": "m", "prompt_template": "One two"}
    project = one.post("/v4/model-configs", body).expect(200)["project_id"]
    new = {"project_id": project, "measure": "requests", "period": "day"} | limit
    identifier: str = one.post("/api/limits", new).expect(201)["id"]
    settled(servers, unknown, 404)
    return identifier


def burst(servers: Servers, calls: int) -> list[int]:
    """The statuses of many calls at once, on connections of their own, so that every process answers some."""
    with ThreadPoolExecutor(8) as callers:
        return list(callers.map(lambda n: call(servers[n % len(servers)]), range(calls)))


def call(server: RunningServer) -> int:
    return server.post("/v4/completion-deployed", {"project": "p"}).status


def unknown(server: RunningServer) -> int:
    """A call that no process can answer before it has read what others changed."""
    return server.post("/v4/completion-deployed", {"project_id": "pr_nobody"}).status


def used(server: RunningServer, limit: str) -> float:
    found: float = server.get(f"/api/limits/{limit}").expect(200)["used"]
    return found


def settled(servers: Servers, answers: Callable[[RunningServer], object], wanted: object) -> None:
    """Waits until every process says so: thrice in a row to many connections at once."""
    deadline, good = time.monotonic() + DEADLINE, 0
    while good < 3:
        with ThreadPoolExecutor(8) as callers:
            said = list(callers.map(lambda n: answers(servers[n % len(servers)]), range(24)))
        good = good + 1 if set(said) == {wanted} else 0
        assert time.monotonic() < deadline, said


def overshoot(servers: Servers) -> None:
    """With 30 of 40 used and known to both, each of the two lets at most the 10 pass that are left."""
    limit = limited(servers, amount=40)
    assert burst(servers, 30).count(200) == 30
    settled(servers, lambda server: used(server, limit), 30)

    statuses = burst(servers, 120)

    passed = statuses.count(200)
    assert set(statuses) == {200, 429}
    assert 10 <= passed <= 20
    settled(servers, call, 429)
    settled(servers, lambda server: used(server, limit), 30 + passed)


def test_two_workers_let_pass_what_each_knows_to_be_left(workers: Servers):
    overshoot(workers)


def test_two_servers_on_one_postgresql_do_so_too(machines: Servers):
    overshoot(machines)


def test_a_changed_limit_reaches_both_workers(workers: Servers):
    (server,) = workers
    limit = limited(workers, amount=1_000_000)
    for amount in (1, 1_000_000, 1):
        burst(workers, 4)
        server.patch(f"/api/limits/{limit}", {"amount": amount}).expect(200)
        settled(workers, call, 429 if amount == 1 else 200)
    assert server.delete(f"/api/limits/{limit}").status == 204
    settled(workers, call, 200)


def test_a_stop_forgets_nothing(database: Kept):
    with serving(database.data_dir, database.settings) as server:
        limit = limited([server], amount=5)
        assert [call(server) for _ in range(3)] == [200] * 3
        server.stop()
    with serving(database.data_dir, database.settings) as server:
        assert used(server, limit) == 3
        assert [call(server) for _ in range(3)] == [200, 200, 429]
        server.stop()


def test_a_kill_forgets_what_was_not_told_yet(database: Kept):
    with serving(database.data_dir, database.settings) as server:
        limit = limited([server], amount=1_000, measure="tokens")
        assert [call(server) for _ in range(3)] == [200] * 3
        told = used(server, limit)  # asking tells
        assert call(server) == 200
        server.process.kill()
        server.process.wait()
    with serving(database.data_dir, database.settings) as server:
        assert told <= used(server, limit) <= told * 4 / 3
        database.check()
        server.stop()


def test_what_is_over_is_swept(database: Kept):
    """A minute long gone is not kept for ever."""
    with serving(database.data_dir, database.settings) as server:
        limited([server], amount=5)
        assert call(server) == 200
        server.stop()
    kept_of = "organisation_id, subject_kind, subject_id, 'minute', 60000, requests, tokens, cost"
    database.query(f"INSERT INTO used SELECT {kept_of} FROM used")  # noqa: S608 - a test's
    assert database.query("SELECT count(*) FROM used") == [(2,)]
    with serving(database.data_dir, database.settings) as server:
        deadline = time.monotonic() + DEADLINE
        while database.query("SELECT count(*) FROM used") != [(1,)]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        server.stop()
