from collections.abc import Sequence
from typing import Any

import pytest

from everloop.domain.config import ConfigVersion, Endpoint, ModelConfig
from everloop.domain.document import Document
from everloop.domain.filling import Filling
from everloop.domain.ids import ConfigId, ProjectId
from everloop.domain.reference import ProjectReference
from everloop.domain.template_tool import ToolResult
from everloop.errors import BadRequest, InvalidFields, MissingInputs
from everloop.services.ask import request_of
from everloop.services.command import Chat, CompletionCommand

USER = {"role": "user", "content": "{{it}}"}


class Echo:
    """A template tool that says what it was given."""

    id = "oc_1"

    def knows(self, word: str) -> bool:
        return False

    def run(self, arguments: Sequence[str]) -> str:
        return "+".join(arguments)


def asked(config: ModelConfig, chat: Chat | None = None, **changes: Any):
    command = CompletionCommand(
        project=ProjectReference("p"), inputs=Document({"it": "x"}, b'{"it":"x"}'), chat=chat, **changes
    )
    version = ConfigVersion(ConfigId("config_1"), ProjectId("pr_1"), config, "f", 0)
    filler = Filling(command.inputs.value, {"echo": Echo()})
    return request_of(command, version, filler, 3, streamed=True)


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


def test_a_chats_tools_are_for_a_config_without_any():
    add, own = {"name": "add"}, {"name": "own"}
    chat = Chat((USER,), tools=(add,), tool_choice={"type": "function", "function": {"name": "add"}})
    request = asked(ModelConfig("m"), chat, logprobs=2)
    assert (request.config.tools, request.tool_choice, request.logprobs) == ((add,), chat.tool_choice, 2)
    for config in (ModelConfig("m", tools=(own,)), ModelConfig("m", other={"tools": [own]})):
        assert asked(config, Chat((USER,), tools=(add,))).config.tools == config.tools
    with pytest.raises(InvalidFields, match="'add', but only own"):
        asked(ModelConfig("m", tools=(own,)), chat)


def test_a_chat_without_a_message_or_with_a_tool_that_is_not_there_is_refused():
    with pytest.raises(InvalidFields) as caught:
        asked(ModelConfig("m", chat_template=()), Chat(()))
    assert caught.value.issues[0].location == ("body", "messages")
    with pytest.raises(InvalidFields) as caught:
        asked(ModelConfig("m"), Chat((USER,), tool_choice="required"))
    assert caught.value.issues[0].location == ("body", "tool_choice")
    with pytest.raises(MissingInputs):
        asked(ModelConfig("m", chat_template=({"role": "user", "content": "{{other}}"},)), Chat((USER,)))


def test_the_missing_inputs_of_all_messages_are_named_at_once():
    template = (
        {"role": "system", "content": "{{b}}"},
        {"role": "user", "content": [{"type": "text", "text": "{{a}} {{it}}"}]},
    )
    with pytest.raises(MissingInputs) as caught:
        asked(ModelConfig("m", chat_template=template), Chat(()))
    assert caught.value.names == ("a", "b")


def test_tools_that_ran_are_told_of_completions_and_chats():
    told = (ToolResult("oc_1", "echo", 'echo("a", it)', "a+x"),)
    completion = asked(ModelConfig("m", prompt_template='{{ echo("a", it) }} {{ echo("a", it) }}'))
    assert (completion.prompt, completion.tool_results) == ("a+x a+x", told)
    template = tuple({"role": "system", "content": '{{echo("a", it)}}'} for _ in range(2))
    chat = asked(ModelConfig("m", chat_template=template), Chat(({"role": "user", "content": '{{echo("b")}}'},)))
    assert (chat.prompt, chat.tool_results) == ('a+x\na+x\n{{echo("b")}}', told)
