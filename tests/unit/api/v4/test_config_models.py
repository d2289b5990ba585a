import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from everloop.api.v4.config_models import ModelConfigRequest
from everloop.api.v4.config_view import model_config
from everloop.domain.config import ConfigVersion, Endpoint, ModelConfig, fingerprint
from everloop.domain.ids import ConfigId, ProjectId, ToolId
from everloop.domain.organisation_tool import OrganisationTool, ToolKind
from everloop.domain.toolbox import NO_TOOLS, Toolbox
from tests.contract_v4.answers import check_schema

texts = st.text(max_size=20)
names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | numbers | texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=10,
)
objects = st.dictionaries(texts, json_values, max_size=3)

tool_calls = st.fixed_dictionaries(
    {"id": names, "type": st.just("function"), "function": st.fixed_dictionaries({"name": names, "arguments": texts})}
)
parts = st.fixed_dictionaries({"type": st.just("text"), "text": texts}) | st.fixed_dictionaries(
    {"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": texts}, optional={"detail": st.none()})}
)
messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool"])},
    optional={
        "content": st.none() | texts | st.lists(parts, max_size=2),
        "name": st.none() | names,
        "tool_call_id": st.none() | names,
        "tool_calls": st.none() | st.lists(tool_calls, max_size=2),
        "tool_call": st.none() | st.fixed_dictionaries({"name": names}, optional={"arguments": texts}),
    },
)
tools = st.fixed_dictionaries(
    {"name": names},
    optional={
        "description": st.none() | texts,
        "parameters": st.none() | objects,
        "source": st.sampled_from([None, "", "inline"]),
        "strict": st.none() | st.booleans(),
        "other": st.none() | objects,
        "type": st.just("tool"),
    },
)
bodies = st.fixed_dictionaries(
    {"model": names},
    optional={
        "provider": st.sampled_from([None, "openai", "mock", "anthropic", "groq"]),
        "max_tokens": st.none() | st.integers(-1, 2**63 - 1),
        "temperature": st.none() | numbers,
        "top_p": st.none() | numbers,
        "stop": st.none() | texts | st.lists(texts, max_size=3),
        "presence_penalty": st.none() | numbers,
        "frequency_penalty": st.none() | numbers,
        "other": st.none() | objects,
        "seed": st.none() | st.integers(-(2**63), 2**63 - 1),
        "response_format": st.none() | st.fixed_dictionaries({"type": st.just("json_schema"), "json_schema": objects}),
        "endpoint": st.sampled_from([None, "complete", "chat"]),
        "prompt_template": st.none() | texts,
        "chat_template": st.none() | st.lists(messages, max_size=3),
        "tools": st.none() | st.lists(tools, max_size=2),
        "reasoning_effort": st.sampled_from([None, "low", 1024]),
        "name": st.none() | names,
    },
)


def version(config: ModelConfig) -> ConfigVersion:
    return ConfigVersion(ConfigId("config_1"), ProjectId("pr_1"), config, fingerprint(config), 0)


@given(bodies)
@example({"model": "m", "tools": [{"name": "t", "strict": False}]})
@example({"model": "m", "tools": [{"name": "t", "strict": True, "other": {"a": 1}}]})
def test_any_config_comes_back_as_it_was_registered(body):
    config = ModelConfigRequest.model_validate(body).config()
    stored = msgspec.json.decode(msgspec.json.encode(config), type=ModelConfig)

    shown = model_config(version(stored), NO_TOOLS).model_dump(mode="json")

    check_schema(shown, "ModelConfigResponse")
    again = ModelConfigRequest.model_validate(shown).config()
    assert again == config
    assert fingerprint(again) == fingerprint(config)
    given_back = ("model", "provider", "temperature", "seed", "prompt_template", "endpoint", "other", "response_format")
    for name in given_back:
        if body.get(name) is not None:
            assert shown[name] == body[name]


@given(bodies, st.dictionaries(st.sampled_from(["provider_api_keys", "projectId", "id", "x"]), json_values))
def test_keys_that_are_not_known_and_nulls_change_nothing(body, more):
    nulls = {name: None for name in ("stop", "seed", "tools", "type") if name not in body}

    assert ModelConfigRequest.model_validate(body | more | nulls).config() == (
        ModelConfigRequest.model_validate(body).config()
    )


@pytest.mark.parametrize(
    ("body", "endpoint"),
    [
        ({}, Endpoint.COMPLETE),
        ({"prompt_template": "x"}, Endpoint.COMPLETE),
        ({"chat_template": [{"role": "system"}]}, Endpoint.CHAT),
        ({"chat_template": [{"role": "system"}], "prompt_template": "x"}, Endpoint.COMPLETE),
        ({"chat_template": [{"role": "system"}], "endpoint": "complete"}, Endpoint.COMPLETE),
        ({"endpoint": "chat"}, Endpoint.CHAT),
        ({"chat_template": []}, Endpoint.COMPLETE),
    ],
)
def test_the_endpoint_when_nobody_says(body, endpoint):
    assert ModelConfigRequest.model_validate({"model": "m", **body}).config().endpoint is endpoint


def test_a_tool_has_the_same_id_wherever_it_is_shown():
    def shown(tool):
        config = ModelConfigRequest.model_validate({"model": "m", "tools": [tool]}).config()
        return model_config(version(config), NO_TOOLS).tools[0].id

    assert shown({"name": "f", "parameters": {"a": 1, "b": 2}}) == shown(
        {"parameters": {"b": 2, "a": 1.0}, "name": "f"}
    )
    assert shown({"name": "f"}) != shown({"name": "g"})
    assert shown({"name": "f", "id": "tool_old"}) == shown({"name": "f"})
    assert shown({"id": "oc_1", "source": "organization"}) == "oc_1"


@given(tools, texts)
def test_a_link_is_the_same_config_whatever_is_sent_beside_it(beside, description):
    link = {"id": "oc_1", "source": "organization"}
    alone, more = (
        ModelConfigRequest.model_validate({"model": "m", "tools": [each]}).config() for each in (link, beside | link)
    )
    assert (alone, fingerprint(alone)) == (more, fingerprint(more))
    tool = OrganisationTool(ToolId("oc_1"), ToolKind.FUNCTION, "now", 1, 1, description, {"title": description})
    shown = model_config(version(alone), Toolbox.of([tool])).model_dump(mode="json")
    check_schema(shown, "ModelConfigResponse")
    (described,), (old,) = shown["tools"], shown["tool_configs"]
    assert described == {
        "id": "oc_1",
        "source": "organization",
        "name": "now",
        "description": description,
        "parameters": {"title": description},
        "strict": None,
        "other": None,
    }
    assert (old["id"], old["name"], old["source"]) == ("oc_1", "now", "organization")
    # What is shown can be registered again, and is the same config.
    assert ModelConfigRequest.model_validate(shown).config() == alone


@pytest.mark.parametrize("tool", [{}, {"id": "x"}, {"source": "organization"}, {"name": ""}, {"name": 7}])
def test_a_tool_without_a_name(tool):
    with pytest.raises(ValidationError):
        ModelConfigRequest.model_validate({"model": "m", "tools": [tool]})
