import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from everloop.api.capacity import LARGEST_BODIES
from everloop.api.edge import Edge
from everloop.api.hot import HotRoute
from everloop.api.services import SCOPE_KEY
from everloop.domain.ids import OrganisationId
from everloop.domain.keys import digest_of
from everloop.domain.scope import Scope
from everloop.errors import NotFound, Unauthenticated, Unavailable
from tests.asgi import Conversation
from tests.fake_machine import FakeMetrics

CALLER = Scope(OrganisationId("org_1"), "key_1")
KEY = "hl_sk_right"


class FakeDirectory:
    def authenticate(self, digest):
        if digest != digest_of(KEY):
            raise Unauthenticated("unknown")
        return CALLER


class House:
    """An edge around a framework and a hot route that note what they get."""

    def __init__(self):
        self.metrics = FakeMetrics()
        self.hot_calls = []
        self.framework_calls = []
        self.error = None
        self.hold = asyncio.Event()
        self.hold.set()
        self.edge = self.edge_for(max_calls=2)

    def edge_for(self, max_calls):
        services: Any = SimpleNamespace(directory=FakeDirectory(), metrics=self.metrics)
        hot = HotRoute("POST", "/hot", self.hot, "op", "s", "d", BaseModel, BaseModel, {})
        return Edge(self.framework, services, [hot], max_body_bytes=10, max_calls=max_calls)

    async def hot(self, caller, body, exchange):
        self.hot_calls.append((caller, body))
        await self.hold.wait()
        if self.error:
            raise self.error
        await exchange.answer(200, b"hot")

    async def framework(self, scope, receive, send):
        if scope["type"] == "http":
            self.framework_calls.append((scope.get(SCOPE_KEY), await receive()))
            await self.hold.wait()
            scope["route"] = SimpleNamespace(path="/things/{id}")
            if self.error:
                raise self.error
            await send({"type": "http.response.start", "status": 202, "headers": [(b"x-own", b"1")]})
            await send({"type": "http.response.body", "body": b"frame", "more_body": True})
            await send({"type": "http.response.body", "body": b"work"})

    async def call(self, method="POST", path="/hot", *, body=b"{}", key=KEY, headers=()):
        conversation = Conversation([body])
        given = [(b"x-api-key", key.encode("latin-1"))] if key is not None else []
        scope = {"type": "http", "method": method, "path": path, "headers": [*given, *headers]}
        await self.edge(scope, conversation.receive, conversation.send)
        return conversation


@pytest.fixture
def house():
    return House()


@pytest.mark.parametrize(("full", "free"), [("/hot", "/things/1"), ("/things/1", "/hot")])
async def test_beyond_its_capacity_calls_are_refused_unread_and_other_requests_are_not(house, full, free):
    house.hold = asyncio.Event()
    under_way = [asyncio.create_task(house.call(path=full)) for _ in range(2)]
    await asyncio.sleep(0)
    refused = await house.call(path=full)
    assert (refused.status, refused.headers[b"retry-after"]) == (503, b"1")
    assert b"EVERLOOP_MAX_CALLS" in refused.body
    assert refused.received == 0
    assert len(house.hot_calls) + len(house.framework_calls) == 2
    other = asyncio.create_task(house.call(path=free))
    house.hold.set()
    assert {each.status for each in await asyncio.gather(*under_way, other)} == {200, 202}
    assert (await house.call(path=full)).status < 300


@pytest.mark.parametrize(("full", "free"), [("/hot", "/things/1"), ("/things/1", "/hot")])
async def test_bodies_beyond_what_is_held_at_once_are_refused_and_other_requests_are_not(house, full, free):
    house.edge = house.edge_for(max_calls=1000)
    house.hold = asyncio.Event()
    under_way = [asyncio.create_task(house.call(path=full, body=b"x" * 10)) for _ in range(LARGEST_BODIES)]
    await asyncio.sleep(0)
    refused = await house.call(path=full, body=b"x")
    assert (refused.status, refused.headers[b"retry-after"]) == (503, b"1")
    assert b"EVERLOOP_MAX_BODY_BYTES" in refused.body
    other = [asyncio.create_task(house.call(path=path, body=body)) for path, body in ((full, b""), (free, b"x" * 10))]
    house.hold.set()
    assert {each.status for each in await asyncio.gather(*under_way, *other)} == {200, 202}
    assert (await house.call(path=full, body=b"x" * 10)).status < 300


