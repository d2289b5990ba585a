"""Tools; most is compared with Google's own client in tests/contract/providers/official."""

from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.providers.google.tools import written


def test_a_choice_without_tools_is_not_told():
    assert written(GenerationRequest(ModelConfig("m"), "Hi", tool_choice="none")) == {}


def test_tools_in_other_can_be_chosen_from():
    config = ModelConfig("m", other={"tools": [{"functionDeclarations": [{"name": "add"}]}]})
    asked = GenerationRequest(config, "Hi", tool_choice="required")
    assert written(asked) == {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}
