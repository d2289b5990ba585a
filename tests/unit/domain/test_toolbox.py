from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.domain.config import ConfigVersion, ModelConfig
from everloop.domain.ids import ConfigId, ProjectId, ToolId
from everloop.domain.toolbox import MOST_SNIPPETS, OrganisationTool, Toolbox, ToolChange, ToolKind, links, uses
from everloop.errors import InvalidFields, UnknownTool

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = OrganisationTool(
    ToolId("oc_1"), ToolKind.FUNCTION, "get_weather", 1, 1, "Of today.", PARAMETERS, strict=True
)
SNIPPETS = OrganisationTool(ToolId("oc_2"), ToolKind.SNIPPETS, "snippet", 1, 1, snippets={"a": "A", "b": "B"})
BOX = Toolbox.of([FUNCTION, SNIPPETS])
LINK = {"id": "oc_1", "source": "organization"}
INLINE = {"name": "add", "parameters": {}}


def linking(*tools: Any) -> ModelConfig:
    return ModelConfig("m", tools=tools)


def a_version(config: ModelConfig) -> ConfigVersion:
    return ConfigVersion(ConfigId("config_1"), ProjectId("pr_1"), config, "same", 1)


def defined(config: ModelConfig, box: Toolbox = BOX) -> ModelConfig:
    version = box.defined(a_version(config))
    assert replace(version, config=config) == a_version(config)
    return version.config


def test_a_config_without_links_is_left_as_it_is():
    for config in (
        linking(),
        linking(INLINE, {"name": "x", "source": "inline"}, {"name": "y", "source": LINK["source"]}),
    ):
        version = a_version(config)
        assert BOX.defined(version) is version
        assert links(config) == []


def test_a_link_gets_its_present_definition():
    config = defined(linking(INLINE, LINK))
    assert config.tools[0] is INLINE
    assert config.tools[1] == {
        **LINK,
        "name": "get_weather",
        "description": "Of today.",
        "parameters": PARAMETERS,
        "strict": True,
    }
    renamed = Toolbox.of([replace(FUNCTION, name="weather", parameters=None, strict=None, description=None)])
    assert defined(linking(LINK), renamed).tools == ({**LINK, "name": "weather"},)


def test_the_definition_goes_before_what_was_sent_beside_the_link():
    assert defined(linking({**LINK, "name": "old"})).tools[0]["name"] == "get_weather"


@pytest.mark.parametrize("tool_id", ["oc_none", "oc_2"])
def test_a_link_that_no_model_can_be_told_of(tool_id: str):
    link = {**LINK, "id": tool_id}
    with pytest.raises(UnknownTool, match=rf"'{tool_id}'.*json_schema"):
        defined(linking(LINK, link))
    assert BOX.missing(linking(LINK, INLINE, link)) == [tool_id]
    assert BOX.shown(link) is link
    # Configs that were kept with a definition beside their link go on as they did.
    kept = {**link, "name": "kept"}
    assert defined(linking(kept)).tools == (kept,)
    assert BOX.missing(linking(kept)) == []


@pytest.mark.parametrize(
    ("config", "function", "snippets"),
    [
        (linking(INLINE, LINK), True, False),
        (linking({**LINK, "id": "oc_2"}), False, False),
        (ModelConfig("m", prompt_template='Hi {{snippet("a")}}'), False, True),
        (ModelConfig("m", prompt_template="{{ x }}{{ snippet(a) }}"), False, True),
        (
            ModelConfig("m", prompt_template="{% if x %}{% set y = snippet ('a') %}", template_language="jinja"),
            False,
            True,
        ),
        (
            ModelConfig("m", prompt_template="snippet(a) {{ my-snippet(a) }} {{ snippets(a) }} {{ snippet }}"),
            False,
            False,
        ),
        (ModelConfig("m", chat_template=({"role": "user", "content": "{{snippet(a)}}"},)), False, True),
        (ModelConfig("m", chat_template=({"content": [{"type": "text", "text": "{{snippet(a)}}"}]},)), False, True),
        (ModelConfig("m", chat_template=({"role": "user", "content": None},)), False, False),
    ],
)
def test_what_a_config_needs(config: ModelConfig, function: bool, snippets: bool):
    assert uses(config, FUNCTION) is function
    assert uses(config, SNIPPETS) is snippets


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