async def test_a_failed_call_gives_its_place_back(house):
    for error in (NotFound("x"), RuntimeError("x"), None):
        house.error = error
        for _ in range(3):
            answers = [await house.call(path=path) for path in ("/hot", "/things/1")]
            assert 503 not in {each.status for each in answers}


async def test_a_hot_route_gets_the_caller_and_the_body_without_the_framework(house):
    conversation = await house.call(body=b'{"a":1}')
    assert (conversation.status, conversation.body) == (200, b"hot")
    assert house.hot_calls == [(CALLER, b'{"a":1}')]
    assert house.framework_calls == []


async def test_everything_else_goes_to_the_framework_with_the_body_already_read(house):
    conversation = await house.call("GET", "/things/1", body=b"xyz")
    assert (conversation.status, conversation.body) == (202, b"framework")
    assert conversation.headers[b"x-own"] == b"1"
    ((caller, message),) = house.framework_calls
    assert (caller, message["body"], message["more_body"]) == (CALLER, b"xyz", False)


async def test_another_method_of_a_hot_path_is_the_frameworks(house):
    await house.call("GET")
    assert house.hot_calls == []
    assert len(house.framework_calls) == 1


@pytest.mark.parametrize(
    "path", ["/hot", "/things/1", "/metrics", "/", "/nowhere", "/docsx", "/healthz/", "/openapi.jsonx"]
)
@pytest.mark.parametrize("key", [None, "", "hl_sk_wrong", "hl_sk_rightx", "é"])
async def test_nobody_gets_anywhere_without_a_valid_key(house, path, key):
    conversation = await house.call("POST", path, key=key)
    assert conversation.status == 401
    assert json.loads(conversation.body)["detail"]["type"] == "authentication_error"
    assert house.hot_calls == house.framework_calls == []
    assert conversation.received == 0  # strangers' bodies are not read


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/docs/a.js", "/openapi.json"])
@pytest.mark.parametrize("key", [None, "hl_sk_wrong"])
async def test_what_anybody_may_see(house, path, key):
    conversation = await house.call("GET", path, key=key, body=b"x" * 11)
    assert conversation.status == 202
    ((caller, message),) = house.framework_calls
    assert (caller, message["body"], message["more_body"]) == (None, b"", False)
    assert conversation.received == 0  # strangers' bodies are not read


@pytest.mark.parametrize(
    ("error", "status"), [(NotFound("x"), 404), (Unavailable("x", 3), 503), (RuntimeError("sk-secret"), 500)]
)
@pytest.mark.parametrize("path", ["/hot", "/things/1"])
async def test_errors_are_answered_in_one_shape_and_tell_nothing_of_the_inside(house, path, error, status):
    house.error = error
    conversation = await house.call(path=path)
    assert conversation.status == status
    assert json.loads(conversation.body)["detail"]["code"] == status
    assert b"sk-secret" not in conversation.body
    assert conversation.headers[b"content-type"] == b"application/json"
    assert conversation.headers.get(b"retry-after") == (b"3" if status == 503 else None)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("gone"), 404, "not_found"),
        (Unavailable("later"), 503, "unavailable"),
        (RuntimeError("canary"), 500, None),
    ],
)
async def test_errors_are_in_openais_shape_where_its_clients_call(house, error, status, code):
    house.error = error
    answer = await house.call(path="/openai/v1/models")
    assert answer.status == status
    told = json.loads(answer.body)["error"]
    assert (set(told), told["code"]) == ({"message", "type", "param", "code"}, code)
    assert b"canary" not in answer.body
    refused = await house.call(path="/openai/v1/models", key=None)
    assert (refused.status, json.loads(refused.body)["error"]["code"]) == (401, "invalid_api_key")
    large = await house.call(path="/openai/v1/models", body=b"x" * 11)
    assert (large.status, json.loads(large.body)["error"]["code"]) == (413, "request_too_large")


