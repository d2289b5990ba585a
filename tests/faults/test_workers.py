"""Two processes on one port: what one deploys or revokes, the other follows."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.server import RunningServer, serving

DEADLINE = 10.0  # generous; a second is what we promise


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("workers") / "data", arguments=("--workers", "2")) as running:
        yield running
        running.stop()


def register(server: RunningServer, template: str) -> str:
    body = {"project": "p", "provider": "mock", "model": "m", "prompt_template": template}
    identifier: str = server.post("/v4/model-configs", body).expect(200)["config"]["id"]
    return identifier


def burst(server: RunningServer, path: str, body: dict[str, object], calls: int = 40) -> list[int | str]:
    """Many connections at once, so that both processes answer some: each answer's config, or its status."""

    def call(_: int) -> int | str:
        answer = server.post(path, body)
        return str(answer.json["data"][0]["model_config_id"]) if answer.status == 200 else answer.status

    with ThreadPoolExecutor(8) as callers:
        return list(callers.map(call, range(calls)))


def until(server: RunningServer, wanted: set[int | str]) -> set[int | str]:
    deadline = time.monotonic() + DEADLINE
    while (seen := set(burst(server, "/v4/completion-deployed", {"project": "p"}))) != wanted:
        if time.monotonic() > deadline:
            break
    return seen


def test_a_deploy_reaches_both(server: RunningServer):
    first, second = register(server, "one"), register(server, "two")
    assert until(server, {first}) == {first}
    project = server.get("/v4/projects?filter=p").expect(200)["records"][0]["id"]
    for config in (second, first, second):
        server.patch(f"/v4/projects/{project}/deploy-config", {"config_id": config}).expect(200)
        assert until(server, {config}) == {config}


def test_a_revoked_key_is_worthless_at_both(server: RunningServer):
    register(server, "one")
    made = server.post("/api/api-keys", {"name": "short-lived"}).expect(201)
    other = server.as_other(made["key"])
    deadline = time.monotonic() + DEADLINE
    while 401 in burst(other, "/v4/completion-deployed", {"project": "p"}) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert 401 not in burst(other, "/v4/completion-deployed", {"project": "p"})
    assert server.delete(f"/api/api-keys/{made['id']}").status in {200, 204}
    assert until(other, {401}) == {401}


def test_a_new_project_made_by_both_at_once_is_one(server: RunningServer):
    with ThreadPoolExecutor(8) as callers:
        answers = list(
            callers.map(lambda _: server.post("/v4/projects", {"name": "once"}).expect(201)["id"], range(16))
        )
    assert len(set(answers)) == 1
