"""Tools, and which of them are wanted."""

from typing import Any

import pytest

from everloop.providers.anthropic.tools import choice, tools


def test_a_tool_has_a_schema():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    whole = {"name": "add", "description": "Adds.", "parameters": schema, "strict": True, "source": "inline"}
    assert tools([whole, {"name": "now", "description": None}]) == [
        {"name": "add", "description": "Adds.", "strict": True, "input_schema": schema},
        {"name": "now", "input_schema": {"type": "object", "properties": {}}},
    ]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (None, None),
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "add"}}, {"type": "tool", "name": "add"}),
    ],
)
def test_choices(wanted: Any, expected: Any):
    assert choice(wanted) == expected
