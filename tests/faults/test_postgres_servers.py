"""Several servers on one PostgreSQL: they start at once, and what one deploys the others follow."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.postgres import Cluster, cluster
from tests.server import RunningServer, serving
from tests.upstream import Upstream

DEADLINE = 10.0  # generous; a second is what we promise
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(scope="module")
def servers(
    postgres: Cluster, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[list[RunningServer]]:
    """Two machines with one database, empty until both start: each has a data directory, and they share the secret."""
    settings = {
        "EVERLOOP_DATABASE_URL": postgres.create("shared"),
        "EVERLOOP_SECRET_KEY": SECRET,
        "OPENAI_BASE_URL": upstream.base_url,
    }
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack, ThreadPoolExecutor(2) as starters:

        def start(name: str) -> RunningServer:
            return stack.enter_context(serving(folder / name, settings))

        running = list(starters.map(start, ("one", "two")))
        yield running
        for server in running:
            server.stop()


def register(server: RunningServer, project: str, template: str) -> str:
    body = {"project": project, "provider": "mock", "model": "m", "prompt_template": template}
    identifier: str = server.post("/v4/model-configs", body).expect(200)["config"]["id"]
    return identifier


def until(server: RunningServer, project: str, wanted: str) -> str:
    """The config that answers, once it is the one that is wanted."""
    deadline = time.monotonic() + DEADLINE
    seen = ""
    while seen != wanted and time.monotonic() < deadline:
        seen = server.post("/v4/completion-deployed", {"project": project}).expect(200)["data"][0]["model_config_id"]
    return seen


def deploy(server: RunningServer, project: str, config: str) -> None:
    records = server.get(f"/v4/projects?filter={project}").expect(200)["records"]
    server.patch(f"/v4/projects/{records[0]['id']}/deploy-config", {"config_id": config}).expect(200)


def test_starting_at_once_makes_one_organisation(servers: list[RunningServer], postgres: Cluster):
    assert postgres.run("SELECT count(*) FROM organisation", "shared") == [(1,)]


def test_a_deploy_on_one_is_followed_by_the_other(servers: list[RunningServer]):
    one, two = servers
    first, second = register(one, "followed", "one"), register(two, "followed", "two")
    assert until(two, "followed", first) == first
    for here, there, config in ((one, two, second), (two, one, first), (one, two, second)):
        deploy(here, "followed", config)
        assert until(there, "followed", config) == config


def test_a_revoked_key_is_worthless_at_the_other(servers: list[RunningServer]):
    one, two = servers
    made = one.post("/api/api-keys", {"name": "short-lived"}).expect(201)
    other = two.as_other(made["key"])
    deadline = time.monotonic() + DEADLINE
    while other.get("/v4/projects").status != 200:
        assert time.monotonic() < deadline
    assert one.delete(f"/api/api-keys/{made['id']}").status == 200
    while other.get("/v4/projects").status != 401:
        assert time.monotonic() < deadline


def test_a_changed_provider_key_is_used_by_the_other(servers: list[RunningServer], upstream: Upstream):
    one, two = servers
    body = {"project": "keyed", "provider": "openai", "model": "gpt-4o", "prompt_template": "Hi"}
    config = one.post("/v4/model-configs", body).expect(200)["config"]["id"]
    for here, there, key in ((one, two, "sk-first"), (two, one, "sk-second")):
        here.put("/api/provider-keys/openai", {"key": key}).expect(200)
        assert here.post("/v4/completion-deployed", {"project": "keyed"}).expect(200)["data"]
        assert upstream.requests[-1].headers["authorization"] == f"Bearer {key}", "at once where it was taken"
        deadline = time.monotonic() + DEADLINE
        sent = ""
        while sent != f"Bearer {key}":
            assert time.monotonic() < deadline, sent
            upstream.reset()
            if there.post("/v4/completion-deployed", {"project": "keyed"}).status == 200:
                sent = upstream.requests[-1].headers.get("authorization", "")
    assert until(two, "keyed", config) == config
    assert one.delete("/api/provider-keys/openai").status == 204


def test_a_new_project_made_by_both_at_once_is_one(servers: list[RunningServer]):
    def make(n: int) -> str:
        identifier: str = servers[n % 2].post("/v4/projects", {"name": "once"}).expect(201)["id"]
        return identifier

    with ThreadPoolExecutor(8) as callers:
        assert len(set(callers.map(make, range(16)))) == 1


def test_calls_on_both_are_all_kept(servers: list[RunningServer], postgres: Cluster):
    config = register(servers[0], "busy", "one")
    assert until(servers[1], "busy", config) == config
    before = postgres.run("SELECT count(*) FROM log", "shared")[0][0]
    with ThreadPoolExecutor(8) as callers:
        call = {"project": "busy", "session_reference_id": "the same"}
        answers = callers.map(lambda n: servers[n % 2].post("/v4/completion-deployed", call).expect(200), range(60))
        ids = {answer["data"][0]["id"] for answer in answers}
    assert len(ids) == 60
    assert postgres.run("SELECT count(*) FROM log", "shared")[0][0] == before + 60
