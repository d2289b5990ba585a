import pytest

from reference.words import cell, kind

NULL = {"type": "null"}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "format": "date-time"}, "time"),
        ({"type": "string", "minLength": 1, "maxLength": 1000}, "text (1 to 1,000 characters)"),
        ({"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}, "whole number"),
        ({"type": "integer", "minimum": 0}, "whole number (not negative)"),
        ({"type": "number", "minimum": 1, "maximum": 100}, "number (1 to 100)"),
        ({"type": "array", "items": {"type": "boolean"}, "maxItems": 4}, "list of true or false (at most 4 items)"),
        ({"type": "array"}, "list"),
        ({"type": "object"}, "object"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "object of text"),
        ({"$ref": "#/components/schemas/LogResponse"}, "[LogResponse](schemas.md#logresponse)"),
        ({"anyOf": [{"type": "string"}, NULL, {"type": "string"}]}, "text or null"),
        ({"allOf": [{"type": "object"}]}, "object"),
        ({"enum": ["auto", 1]}, '`"auto"`, `1`'),
        ({"const": "model"}, '`"model"`'),
        ({"type": ["string", "null"]}, "text or null"),
        ({}, "anything"),
    ],
)
def test_what_a_value_may_be(schema: dict[str, object], words: str):
    assert kind(schema) == words


def test_a_cell_is_one_line_without_bars():
    assert cell("one |\n  other") == r"one \| other"
