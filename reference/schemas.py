"""The page of schemas: what requests and answers are made of."""

from collections.abc import Mapping
from typing import Any

from reference.words import Schema, cell, kind


def schemas_page(document: Mapping[str, Any]) -> str:
    """Every named schema, in order of the alphabet."""
    named = sorted(document["components"]["schemas"].items())
    parts = ["# Schemas\n\nWhat requests and answers are made of. The [operations](operations.md) lead here.\n"]
    return "\n".join(parts + [f"## {name}\n\n{_described(schema)}" for name, schema in named])


def fields(schema: Schema) -> str:
    """A table of the fields of an object."""
    required = set(schema.get("required", ()))
    lines = ["| field | is | |", "|---|---|---|"]
    for name, field in schema["properties"].items():
        notes = [
            "required" if name in required else "",
            _default(field),
            cell(field.get("description", "")),
            "deprecated" if field.get("deprecated") else "",
        ]
        lines.append(f"| `{name}` | {cell(kind(field))} | {'; '.join(filter(None, notes))} |")
    return "\n".join(lines) + "\n"


def _described(schema: Schema) -> str:
    words = f"{schema['description'].strip()}\n\n" if "description" in schema else ""
    if schema.get("properties"):
        return words + fields(schema)
    return f"{words}{kind(schema)}\n"


def _default(field: Schema) -> str:
    default = field.get("default")
    return "" if default is None or default in ({}, []) else f"`{default!r}` if not given".replace("'", '"')
