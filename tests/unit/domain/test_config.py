from dataclasses import fields, replace
from typing import Any

import pytest

from everloop.domain.config import LoggedConfig, LoggedType, ModelConfig, canonical_json, fingerprint


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1.0, 2.5, True, None]}, '{"a":[1,2.5,true,null],"b":1}'),
        ({"é": "ü"}, '{"\\u00e9":"\\u00fc"}'),
        ((1, {"x": (2,)}), '[1,{"x":[2]}]'),
        (-0.0, "0"),
        (10**30, "1" + "0" * 30),
        (1e22, "10000000000000000000000"),
    ],
)
def test_one_text_per_json_value(value, text):
    assert canonical_json(value) == text


def test_defaults_and_number_types_do_not_make_a_version():
    spelt_out = ModelConfig(model="m", temperature=1, top_p=1, max_tokens=-1, other={}, tools=())
    assert fingerprint(spelt_out) == fingerprint(ModelConfig(model="m"))


def test_true_and_one_are_different_values():
    assert fingerprint(ModelConfig(model="m", other={"x": True})) != fingerprint(ModelConfig(model="m", other={"x": 1}))


CHANGED: dict[str, Any] = {
    "model": "n",
    "provider": "mock",
    "endpoint": "chat",
    "prompt_template": "",
    "chat_template": (),
    "template_language": "jinja",
    "tools": ({"name": "t"},),
    "max_tokens": 1,
    "temperature": 0.5,
    "top_p": 0.5,
    "stop": ("x",),
    "presence_penalty": 0.1,
    "frequency_penalty": 0.1,
    "other": {"x": 1},
    "seed": 0,
    "response_format": {"type": "json_object"},
    "reasoning_effort": "low",
}


def test_the_table_of_changes_names_every_field():
    assert set(CHANGED) == {each.name for each in fields(ModelConfig)}


@pytest.mark.parametrize("name", CHANGED)
def test_every_functional_field_is_part_of_the_identity(name):
    changed = replace(ModelConfig(model="m"), **{name: CHANGED[name]})
    assert fingerprint(changed) != fingerprint(ModelConfig(model="m"))


def test_configs_of_other_types_are_told_apart_by_type_and_content():
    one = LoggedConfig(LoggedType.GENERIC, {"name": "n", "other": {"a": 1, "b": 2}})
    assert fingerprint(one) == fingerprint(LoggedConfig(LoggedType.GENERIC, {"other": {"b": 2.0, "a": 1}, "name": "n"}))
    others = [LoggedConfig(LoggedType.TOOL, one.content), LoggedConfig(LoggedType.GENERIC, {"name": "n"})]
    assert len({fingerprint(each) for each in (one, *others)}) == 3
