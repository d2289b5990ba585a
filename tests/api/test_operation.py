import re

import pytest

PUBLIC = ["/healthz", "/readyz", "/docs", "/openapi.json", "/docs/start.js", "/docs/swagger-ui-bundle.js"]


def test_the_server_lives_and_can_work(running_server):
    assert running_server.send("GET", "/healthz").expect(200) == {"status": "ok"}
    assert running_server.send("GET", "/readyz").expect(200) == {"status": "ready"}


@pytest.mark.parametrize("path", PUBLIC)
def test_anybody_may_see(running_server, path):
    assert running_server.send("GET", path).status == 200


@pytest.mark.parametrize("key", [None, "", "wrong", "hl_sk_" + "x" * 40, "é"])
def test_nobody_may_call_without_a_key(running_server, key):
    document = running_server.send("GET", "/openapi.json").json
    headers = {} if key is None else {"X-API-KEY": key}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            reply = running_server.send(method.upper(), re.sub(r"{.*?}", "x", path), b"{}", headers)
            if "security" in operation:
                reply.expect(401)
                kind = "invalid_request_error" if path.startswith("/openai/") else "authentication_error"
                assert reply.problem["type"] == kind, (method, path)
            else:
                assert reply.status == 200, (method, path)


def test_metrics_need_a_key(running_server):
    reply = running_server.get("/metrics")

    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain")
    assert b"# TYPE" in reply.body


def test_metrics_name_routes_and_not_paths(running_server):
    running_server.get("/v4/projects/pr_metrics_canary")

    text = running_server.get("/metrics").body.decode()

    assert "/v4/projects/{id}" in text
    assert "pr_metrics_canary" not in text


@pytest.mark.parametrize("path", ["/v4/nothing", "/v4/projects/", "/nothing", "/v4/completion-deployed/x"])
def test_no_such_route(running_server, path):
    assert running_server.get(path).expect(404)["detail"]["type"] == "not_found_error"


def test_no_such_method(running_server):
    reply = running_server.put("/v4/projects", {})

    assert reply.expect(405)["detail"]["code"] == 405
    assert set(reply.headers["allow"].split(", ")) == {"GET", "POST"}


def test_the_page_loads_nothing_from_elsewhere(running_server):
    page = running_server.send("GET", "/docs")
    start = running_server.send("GET", "/docs/start.js")

    assert re.findall(rb'(?:src|href)="([^"]*)"', page.body) == [
        b"data:,",
        b"docs/swagger-ui.css",
        b"docs/swagger-ui-bundle.js",
        b"docs/start.js",
    ]
    assert b"://" not in page.body + start.body
    assert b"<script>" not in page.body
    assert "default-src 'none'; script-src 'self';" in page.headers["content-security-policy"]
    for path, kind in [("swagger-ui-bundle.js", "javascript"), ("swagger-ui.css", "css"), ("start.js", "javascript")]:
        assert kind in running_server.send("GET", f"/docs/{path}").headers["content-type"]


def test_a_request_id_is_on_every_answer(running_server):
    for path in ("/healthz", "/v4/projects", "/v4/projects/x", "/nothing"):
        assert running_server.get(path).headers["x-request-id"]
