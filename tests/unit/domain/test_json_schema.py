import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.json_schema import Flaw, flaw_in

KEYWORDS = [
    *("type", "properties", "required", "items", "enum", "anyOf", "allOf", "oneOf", "not", "if", "then", "else"),
    *("additionalProperties", "description", "title", "format", "pattern", "minimum", "maximum", "multipleOf"),
    *(
        "exclusiveMinimum",
        "minLength",
        "maxItems",
        "minProperties",
        "uniqueItems",
        "deprecated",
        "$defs",
        "prefixItems",
    ),
    *("dependentRequired", "dependentSchemas", "patternProperties", "propertyNames", "contains", "examples", "const"),
    *("default", "x-our-own", "$comment", "contentSchema", "unevaluatedProperties", "readOnly", "definitions"),
]
WORDS = st.sampled_from(["object", "string", "array", "number", "a", "b", ""])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from([-0.5, 0.5, 2.0]), WORDS)


def nested(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    schemas = st.dictionaries(st.sampled_from(KEYWORDS), values, max_size=4)
    return st.one_of(schemas, schemas, st.lists(values, max_size=3), st.dictionaries(WORDS, values, max_size=2))


SCHEMAS = st.dictionaries(st.sampled_from(KEYWORDS), st.recursive(LEAVES, nested, max_leaves=12), max_size=4)


def official(schema: Any) -> bool:
    """What the draft's own schema of schemas says."""
    validator = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
    return validator.is_valid(schema)


@given(SCHEMAS)
def test_what_is_a_schema_is_what_the_draft_says(schema: dict[str, Any]):
    assert (flaw_in(schema) is None) == official(schema), json.dumps(schema)


@pytest.mark.parametrize(
    ("schema", "path", "word"),
    [
        ([], (), "object"),
        ({"type": "strin"}, ("type",), "string"),
        ({"type": []}, ("type",), "list"),
        ({"type": ["string", "string"]}, ("type",), "list"),
        ({"type": 7}, ("type",), "one of"),
        ({"properties": ["city"]}, ("properties",), "object of schemas"),
        ({"properties": {"city": "string"}}, ("properties", "city"), "a schema is an object"),
        ({"properties": {"city": {"minLength": -1}}}, ("properties", "city", "minLength"), "0 or more"),
        ({"required": "city"}, ("required",), "list of names"),
        ({"required": ["city", "city"]}, ("required",), "once"),
        ({"anyOf": []}, ("anyOf",), "at least one"),
        ({"anyOf": [{}, {"items": 1}]}, ("anyOf", 1, "items"), "object"),
        ({"enum": "a"}, ("enum",), "list of values"),
        ({"multipleOf": 0}, ("multipleOf",), "above 0"),
        ({"uniqueItems": 1}, ("uniqueItems",), "true or false"),
        ({"$ref": "#/$defs/none"}, ("$ref",), "#/$defs/none"),
        ({"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}}}, ("$defs", "a", "not", "$ref"), "nothing"),
        ({"dependentRequired": {"a": "b"}}, ("dependentRequired",), "lists of names"),
    ],
)
def test_a_flaw_says_where_and_what(schema: Any, path: tuple[str | int, ...], word: str):
    flaw = flaw_in(schema)
    assert flaw is not None
    assert flaw.path == path
    assert word in flaw.message


def test_an_index_of_any_length_leads_nowhere():
    reference = "#/anyOf/" + "9" * 10_000
    flaw = flaw_in({"anyOf": [{"$ref": reference}]})
    assert flaw is not None
    assert flaw.path == ("anyOf", 0, "$ref")
    assert len(flaw.message) < 300


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "object", "properties": {"type": {"type": ["string", "null"], "description": "a name of a keyword"}}},
        {"$defs": {"a/b~c": {}, "list": {}}, "$ref": "#/$defs/a~1b~0c"},
        {"anyOf": [{}], "properties": {"x": {"$ref": "#/anyOf/0"}, "self": {"$ref": "#"}}},
        {"$ref": "https://example.com/other"},
        {"minLength": 2.0, "pattern": r"^\p{L}+$", "x-anything": {"type": 7}},
    ],
)
def test_no_flaw(schema: Any):
    assert flaw_in(schema) is None


def test_a_flaw_deep_below_is_found():
    schema: Any = {"type": "none"}
    for _ in range(190):
        schema = {"not": schema}
    assert flaw_in(schema) == Flaw((*["not"] * 190, "type"), flaw_in({"type": "none"}).message)  # type: ignore[union-attr]
