"""PostgreSQL goes away and comes back: 503 before any provider is asked, and it heals by itself."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Cluster, cluster
from tests.server import Reply, RunningServer, serving
from tests.upstream import Upstream

DEADLINE = 30.0  # generous; ten seconds are what we promise
CALL = {"project": "p"}


@pytest.fixture
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture
def server(postgres: Cluster, tmp_path: Path, upstream: Upstream) -> Iterator[RunningServer]:
    # As a user with a password, to be looked for where none may be.
    url = postgres.create("everloop").replace("postgres@", "postgres:hunter2@")
    settings = {"OPENAI_BASE_URL": upstream.base_url, "EVERLOOP_DATABASE_URL": url}
    with serving(tmp_path / "data", settings) as running:
        body = {"project": "p", "provider": "openai", "model": "gpt-4o", "prompt_template": "Hi"}
        running.post("/v4/model-configs", body).expect(200)
        yield running
        running.process.terminate()
        assert running.process.wait(40) == 0
        assert "hunter2" not in running.log.read_text()


def complete(server: RunningServer) -> Reply:
    return server.post("/v4/completion-deployed", CALL)


def until_kept(server: RunningServer) -> str:
    """The id of the first log that is kept again."""
    deadline = time.monotonic() + DEADLINE
    while (answer := complete(server)).status == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    identifier: str = answer.expect(200)["data"][0]["id"]
    assert server.get(f"/v4/logs/{identifier}").expect(200)["id"] == identifier
    return identifier


def test_it_is_stopped_and_started_again(postgres: Cluster, server: RunningServer, upstream: Upstream):
    before = complete(server).expect(200)["data"][0]["id"]
    postgres.stop()

    first = complete(server)  # what is found out by trying to keep a log
    asked = len(upstream.requests)
    answers = [server.post("/v4/completion-deployed", CALL | {"stream": streamed}) for streamed in (False, True)]

    for answer in (first, *answers):
        assert answer.status == 503, answer.body
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.detail["origin"] == "Everloop"
        assert "hunter2" not in str(answer.detail)
    assert len(upstream.requests) == asked, "a provider was asked while nothing could be kept"
    assert server.get("/v4/projects").status == 503
    assert server.send("GET", "/readyz").status == 503
    assert server.send("GET", "/healthz").status == 200

    postgres.start()
    until_kept(server)
    assert server.get(f"/v4/logs/{before}").expect(200)["id"] == before
    assert server.send("GET", "/readyz").status == 200


def test_connections_that_were_ended_while_nobody_called_are_made_anew(postgres: Cluster, server: RunningServer):
    complete(server).expect(200)
    server.get("/v4/projects").expect(200)
    postgres.hang_up("everloop")
    until_kept(server)
    server.get("/v4/projects").expect(200)
    assert server.send("GET", "/readyz").status == 200


def test_a_read_only_database(postgres: Cluster, server: RunningServer, upstream: Upstream):
    """As a standby is. New connections are, so the present ones have to go."""
    postgres.run("ALTER DATABASE everloop SET default_transaction_read_only = on")
    postgres.hang_up("everloop")

    first = complete(server)
    asked = len(upstream.requests)
    assert [first.status, complete(server).status] == [503, 503]
    assert "read-only" in str(complete(server).detail)
    assert len(upstream.requests) == asked
    assert server.send("GET", "/readyz").status == 503

    postgres.run("ALTER DATABASE everloop RESET default_transaction_read_only")
    until_kept(server)


def test_a_database_that_is_not_there_is_said_without_the_password(postgres: Cluster, tmp_path: Path):
    url = postgres.url("nothing").replace("postgres@", "postgres:hunter2@")
    with pytest.raises(AssertionError) as caught, serving(tmp_path / "data", {"EVERLOOP_DATABASE_URL": url}):
        pass
    assert "is not there" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
