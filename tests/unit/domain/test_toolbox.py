from dataclasses import replace
from typing import Any

import pytest

from everloop.domain.config import ConfigVersion, ModelConfig
from everloop.domain.ids import ConfigId, ProjectId, ToolId
from everloop.domain.organisation_tool import OrganisationTool, ToolKind
from everloop.domain.toolbox import Toolbox, links, uses
from everloop.errors import UnknownTool

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
