"""Two processes on one port: what one deploys or revokes, the other follows."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.databases import DATABASES, kept
from tests.server import RunningServer, serving
from tests.upstream import Upstream

DEADLINE = 10.0  # generous; a second is what we promise


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(scope="module", params=DATABASES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[RunningServer]:
    for database in kept(request, tmp_path_factory.mktemp("workers")):
        listed = {"OPENAI_BASE_URL": upstream.base_url, "EVERLOOP_ALLOWED_HOSTS": "127.0.0.1"}
        settings = {**database.settings, **listed}
        with serving(database.data_dir, settings, ("--workers", "2")) as running:
            yield running
            running.stop()


def register(server: RunningServer, template: str) -> str:
    body = {"project": "p", "provider": "mock", "model": "m", "prompt_template": template}
    identifier: str = server.post("/v4/model-configs", body).expect(200)["config"]["id"]
    return identifier


def live_config(server: RunningServer) -> set[int | str]:
    """What answers in the project, made when this is the first test."""
    register(server, "one")
    answer = server.post("/v4/completion-deployed", {"project": "p"}).expect(200)
    return {answer["data"][0]["model_config_id"]}


def burst(server: RunningServer, path: str, body: dict[str, object], calls: int = 40) -> list[int | str]:
    """Many connections at once, so that both processes answer some: each answer's config, or its status."""

    def call(_: int) -> int | str:
        answer = server.post(path, body)
        return str(answer.json["data"][0]["model_config_id"]) if answer.status == 200 else answer.status

    with ThreadPoolExecutor(8) as callers:
        return list(callers.map(call, range(calls)))


def until(server: RunningServer, wanted: set[int | str]) -> set[int | str]:
    """What calls get once they get only what is wanted, three bursts long: one burst may have met one process alone."""
    deadline, good = time.monotonic() + DEADLINE, 0
    seen: set[int | str] = set()
    while good < 3 and time.monotonic() < deadline:
        seen = set(burst(server, "/v4/completion-deployed", {"project": "p"}))
        good = good + 1 if seen == wanted else 0
    return seen


def test_a_deploy_reaches_both(server: RunningServer):
    first, second = register(server, "one"), register(server, "two")
    assert until(server, {first}) == {first}
    project = server.get("/v4/projects?filter=p").expect(200)["records"][0]["id"]
    for config in (second, first, second):
        server.patch(f"/v4/projects/{project}/deploy-config", {"config_id": config}).expect(200)
        assert until(server, {config}) == {config}


def test_an_edited_snippet_reaches_both(server: RunningServer):
    tool = {"kind": "snippet", "name": "of_workers", "snippets": {"tone": "first"}}
    place = f"/api/tools/{server.post('/api/tools', tool).expect(201)['id']}"
    body = {"project": "snippets", "provider": "mock", "model": "m", "prompt_template": "{{ of_workers(tone) }}"}
    server.post("/v4/model-configs", body).expect(200)

    def told(_: int) -> str:
        answer = server.post("/v4/completion-deployed", {"project": "snippets"}).expect(200)
        text: str = answer["data"][0]["tool_results"][0]["result"]
        return text

    for text in ("second", "third"):
        server.patch(place, {"snippets": {"tone": text}}).expect(200)
        deadline, good = time.monotonic() + DEADLINE, 0
        seen: set[str] = set()
        while good < 3 and time.monotonic() < deadline:
            with ThreadPoolExecutor(8) as callers:
                seen = set(callers.map(told, range(40)))
            good = good + 1 if seen == {text} else 0
        assert seen == {text}


def test_a_new_tool_is_found_by_both_at_once(server: RunningServer):
    """A process that has not heard of it reads once more before it says no."""
    for number in range(8):
        tool = {"kind": "json_schema", "name": f"new_{number}"}
        link = {"id": server.post("/api/tools", tool).expect(201)["id"], "source": "organization"}
        config = {"provider": "mock", "model": "gpt-4o", "chat_template": [], "endpoint": "chat", "tools": [link]}
        call = {"project": "new tools", "model_config": config, "messages": [{"role": "user", "content": "Hi"}]}
        with ThreadPoolExecutor(4) as callers:
            statuses = set(callers.map(lambda _, call=call: server.post("/v4/chat", call).status, range(8)))
        assert statuses == {200}


