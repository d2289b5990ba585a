"""Checks answers against the v4 contract: every documented key is there, and null only where it may be."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_SPECIFICATION = Path(__file__).with_name("v4.openapi.json")


@cache
def specification() -> dict[str, Any]:
    """The contract in the words of JSON Schema: what may be null says so, and every key of an answer is required."""
    document: dict[str, Any] = json.loads(_SPECIFICATION.read_text())
    for name, schema in document["components"]["schemas"].items():
        _translate(schema, complete=name.endswith("Response") or name.startswith("PaginatedData"))
    return document


def _translate(schema: Any, *, complete: bool = False) -> None:
    for child in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(child, (dict, list)):
            _translate(child)
    if not isinstance(schema, dict):
        return
    schema.pop("discriminator", None)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for name, each in properties.items():
            if each.get("x-null-on-wire") or each.get("nullable"):
                properties[name] = {"anyOf": [dict(each), {"type": "null"}]}
        if complete:
            schema["required"] = sorted(properties)


def schema_of(method: str, path: str, status: int) -> dict[str, Any]:
    """The contract's schema of an answer; `path` as the contract writes it, without `/v4`."""
    operation = specification()["paths"][path][method.lower()]
    schema: dict[str, Any] = operation["responses"][str(status)]["content"]["application/json"]["schema"]
    return schema


def check(answer: Any, method: str, path: str, status: int = 200) -> None:
    """Fails, naming each place, unless the answer is one that the contract describes."""
    _check(answer, schema_of(method, path, status))


def check_schema(answer: Any, name: str) -> None:
    """The same for a schema by its name."""
    _check(answer, {"$ref": f"#/components/schemas/{name}"})


def _check(answer: Any, schema: dict[str, Any]) -> None:
    validator = Draft202012Validator({**schema, "components": specification()["components"]})
    wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer)]
    assert not wrong, "\n".join(wrong)
