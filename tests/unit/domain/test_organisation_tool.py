from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.ids import ToolId
from everloop.domain.organisation_tool import MOST_SNIPPETS, OrganisationTool, ToolChange, ToolKind
from everloop.errors import InvalidFields

FUNCTION = OrganisationTool(
    ToolId("oc_1"), ToolKind.FUNCTION, "get_weather", 1, 1, "Of today.", {"type": "object"}, strict=True
)
SNIPPETS = OrganisationTool(ToolId("oc_2"), ToolKind.SNIPPETS, "snippet", 1, 1, snippets={"a": "A", "b": "B"})


def test_a_change_of_nothing():
    for tool in (FUNCTION, SNIPPETS):
        assert ToolChange().applied(tool, 5) == replace(tool, updated_at=5)


def test_a_function_changes():
    change = ToolChange("weather", "", {}, strict=False)
    assert change.applied(FUNCTION, 5) == OrganisationTool(
        ToolId("oc_1"), ToolKind.FUNCTION, "weather", 1, 5, "", {}, strict=False
    )


TEXTS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["", "x", "y"]))
CHANGES = st.dictionaries(st.sampled_from("abcd"), st.none() | st.sampled_from(["", "x", "y"]))


@given(TEXTS, st.lists(CHANGES, max_size=4))
def test_snippets_are_set_and_go_by_their_keys(texts: dict[str, str], changes: list[dict[str, str | None]]):
    tool, model = replace(SNIPPETS, snippets=texts), dict(texts)
    for change in changes:
        tool = ToolChange(snippets=change).applied(tool, 5)
        for key, text in change.items():
            model.pop(key, None)
            if text is not None:
                model[key] = text
    assert tool.snippets == model


@pytest.mark.parametrize(
    ("tool", "change", "location", "word"),
    [
        (FUNCTION, ToolChange(snippets={}), ("snippets",), "no `snippets`"),
        (SNIPPETS, ToolChange(parameters={}), ("parameters",), "no `parameters`"),
        (SNIPPETS, ToolChange(strict=False), ("strict",), "no `strict`"),
        (FUNCTION, ToolChange(parameters={"type": "x"}), ("parameters", "type"), "no JSON schema"),
        (FUNCTION, ToolChange(parameters={"type": "string"}), ("parameters", "type"), "object"),
        (FUNCTION, ToolChange(parameters={"properties": {"a": 1}}), ("parameters", "properties", "a"), "schema"),
        (SNIPPETS, ToolChange(snippets={"": "x"}), ("snippets", ""), "1 to 200"),
        (SNIPPETS, ToolChange(snippets={"x" * 999: "x"}), ("snippets", "x" * 200), "1 to 200"),
        (
            FUNCTION,
            ToolChange(parameters={"properties": {"x" * 999: 1}}),
            ("parameters", "properties", "x" * 200),
            "schema",
        ),
        (SNIPPETS, ToolChange(snippets={" a": "x"}), ("snippets", " a"), "space"),
        (SNIPPETS, ToolChange(snippets={'a"': "x"}), ("snippets", 'a"'), "quotes"),
        (SNIPPETS, ToolChange(snippets={"a\n": "x"}), ("snippets", "a\n"), "control"),
        (SNIPPETS, ToolChange(snippets={str(each): "" for each in range(MOST_SNIPPETS)}), ("snippets",), "1000"),
    ],
)
def test_a_change_that_is_refused(tool: OrganisationTool, change: ToolChange, location: tuple[str, ...], word: str):
    with pytest.raises(InvalidFields) as refused:
        change.applied(tool, 5)
    (issue,) = refused.value.issues
    assert issue.location == ("body", *location)
    assert word in issue.message


def test_all_fields_of_another_kind_are_told_at_once():
    with pytest.raises(InvalidFields) as refused:
        ToolChange(parameters={}, strict=True).applied(SNIPPETS, 5)
    assert [each.location[1] for each in refused.value.issues] == ["parameters", "strict"]
