"""Ask: from a call and its configuration to the provider's request, built for a completion or for a chat."""

from dataclasses import replace

from everloop.domain.config import ConfigVersion, ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.domain.message import filled, text_of
from everloop.domain.tool import check_choice, has_tools
from everloop.errors import BadRequest, InvalidFields
from everloop.services.command import Chat, CompletionCommand
from everloop.services.rendering import Filler


def request_of(
    command: CompletionCommand, version: ConfigVersion, filler: Filler, samples: int, *, streamed: bool
) -> GenerationRequest:
    """The request for so many samples; `filler` is for the templates of the version.

    Raises `MissingInputs`, `Unprocessable`, `InvalidFields`, `BadRequest`.
    """
    if command.chat is not None:
        return _chat(command, command.chat, version.config, filler, samples, streamed=streamed)
    config = version.config
    if config.prompt_template is None:
        raise BadRequest(f"Model config {version.id} has no prompt template to complete.")
    prompt = filler.fill(config.prompt_template)
    return GenerationRequest(
        config=config,
        prompt=prompt,
        samples=samples,
        streamed=streamed,
        user=command.user,
        seed=command.seed,
        logprobs=command.logprobs,
        suffix=command.suffix,
        tool_results=filler.finish(),
    )


def _chat(
    command: CompletionCommand, chat: Chat, config: ModelConfig, filler: Filler, samples: int, *, streamed: bool
) -> GenerationRequest:
    """The template's messages, filled, and after them the call's own, which are left as they are."""
    messages = (*filled(config.chat_template or (), filler.fill), *chat.messages)
    results = filler.finish()
    if not messages:
        raise InvalidFields.one(
            ("body", "messages"), "The config has no chat template, so the call must bring a message at least."
        )
    config = _with_wishes(config, chat)
    check_choice(config, chat.tool_choice)
    return GenerationRequest(
        config=config,
        prompt=text_of(messages),
        samples=samples,
        streamed=streamed,
        user=command.user,
        seed=command.seed,
        logprobs=command.logprobs,
        messages=messages,
        tool_choice=chat.tool_choice,
        tool_results=results,
    )


def _with_wishes(config: ModelConfig, chat: Chat) -> ModelConfig:
    if chat.response_format is None and chat.reasoning_effort is None and not chat.tools:
        return config
    effort = config.reasoning_effort if chat.reasoning_effort is None else chat.reasoning_effort
    return replace(
        config,
        response_format=chat.response_format or config.response_format,
        reasoning_effort=effort,
        tools=config.tools if has_tools(config) else chat.tools,
    )
