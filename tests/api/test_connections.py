"""`/api/connections`, and calls of configs that name them."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from everloop.domain.capabilities import NAMES
from tests.application import OPERATOR_KEY, Application, with_vendor
from tests.upstream import Upstream, completion

KEY = "sk-canary-of-a-connection-1234"
NEW_KEY = "sk-canary-of-a-connection-5678"
V4 = ("ai21", "anthropic", "bedrock", "cohere", "deepseek", "google", "groq", "openai", "openai_azure", "replicate")
_numbers = count(1)


def root(upstream: Upstream) -> str:
    return upstream.base_url.removesuffix("/v1")


@pytest.fixture(scope="module")
def azure() -> Iterator[Upstream]:
    """A second vendor."""
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, azure: Upstream) -> Iterator[Application]:
    settings = {
        "EVERLOOP_ALLOWED_HOSTS": "127.0.0.1",
        "EVERLOOP_ALLOWED_AZURE_HOSTS": "*.openai.azure.com, 127.0.0.1",
        "OPENAI_AZURE_BASE_URL": f"{root(azure)}/openai/v1",
        "GROQ_API_KEY": "gsk-operators",
    }
    with with_vendor(tmp_path_factory.mktemp("connections") / "data", settings) as application:
        yield application
        application.server.stop()


@pytest.fixture(autouse=True)
def fresh(app: Application, azure: Upstream) -> None:
    for upstream in (app.upstream, azure):
        upstream.reset()
        upstream.always(completion("Hello"))


def new(app: Application, **fields: Any) -> dict[str, Any]:
    body = {"name": f"mine-{next(_numbers)}", "base_url": f"{root(app.upstream)}/v9", "key": KEY} | fields
    made: dict[str, Any] = app.server.post("/api/connections", body).expect(201)
    return made


def shown(app: Application, name: str) -> dict[str, Any]:
    found: dict[str, Any] = app.server.get(f"/api/connections/{name}").expect(200)
    return found


def test_the_well_known_ones(app: Application):
    listed = {each["name"]: each for each in app.server.get("/api/connections").expect(200) if not each["own"]}
    assert set(V4) <= set(listed)
    assert "mock" not in listed
    groq, openai, vllm = listed["groq"], listed["openai"], listed["vllm"]
    assert (groq["base_url"], groq["key"], groq["unavailable"]) == ("https://api.groq.com/openai/v1", "operator", None)
    assert (groq["capabilities"]["samples"], groq["capabilities"]["tools"]) == (False, True)
    assert list(groq["capabilities"]) == list(NAMES)
    assert (openai["base_url"], openai["needs_key"]) == (None, False)  # where the operator's own is, is not told
    assert "VLLM_BASE_URL" in vllm["unavailable"]
    assert shown(app, "groq") == groq
    assert app.upstream.base_url not in str(listed)
    assert OPERATOR_KEY not in str(listed)


def test_the_life_of_one(app: Application):
    made = new(app, name="life", lacks=["suffix", "seed"], needs_key=True)
    assert (made["own"], made["format"], made["base_url"]) == (True, "openai", f"{root(app.upstream)}/v9")
    assert (made["key"], made["unavailable"], made["display_name"]) == ("organisation", None, "life")
    assert [name for name in NAMES if not made["capabilities"][name]] == ["seed", "suffix"]
    assert shown(app, "life") == made
    assert [each["provider"] for each in app.server.get("/api/provider-keys").expect(200)] == ["life"]

    changed = app.server.patch("/api/connections/life", {"lacks": [], "needs_key": False}).expect(200)
    assert changed == made | {
        "needs_key": False,
        "capabilities": dict.fromkeys(NAMES, True),
        "updated_at": changed["updated_at"],
    }
    assert changed in app.server.get("/api/connections").expect(200)

    assert app.server.delete("/api/connections/life").status == 204
    assert app.server.get("/api/provider-keys").expect(200) == []
    for reply in (
        app.server.get("/api/connections/life"),
        app.server.patch("/api/connections/life", {"needs_key": True}),
        app.server.delete("/api/connections/life"),
    ):
        assert (reply.status, reply.detail["type"]) == (404, "not_found_error")


def test_no_answer_shows_a_key(app: Application):
    made = new(app)
    place = f"/api/connections/{made['name']}"
    for reply in (
        app.server.get("/api/connections"),
        app.server.get(place),
        app.server.patch(place, {"key": NEW_KEY}),
        app.server.post("/api/connections", {"name": made["name"], "base_url": "https://a.example", "key": KEY}),
        app.server.post("/api/connections", {"name": "bad", "base_url": "https://a.example", "key": [KEY]}),
        app.server.post("/api/connections", {"name": "bad", "base_url": "https://a.example", "key": KEY + "\n"}),
        app.server.get("/api/provider-keys"),
    ):
        assert KEY.encode() not in reply.body
        assert NEW_KEY.encode() not in reply.body
    assert KEY not in app.server.log.read_text()


def test_calls_go_there_with_its_key(app: Application):
    made = new(app)
    project = app.project(provider=made["name"], model="llama")
    for streamed in (False, True):
        reply = app.stream(project) if streamed else app.call(project)
        assert reply.status == 200, reply
    first, second = app.upstream.requests
    assert first.path == "/v9/chat/completions"
    assert first.headers["authorization"] == second.headers["authorization"] == f"Bearer {KEY}"
    assert "n" not in first.json  # a server of one's own gets what is asked for, and no more
    assert app.logs(project)[0]["provider_latency"] is not None


def test_a_call_may_bring_its_own_key_for_it(app: Application):
    made = new(app)
    project = app.project(provider=made["name"])
    app.complete(project, provider_api_keys={made["name"]: NEW_KEY, "unknown": {"odd": 1}, "openai": "sk-x"})
    assert app.upstream.requests[0].headers["authorization"] == f"Bearer {NEW_KEY}"


def test_its_key_can_be_kept_later(app: Application):
    made = new(app, key=None)
    assert made["key"] is None
    project = app.project(provider=made["name"])
    reply = app.call(project)
    assert reply.status == 400
    assert "/api/provider-keys" in reply.detail["message"]
    assert "_API_KEY" not in reply.detail["message"]
    app.server.put(f"/api/provider-keys/{made['name']}", {"key": KEY}).expect(200)
    app.complete(project)
    assert app.upstream.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert shown(app, made["name"])["key"] == "organisation"


def test_a_key_does_not_go_along_to_another_host(app: Application):
    """What CVE-2026-41487 was: a changed base URL got the key that was kept for another one."""
    with Upstream() as evil:
        evil.always(completion("Thanks"))
        made = new(app)
        project = app.project(provider=made["name"])
        app.complete(project)
        moved = app.server.patch(f"/api/connections/{made['name']}", {"base_url": f"{evil.base_url}/v1"}).expect(200)
        assert moved["key"] is None
        reply = app.call(project)
        assert (reply.status, evil.requests) == (400, [])
        back = {"base_url": made["base_url"]}
        assert app.server.patch(f"/api/connections/{made['name']}", back).expect(200)["key"] is None

        given = {"base_url": f"{evil.base_url}/v1", "key": NEW_KEY}
        assert app.server.patch(f"/api/connections/{made['name']}", given).expect(200)["key"] == "organisation"
        app.complete(project)
        assert [each.headers["authorization"] for each in evil.requests] == [f"Bearer {NEW_KEY}"]


def test_another_path_at_the_same_host_keeps_the_key(app: Application):
    made = new(app)
    body = {"base_url": f"{root(app.upstream)}/v10"}
    assert app.server.patch(f"/api/connections/{made['name']}", body).expect(200)["key"] == "organisation"
    app.complete(app.project(provider=made["name"]))
    assert app.upstream.requests[0].path == "/v10/chat/completions"


def test_what_it_lacks_is_refused_before_it_is_called(app: Application):
    made = new(app, lacks=["seed", "stop"])
    project = app.project(provider=made["name"], stop=["."])
    reply = app.call(project, seed=1)
    assert reply.status == 422
    for word in (made["name"], "`seed`", "`stop`"):
        assert word in reply.detail["message"]
    assert (app.upstream.requests, app.logs(project)) == ([], [])


def test_several_samples_of_a_server_that_gives_one(app: Application):
    made = new(app, lacks=["samples"])
    answer = app.complete(app.project(provider=made["name"]), num_samples=3)
    assert len(answer["data"]) == len(app.upstream.requests) == 3
    assert all("n" not in each.json for each in app.upstream.requests)


def test_one_that_is_in_use_stays(app: Application):
    made = new(app)
    project = app.project(provider=made["name"])
    reply = app.server.delete(f"/api/connections/{made['name']}")
    assert (reply.status, project in reply.detail["message"]) == (409, True)
    app.complete(project)
    app.server.delete(f"/v4/projects/{app.project_id(project)}/active-config").expect(200)
    assert app.server.delete(f"/api/connections/{made['name']}").status == 204


def test_a_deleted_ones_configs_say_so(app: Application):
    made = new(app)
    config = app.register(provider=made["name"])
    app.server.delete(f"/v4/projects/{config['project_id']}/active-config").expect(200)
    app.server.delete(f"/api/connections/{made['name']}")
    body = {"model_config_id": config["config"]["id"], "inputs": {"it": "x"}}
    reply = app.server.post("/v4/completion-model-config", body)
    assert reply.status == 422
    assert f"There is no provider `{made['name']}`" in reply.detail["message"]


@pytest.mark.parametrize("name", ["openai", "OpenAI", "mock", "vllm", "bedrock", "langchain", "openai_azure_endpoint"])
def test_well_known_names_are_taken(app: Application, name: str):
    reply = app.server.post("/api/connections", {"name": name, "base_url": "https://llm.example.com"})
    assert (reply.status, "well-known" in reply.detail["message"]) == (409, True)


@pytest.mark.parametrize("name", ["openai", "vllm"])
def test_well_known_ones_stay_as_they_are(app: Application, name: str):
    for reply in (
        app.server.patch(f"/api/connections/{name}", {"base_url": "https://evil.example"}),
        app.server.delete(f"/api/connections/{name}"),
    ):
        assert (reply.status, "well-known" in reply.detail["message"]) == (409, True)


def test_a_name_is_taken_once(app: Application):
    made = new(app)
    reply = app.server.post("/api/connections", {"name": made["name"], "base_url": "https://llm.example.com"})
    assert (reply.status, reply.detail["type"]) == (409, "conflict_error")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "a b"), ("name", "a/b"), ("name", "-a"), ("name", "a" * 65), ("name", "é"),
        ("name", None),
        ("format", "smoke"), ("format", ""), ("format", 1), ("base_url", None), ("base_url", ""), ("base_url", 1),
        ("base_url", "https://user:pass@llm.example.com"), ("base_url", "https://llm.example.com?a=b"),
        ("base_url", "http://169.254.169.254/latest"), ("base_url", "http://10.0.0.5/v1"), ("base_url", "http://[::1]/v1"),
        ("base_url", "https://llm.example.com/" + "a" * 3_000), ("needs_key", "perhaps"), ("lacks", ["wings"]),
        ("lacks", "seed"), ("lacks", ["seed"] * 100), ("key", ""), ("key", "a b"),
    ],
)  # fmt: skip
def test_what_makes_no_connection(app: Application, field: str, value: Any):
    body = {"name": "never", "base_url": "https://llm.example.com", "key": KEY} | {field: value}
    reply = app.server.post("/api/connections", body)
    assert reply.status == 422, reply
    assert reply.detail[0]["loc"][:2] == ["body", field]
    assert app.server.get("/api/connections/never").status == 404


def test_a_change_that_makes_no_sense_changes_nothing(app: Application):
    made = new(app)
    for body in ({"base_url": "http://169.254.169.254"}, {"format": "smoke"}, {"lacks": ["wings"]}, {"key": "a b"}):
        assert app.server.patch(f"/api/connections/{made['name']}", body).status == 422
    assert shown(app, made["name"]) == made


def test_azure_at_the_operators_address(app: Application, azure: Upstream):
    project = app.project(provider="openai_azure", model="my-deployment")
    app.complete(project, provider_api_keys={"openai_azure": "az-key"})
    (request,) = azure.requests
    assert request.path == "/openai/v1/chat/completions"
    assert (request.headers["api-key"], "authorization" in request.headers) == ("az-key", False)
    assert request.json["model"] == "my-deployment"


@pytest.mark.parametrize(
    "endpoint", ["https://evil.example", "http://127.0.0.1:1", "https://x.openai.azure.com.evil.example"]
)
def test_azure_where_a_call_says_but_the_operator_does_not(app: Application, endpoint: str, azure: Upstream):
    project = app.project(provider="openai_azure", model="my-deployment")
    keys = {"openai_azure": "az-key", "openai_azure_endpoint": endpoint}
    for streamed in (False, True):
        reply = app.call(project, provider_api_keys=keys, stream=streamed)
        assert (reply.status, "openai_azure_endpoint" in reply.detail["message"]) == (422, True)
    assert (azure.requests, app.logs(project)) == ([], [])


def test_azure_where_a_call_says(app: Application, azure: Upstream):
    """The fake upstream has no certificate, so that a call gets as far as its greeting."""
    project = app.project(provider="openai_azure", model="my-deployment")
    endpoint = root(azure).replace("http://", "https://")
    before = azure.accepted
    reply = app.call(project, provider_api_keys={"openai_azure": "az-key", "openai_azure_endpoint": endpoint})
    assert reply.status == 503, reply
    assert reply.detail["origin"] == "Azure OpenAI"
    assert azure.accepted > before
    assert azure.requests == []


def test_a_kept_key_goes_to_no_place_that_a_call_names(app: Application, azure: Upstream):
    """What CVE-2024-6587 was: a request's address received the stored key."""
    app.server.put("/api/provider-keys/openai_azure", {"key": KEY}).expect(200)
    try:
        project = app.project(provider="openai_azure", model="my-deployment")
        keys = {"openai_azure_endpoint": "https://mine.openai.azure.com"}
        reply = app.call(project, provider_api_keys=keys)
        assert (reply.status, "brings the key" in reply.detail["message"]) == (400, True)
        app.complete(project)
        assert azure.requests[0].headers["api-key"] == KEY
    finally:
        app.server.delete("/api/provider-keys/openai_azure")


def test_an_endpoint_is_of_no_interest_to_other_providers(app: Application):
    project = app.project()
    app.complete(project, provider_api_keys={"openai_azure_endpoint": "https://evil.example"})
    assert app.upstream.requests[0].headers["authorization"] == f"Bearer {OPERATOR_KEY}"
