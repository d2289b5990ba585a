"""Schemas in words."""

import json
from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

_FORMATS: Final = {"date-time": "time", "binary": "bytes"}
_NAMES: Final = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "null"}
# Bounds that only say that a number has 64 bits are no news to anybody.
_HUGE: Final = 2**53


def kind(schema: Schema) -> str:
    """What a value may be, such as "text or null"; named schemas are links into the page of schemas."""
    if "$ref" in schema:
        return link(schema["$ref"].rpartition("/")[2])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(kind(each) for each in schema[key]))
    if "allOf" in schema:
        return " and ".join(kind(each) for each in schema["allOf"])
    if "const" in schema:
        return _code(schema["const"])
    if "enum" in schema:
        return ", ".join(_code(each) for each in schema["enum"])
    return _plain(schema) + _bounds(schema)


def link(name: str) -> str:
    """A link to a schema of that name."""
    return f"[{name}](schemas.md#{name.lower()})"


def cell(text: str) -> str:
    """Text that may stand in a cell of a table: in one line, with no bar of its own."""
    return " ".join(text.split()).replace("|", r"\|")


def _plain(schema: Schema) -> str:
    match schema.get("type"):
        case "array":
            items = schema.get("items")
            return f"list of {kind(items)}" if items else "list"
        case "object":
            values = schema.get("additionalProperties")
            return f"object of {kind(values)}" if isinstance(values, Mapping) and values else "object"
        case None:
            return "anything"
        case str(name):
            return _FORMATS.get(schema.get("format", ""), _NAMES.get(name, name))
        case names:
            return " or ".join(_NAMES.get(each, each) for each in names)


def _bounds(schema: Schema) -> str:
    found = []
    for least, most, what in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ):
        low, high = (_small(schema.get(key)) for key in (least, most))
        if low is not None and high is not None:
            found.append(f"{low:,} to {high:,}{what}")
        elif low:
            found.append(f"at least {low:,}{what}")
        elif low is not None and not what:
            found.append("not negative")
        elif high is not None:
            found.append(f"at most {high:,}{what}")
    return f" ({', '.join(found)})" if found else ""


def _small(bound: float | None) -> float | None:
    return None if bound is None or abs(bound) > _HUGE else bound


def _code(value: object) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"
