from typing import Any

import pytest

from everloop.domain.config import ConfigVersion, Endpoint, ModelConfig
from everloop.domain.document import Document
from everloop.domain.ids import ConfigId, ProjectId
from everloop.domain.reference import ProjectReference
from everloop.errors import BadRequest, InvalidFields, MissingInputs
from everloop.services.ask import request_of
from everloop.services.command import Chat, CompletionCommand

USER = {"role": "user", "content": "{{it}}"}


def asked(config: ModelConfig, chat: Chat | None = None, **changes: Any):
    command = CompletionCommand(
        project=ProjectReference("p"), inputs=Document({"it": "x"}, b'{"it":"x"}'), chat=chat, **changes
    )
    return request_of(command, ConfigVersion(ConfigId("config_1"), ProjectId("pr_1"), config, "f", 0), 3, streamed=True)


def test_a_completion_has_a_prompt_and_no_messages():
    config = ModelConfig("m", prompt_template="Say {{it}}", tools=({"name": "f"},))
    request = asked(config, user="u", seed=1, logprobs=2, suffix="s")
    assert (request.config, request.prompt, request.messages) == (config, "Say x", None)
    assert (request.samples, request.streamed, request.user, request.seed) == (3, True, "u", 1)
    assert (request.logprobs, request.suffix, request.tool_choice) == (2, "s", None)


def test_a_completion_needs_a_prompt_template():
    with pytest.raises(BadRequest, match="config_1"):
        asked(ModelConfig("m"))


def test_a_chat_is_the_filled_template_and_then_its_own_messages():
    config = ModelConfig(
        "m",
        endpoint=Endpoint.CHAT,
        chat_template=({"role": "system", "content": "Be {{it}}."},),
        tools=({"name": "f"},),
    )
    request = asked(config, Chat((USER,), tool_choice="required"), user="u", seed=1)
    assert request.messages == ({"role": "system", "content": "Be x."}, USER)
    assert (request.config, request.prompt, request.tool_choice) == (config, "Be x.\n{{it}}", "required")
    assert (request.samples, request.streamed, request.user, request.seed) == (3, True, "u", 1)


def test_a_chats_wishes_go_before_the_configs_and_only_they():
    config = ModelConfig("m", response_format={"type": "json_object"}, reasoning_effort="low", temperature=0.5)
    wished = asked(config, Chat((USER,), response_format={"type": "json_schema"}, reasoning_effort=0)).config
    assert (wished.response_format, wished.reasoning_effort, wished.temperature) == ({"type": "json_schema"}, 0, 0.5)
    wished = asked(config, Chat((USER,), reasoning_effort="high")).config
    assert (wished.response_format, wished.reasoning_effort) == ({"type": "json_object"}, "high")


def test_a_chat_without_a_message_or_with_a_tool_that_is_not_there_is_refused():
    with pytest.raises(InvalidFields) as caught:
        asked(ModelConfig("m", chat_template=()), Chat(()))
    assert caught.value.issues[0].location == ("body", "messages")
    with pytest.raises(InvalidFields) as caught:
        asked(ModelConfig("m"), Chat((USER,), tool_choice="required"))
    assert caught.value.issues[0].location == ("body", "tool_choice")
    with pytest.raises(MissingInputs):
        asked(ModelConfig("m", chat_template=({"role": "user", "content": "{{other}}"},)), Chat((USER,)))
