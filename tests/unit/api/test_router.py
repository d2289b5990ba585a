import json
import logging
import re
from typing import Any

import pytest

from everloop.api.openai.routes import openai_routes
from everloop.api.router import build_fastapi
from everloop.api.v4.chats import chat_routes
from everloop.api.v4.completions import completion_routes
from everloop.errors import Unavailable
from everloop.services.live_models import LiveModelService
from tests.fakes import FakeHouse

NO_SERVICES: Any = None
NO_ONCE: Any = None


@pytest.fixture(scope="module")
def document():
    house = FakeHouse()
    hot = [
        *completion_routes(house.completion, NO_ONCE),
        *chat_routes(house.completion, NO_ONCE),
        *openai_routes(house.completion, LiveModelService(house.directory), NO_ONCE),
    ]
    return build_fastapi(NO_SERVICES, hot).openapi()


def operations(document):
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_generating_routes_take_an_idempotency_key(document):
    keyed = {
        path
        for (_, path), operation in operations(document).items()
        for each in operation.get("parameters", [])
        if (each["name"], each["in"], each["required"]) == ("Idempotency-Key", "header", False)
    }
    ways = ("", "-deployed", "-model-config", "-experiment")
    theirs = {"/openai/v1/chat/completions", "/openai/v1/completions"}
    assert keyed == {f"/v4/{kind}{way}" for kind in ("completion", "chat") for way in ways} | theirs
    assert all("409" in document["paths"][path]["post"]["responses"] for path in keyed)


def test_operations_have_names_of_their_own(document):
    names = [operation["operationId"] for operation in operations(document).values()]

    assert len(set(names)) == len(names)


def test_every_operation_is_explained_and_can_be_tried(document):
    for (method, path), operation in operations(document).items():
        assert operation.get("summary"), (method, path)
        assert operation.get("description"), (method, path)
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (method, path, parameter["name"])
            assert parameter["in"] != "path" or parameter["schema"]["examples"], (method, path)
        if "requestBody" in operation:
            (example,) = operation["requestBody"]["content"]["application/json"]["examples"].values()
            assert example["value"], (method, path)


def test_every_operation_but_the_probes_asks_for_a_key_and_tells_its_errors(document):
    for (method, path), operation in operations(document).items():
        if path not in ("/healthz", "/readyz"):
            theirs = path.startswith("/openai/")
            ways: list[dict[str, Any]] = (
                [{"BearerAuth": []}, {"APIKeyHeader": []}] if theirs else [{"APIKeyHeader": []}]
            )
            assert operation["security"] == ways, (method, path)
            assert {"400" if theirs else "422", "default"} <= set(operation["responses"]), (method, path)


def test_references_lead_somewhere(document):
    for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)):
        assert name in document["components"]["schemas"]


async def call(app, method, path, sent=None):
    """What the application sends, as (status, headers, body); what it raises after sending is raised here."""
    sent = [] if sent is None else sent

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "everloop.scope": None,
    }
    await app(scope, receive, send)
    return answer(sent)


def answer(sent):
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, json.loads(b"".join(each.get("body", b"") for each in sent[1:]))


def failing(error):
    app = build_fastapi(NO_SERVICES)

    @app.get("/boom")
    async def boom():
        raise error

    return app


async def test_what_nobody_foresaw_tells_nothing_and_reaches_the_edge():
    sent: list[dict[str, Any]] = []
    with pytest.raises(ZeroDivisionError):
        await call(failing(ZeroDivisionError("canary")), "GET", "/boom", sent)

    status, headers, body = answer(sent)
    assert (status, headers["content-type"]) == (500, "application/json")
    assert body["detail"]["type"] == "internal_server_error"
    assert "canary" not in str(body)


async def test_our_errors_become_answers(caplog):
    with caplog.at_level(logging.ERROR):
        status, headers, body = await call(failing(Unavailable("later", retry_after=2)), "GET", "/boom")

    assert (status, headers["retry-after"]) == (503, "2")
    assert body == {
        "detail": {"type": "service_unavailable_error", "message": "later", "code": 503, "origin": "Everloop"}
    }
    assert not caplog.records


async def test_a_database_that_is_away_is_not_ready():
    class Away:
        async def ready(self):
            raise Unavailable("the disk is full")

    class Some:
        health = Away()

    app = build_fastapi(Some())  # type: ignore[arg-type]

    status, _, body = await call(app, "GET", "/readyz")

    assert status == 503
    assert body["detail"]["message"] == "the disk is full"
    assert (await call(app, "GET", "/healthz"))[0] == 200


async def test_a_hot_route_answers_at_the_edge_alone():
    app = build_fastapi(NO_SERVICES, completion_routes(FakeHouse().completion, NO_ONCE))

    status, headers, _ = await call(app, "GET", "/v4/completion-deployed")

    assert (status, headers["allow"]) == (405, "POST")


async def test_an_address_of_its_own_goes_before_one_with_a_variable():
    _, headers, _ = await call(build_fastapi(NO_SERVICES), "OPTIONS", "/v4/model-configs/serialize")
    assert headers["allow"] == "POST"
    _, headers, _ = await call(build_fastapi(NO_SERVICES), "OPTIONS", "/v4/model-configs/config_1")
    assert headers["allow"] == "GET"
