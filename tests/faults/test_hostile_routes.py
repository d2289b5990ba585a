"""F9 on every route that there is, on both databases: what is hostile is the caller's error or is taken as it is.

Routes and the shapes of bodies come from the OpenAPI document, so that a new route is tried without being named here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.application import Application

TEXTS: Final = {
    "NUL": "a\x00b",
    "only NUL": "\x00",
    "the character that stands for NUL": "\x1a0\x1a",
    "not a letter": "\u2028\ufeff\U0010ffff",
    "quotes": "'; DROP TABLE log; --\"\\",
    "wildcards": "%_[*",
    "60,000 characters": "x" * 60_000,
}
NUMBERS: Final = {"beyond 64 bits": 2**63, "beyond a double": 10**400, "below zero": -(2**31) - 1, "a fraction": 0.1}
RAW: Final = {
    "100,000 nested arrays": b"[" * 100_000 + b"]" * 100_000,
    "a 5,000-digit integer": b'{"name": ' + b"9" * 5000 + b"}",
    "a lone surrogate": rb'{"name": "\ud800", "project": "\udc00"}',
    "NaN": b'{"name": NaN, "project": NaN}',
    "1e999": b'{"name": 1e999, "project": 1e999}',
    "invalid UTF-8": b'{"name": "\xff", "project": "\xff"}',
    "an unknown field": b'{"\x00": 1, "__proto__": {"__class__": 1}}'.replace(b"\x00", b"\\u0000"),
}
# In an address, as it goes over the wire.
PLACES: Final = {"NUL": "%00", "a byte that is no UTF-8": "%ff", "a surrogate": "%ed%a0%80", "long": "x" * 50_000}
WRITING: Final = ("post", "put", "patch")


@pytest.fixture
def document(app: Application) -> dict[str, Any]:
    found: dict[str, Any] = app.server.send("GET", "/openapi.json").expect(200)
    return found


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def addressed(app: Application, path: str, place: str | None = None) -> str:
    """The path with things in it that are there as far as possible, or with this text in place of them."""
    return re.sub(r"\{(\w+)\}", lambda match: place or ("openai" if match[1] == "provider" else "nobody"), path)


def bodies(document: Mapping[str, Any], operation: Mapping[str, Any], text: str, number: float) -> list[Any]:
    """Bodies that are right but for one hostile value in one place each, and one with hostile values everywhere."""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    whole = example(document, schema, text, number)
    if not isinstance(whole, dict):
        return [whole]
    calm = example(document, schema, "x", 1)
    required = set(resolved(document, schema).get("required", ()))
    modest = {name: calm[name] for name in required if name in calm}
    return [whole, *({**modest, name: value} for name, value in whole.items())]


def resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def example(document: Mapping[str, Any], schema: Mapping[str, Any], text: str, number: float, depth: int = 0) -> Any:
    """A value of the schema's kind. Of several kinds the first that is not null."""
    schema = resolved(document, schema)
    kinds = [kind for kind in schema.get("anyOf", schema.get("oneOf", [])) if kind.get("type") != "null"]
    if kinds:
        return example(document, kinds[0], text, number, depth)
    match schema.get("const", schema.get("enum", [schema])[0]):
        case Mapping():
            return by_type(document, schema, text, number, depth)
        case one_of_few:
            return one_of_few


def by_type(document: Mapping[str, Any], schema: Mapping[str, Any], text: str, number: float, depth: int) -> Any:
    """The value of a schema that says its type; of one that does not, anything."""
    kinds = {"integer": number, "number": number, "boolean": True, "string": text}
    match schema.get("type"):
        case "object" if depth < 4 and schema.get("properties"):
            parts = schema["properties"].items()
            return {name: example(document, part, text, number, depth + 1) for name, part in parts}
        case "array":
            return [example(document, schema.get("items", {}), text, number, depth + 1)]
        case kind:
            return kinds.get(str(kind), {text: [text, number]})


def fine(app: Application, method: str, path: str, body: bytes | None = None) -> None:
    reply = app.server.call(method.upper(), path, body)
    assert reply.status < 500, f"{method} {path[:200]} {(body or b'')[:500]!r}: {reply.status} {reply.body[:500]!r}"
    if reply.status >= 400 and reply.headers["content-type"] == "application/json":  # else HTTP itself was broken
        assert reply.json["error" if path.startswith("/openai/") else "detail"]


@pytest.mark.parametrize("what", RAW)
def test_a_body_that_cannot_be_read_is_the_callers_error_on_every_route(
    app: Application, document: dict[str, Any], what: str
):
    tried = 0
    for method, path, operation in operations(document):
        if "requestBody" in operation:
            fine(app, method, addressed(app, path), RAW[what])
            tried += 1
    assert tried >= 16


@pytest.mark.parametrize(
    ("text", "number"),
    [*((each, 1) for each in TEXTS.values()), *(("x", each) for each in NUMBERS.values())],
    ids=[*TEXTS, *NUMBERS],
)
def test_a_hostile_value_in_any_field_of_any_route_is_no_fault_of_ours(
    app: Application, document: dict[str, Any], text: str, number: float
):
    register = app.register()
    for method, path, operation in operations(document):
        if "requestBody" not in operation:
            continue
        there = path.replace("{project_id}", register["project_id"]).replace("{id}", register["project_id"])
        for body in bodies(document, operation, text, number):
            fine(app, method, addressed(app, there), json.dumps(body).encode())
            if isinstance(body, dict) and "project" in body:
                named = {**body, "project": register["project_name"]}
                fine(app, method, addressed(app, there), json.dumps(named).encode())
    assert app.server.send("GET", "/readyz").status == 200


@pytest.mark.parametrize("what", PLACES)
def test_a_hostile_address_is_the_callers_error_on_every_route(app: Application, document: dict[str, Any], what: str):
    for method, path, operation in operations(document):
        body = b"{}" if method in WRITING else None
        fine(app, method, addressed(app, path, PLACES[what]), body)
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                fine(app, method, f"{addressed(app, path)}?{quote(parameter['name'])}={PLACES[what]}", body)