def test_a_moved_connection_moves_in_both_and_takes_no_key_along(server: RunningServer, upstream: Upstream):
    first, second = ((f"{upstream.base_url}/{each}", f"sk-{each}") for each in ("first", "second"))
    pairs = {f"{url.rpartition(':')[2].partition('/')[2]}": key for url, key in (first, second)}
    made = {"name": "moving", "base_url": first[0], "key": first[1]}
    server.post("/api/connections", made).expect(201)
    body = {"project": "moving", "provider": "moving", "model": "m", "prompt_template": "Hi"}
    server.post("/v4/model-configs", body).expect(200)
    for url, key in (first, second, first, second):
        server.patch("/api/connections/moving", {"base_url": url, "key": key}).expect(200)
        deadline, good = time.monotonic() + DEADLINE, 0
        while good < 3 and time.monotonic() < deadline:
            upstream.reset()
            burst(server, "/v4/completion-deployed", {"project": "moving"})
            sent = {(each.path, each.headers.get("authorization")) for each in upstream.requests}
            # Whichever of them a process knows, it knows with its own key.
            assert sent <= {(f"/{path}/chat/completions", f"Bearer {its}") for path, its in pairs.items()}
            good = good + 1 if {key for _, key in sent} == {f"Bearer {key}"} else 0
        assert good == 3, f"both workers do not call {url}"


def test_a_new_connection_is_found_by_both_at_once(server: RunningServer, upstream: Upstream):
    """A process that has not heard of it reads once more before it says no."""
    for number in range(8):
        made = {"name": f"new-{number}", "base_url": upstream.base_url, "needs_key": False}
        server.post("/api/connections", made).expect(201)
        config = {"provider": f"new-{number}", "model": "m", "prompt_template": "Hi"}
        call = {"project": "new connections", "model_config": config}
        with ThreadPoolExecutor(4) as callers:
            statuses = set(callers.map(lambda _, call=call: server.post("/v4/completion", call).status, range(8)))
        assert statuses == {200}


def test_a_revoked_key_is_worthless_at_both(server: RunningServer):
    live = live_config(server)
    made = server.post("/api/api-keys", {"name": "short-lived"}).expect(201)
    other = server.as_other(made["key"])
    assert until(other, live) == live
    assert server.delete(f"/api/api-keys/{made['id']}").status == 200
    assert until(other, {401}) == {401}


def test_a_changed_provider_key_reaches_both(server: RunningServer, upstream: Upstream):
    body = {"project": "keyed", "provider": "openai", "model": "gpt-4o", "prompt_template": "Hi"}
    server.post("/v4/model-configs", body).expect(200)
    for key in ("sk-first", "sk-second"):
        server.put("/api/provider-keys/openai", {"key": key}).expect(200)
        deadline, good = time.monotonic() + DEADLINE, 0
        while good < 3 and time.monotonic() < deadline:
            upstream.reset()
            outcomes = burst(server, "/v4/completion-deployed", {"project": "keyed"})
            sent = {each.headers.get("authorization") for each in upstream.requests}
            good = good + 1 if sent == {f"Bearer {key}"} and len(upstream.requests) == len(outcomes) else 0
        assert good == 3, f"both workers do not use {key}"
    assert server.delete("/api/provider-keys/openai").status == 204


def test_a_new_project_made_by_both_at_once_is_one(server: RunningServer):
    with ThreadPoolExecutor(8) as callers:
        answers = list(
            callers.map(lambda _: server.post("/v4/projects", {"name": "once"}).expect(201)["id"], range(16))
        )
    assert len(set(answers)) == 1
