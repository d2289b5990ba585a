"""A version of a prompt becomes the config that v4 would have made of the same words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.api.v4.config_models import ModelConfigRequest
from everloop.domain.config import Endpoint
from everloop.domain.ids import ProjectId
from everloop.imports.humanloop.configs import config_version, left_of_version
from everloop.imports.humanloop.shapes import Unmappable
from tests.exported import version

PROJECT = ProjectId("pr_1")

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
names = texts.filter(bool)
numbers = st.floats(-2, 2, allow_nan=False)
objects = st.dictionaries(names, st.none() | st.integers(-9, 9) | texts, max_size=2)
calls = st.fixed_dictionaries(
    {"id": names, "type": st.just("function"), "function": st.fixed_dictionaries({"name": names, "arguments": texts})}
)
parts = st.fixed_dictionaries({"type": st.just("text"), "text": texts}) | st.fixed_dictionaries(
    {"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": names, "detail": st.just("low")})}
)
messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool"])},
    optional={
        "content": st.none() | texts | st.lists(parts, min_size=1, max_size=2),
        "name": st.none() | names,
        "tool_call_id": names,
        "tool_calls": st.lists(calls, max_size=2),
    },
)
tools = st.fixed_dictionaries(
    {"name": names}, optional={"description": names, "strict": st.booleans(), "parameters": objects}
)
settings = st.fixed_dictionaries(
    {"model": names},
    optional={
        "provider": st.none() | names,
        "max_tokens": st.none() | st.integers(-1, 9_000),
        "temperature": st.none() | numbers,
        "top_p": st.none() | numbers,
        "stop": st.none() | texts | st.lists(texts, max_size=3),
        "presence_penalty": st.none() | numbers,
        "frequency_penalty": st.none() | numbers,
        "other": st.none() | objects,
        "seed": st.none() | st.integers(-(2**63), 2**63 - 1),
        "response_format": st.none() | st.just({"type": "json_object"}),
        "reasoning_effort": st.none() | st.sampled_from(["high", "medium", "low"]) | st.integers(0, 9_000),
        "template_language": st.none() | st.sampled_from(["default", "jinja"]),
        "tools": st.none() | st.lists(tools, max_size=2),
    },
)


@given(settings, texts)
def test_a_completion_is_the_config_that_v4_makes_of_the_same_words(said: dict[str, Any], template: str):
    exported = version("prv_1", provider=None, template=template, endpoint="complete") | said
    asked = ModelConfigRequest(**said, prompt_template=template, endpoint="complete").config()
    assert config_version(PROJECT, exported).config == asked


@given(settings, st.lists(messages, max_size=3))
def test_a_chat_is_the_config_that_v4_makes_of_the_same_words(said: dict[str, Any], template: list[dict[str, Any]]):
    exported = version("prv_1", provider=None, template=template, endpoint="chat") | said
    asked = ModelConfigRequest.model_validate(said | {"chat_template": template, "endpoint": "chat"}).config()
    assert config_version(PROJECT, exported).config == asked


def test_labels_id_and_time_are_kept():
    made = config_version(PROJECT, version("prv_1", version_name="first", commit_message="tried", template="x"))
    assert (made.id, made.project_id, made.name, made.description) == ("prv_1", PROJECT, "first", "tried")
    assert made.created_at == 1_740_996_000_000


@pytest.mark.parametrize(("template", "endpoint"), [("text", Endpoint.COMPLETE), ([], Endpoint.CHAT)])
def test_without_an_endpoint_the_template_says_it(template: object, endpoint: Endpoint):
    assert config_version(PROJECT, version("prv_1", template=template, endpoint=None)).config.endpoint is endpoint


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"template_language": "mustache"}, "unknown language 'mustache'"),
        ({"endpoint": "edit", "template": "x"}, "'edit'"),
        ({"endpoint": "chat", "template": "x"}, "another kind than its endpoint, 'chat'"),
        ({"endpoint": "complete", "template": []}, "another kind than its endpoint, 'complete'"),
        ({"endpoint": "chat", "template": [{"role": "poet"}]}, "role"),
        ({"model": 1}, r"\$\.model"),
        ({"version_id": ""}, r"\$\.version_id"),
        ({"created_at": "1969-12-31T00:00:00"}, "not between 1970"),
        ({"seed": 2**63}, "seed"),
    ],
)
def test_what_cannot_be_a_config_says_why(wrong: dict[str, Any], said: str):
    with pytest.raises(Unmappable, match=said):
        config_version(PROJECT, version("prv_1") | wrong)


def test_keys_that_say_something_new_are_told_and_others_are_not():
    left = left_of_version(version("prv_1", template="x", colour="red", attributes={}, last_used_at="now"))
    assert [each.what for each in left] == ["`colour` of a prompt version"]