BEARER = f"Bearer {KEY}".encode()


@pytest.mark.parametrize("path", ["/hot", "/things/1"])
@pytest.mark.parametrize(
    ("key", "given", "good"),
    [
        (None, [BEARER], True),
        (None, [BEARER.replace(b"Bearer", b"bEARER")], True),
        ("", [BEARER], True),
        (KEY, [b"Basic dXNlcjpwYXNz"], True),
        (KEY, [b"Bearer of something else"], True),
        ("wrong", [BEARER], False),
        (None, [b"Bearer"], False),
        (None, [b"Bearer "], False),
        (None, [f"Basic {KEY}".encode()], False),
        (None, [KEY.encode()], False),
        (None, [f"Bearer{KEY}".encode()], False),
        (None, [b"Bearer \xff"], False),
        (None, [BEARER, b"Bearer wrong"], False),
    ],
)
async def test_a_key_may_come_as_a_bearers(house, path, key, given, good):
    answer = await house.call(path=path, key=key, headers=[(b"authorization", each) for each in given])
    assert (answer.status < 300) is good
    assert good or answer.status == 401
    assert bool(house.hot_calls or house.framework_calls) is good


async def test_an_error_after_the_answer_began_ends_it_there(house):
    async def broken(caller, body, exchange):
        await exchange.start(200, [])
        raise RuntimeError("x")

    house.edge._hot["POST", "/hot"] = HotRoute("POST", "/hot", broken, "op", "s", "d", BaseModel, BaseModel, {})
    conversation = await house.call()
    assert [each["type"] for each in conversation.sent] == ["http.response.start"]


async def test_a_body_over_the_limit_is_refused_and_the_connection_closed(house):
    conversation = await house.call(body=b"x" * 11)
    assert conversation.status == 413
    assert conversation.headers[b"connection"] == b"close"
    declared = await house.call(headers=[(b"content-length", b"11")])
    assert declared.status == 413
    assert house.hot_calls == []


@pytest.mark.parametrize("length", [b"-1", b"x", b"9" * 20, b"1e3", b"\xd9\xa1"])
async def test_a_senseless_length_is_not_believed(house, length):
    assert (await house.call(headers=[(b"content-length", length)])).status == 200


async def test_the_requests_id_is_the_callers_when_it_is_a_decent_one(house):
    given = await house.call(headers=[(b"x-request-id", b"abc-1")])
    assert given.headers[b"x-request-id"] == b"abc-1"
    for bad in (b"", b"x" * 129, b"a\x07b", "é".encode()):
        made = await house.call(headers=[(b"x-request-id", bad)])
        assert len(made.headers[b"x-request-id"]) == 16


async def test_requests_are_counted_by_their_route_however_they_end(house):
    await house.call()
    await house.call("GET", "/things/1")
    house.error = NotFound("x")
    await house.call()
    await house.call(key="wrong")
    await house.call("GET", "/nowhere", key=None)
    assert house.metrics.requests == [
        ("/hot", 200),
        ("/things/{id}", 202),
        ("/hot", 404),
        ("/hot", 401),
        ("unmatched", 401),
    ]


async def test_a_caller_who_left_while_sending_is_not_answered(house):
    async def receive():
        return {"type": "http.disconnect"}

    conversation = Conversation()
    scope = {"type": "http", "method": "POST", "path": "/hot", "headers": [(b"x-api-key", KEY.encode())]}
    await house.edge(scope, receive, conversation.send)
    assert conversation.sent == []
