"""What a schema allows, whichever words say so: OpenAPI 3.0 (the contract's) and 3.1 (ours) come out alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]
Document = Mapping[str, Any]

_REFERENCE: Final = "#/components/schemas/"
_NULL: Final[Schema] = {"type": "null"}


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of value that is allowed: a JSON type or `any`; `name` is that of the component that says so, if any.

    `tags` are the words that an object may have in its field `type`, where these are all that tells it from others.
    """

    kind: str
    schema: Schema
    name: str | None
    tags: frozenset[str] = frozenset()

    @property
    def values(self) -> frozenset[str] | None:
        """The only values that it may have; None if it is open."""
        if "const" in self.schema:
            return frozenset([str(self.schema["const"])])
        return frozenset(map(str, self.schema["enum"])) if "enum" in self.schema else None

    @property
    def fields(self) -> Mapping[str, Schema]:
        """Of an object."""
        fields: Mapping[str, Schema] = self.schema.get("properties", {})
        return fields

    @property
    def required(self) -> frozenset[str]:
        """The fields of an object that are always there."""
        return frozenset(self.schema.get("required", ()))

    @property
    def others(self) -> Schema | None:
        """What fields without a name may hold; None if there may be none."""
        others = self.schema.get("additionalProperties", True)
        if others is False:
            return None
        return {} if others is True else others

    def __str__(self) -> str:
        return self.name or self.kind


def shapes(document: Document, schema: Schema, name: str | None = None) -> list[Shape]:
    """Everything that is allowed; lists of words come out as one, however many places they are written in."""
    found = list(_shapes(document, schema, name))
    words = [each for each in found if each.kind == "string" and each.values is not None]
    if len(words) < 2:
        return found
    values = frozenset[str]().union(*(each.values or () for each in words))
    return [*(each for each in found if each not in words), Shape("string", {"enum": sorted(values)}, None)]


def _shapes(document: Document, schema: Schema, name: str | None) -> Iterator[Shape]:
    if schema.get("nullable") or schema.get("x-null-on-wire"):
        yield Shape("null", _NULL, None)
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REFERENCE)
        yield from _shapes(document, document["components"]["schemas"][name], name)
        return
    if len(schema.get("allOf", ())) == 1:
        yield from _shapes(document, schema["allOf"][0], name)
        return
    assert "allOf" not in schema, f"{name}: nobody has needed several schemas at once yet"
    either = schema.get("anyOf") or schema.get("oneOf")
    if either is None:
        yield Shape(_kind(schema), schema, name, _tags(document, schema))
    for each in either or ():
        yield from _shapes(document, each, None)


def _tags(document: Document, schema: Schema) -> frozenset[str]:
    said = schema.get("properties", {}).get("type")
    words = [each.values for each in shapes(document, said) if each.kind != "null"] if said else []
    return words[0] if len(words) == 1 and words[0] else frozenset()


def _kind(schema: Schema) -> str:
    if "type" in schema:
        kind: str = schema["type"]
        return kind
    if "properties" in schema:
        return "object"
    return "string" if "enum" in schema or "const" in schema else "any"
