"""What is known about models."""

from typing import Literal, get_args, get_origin

import pytest
from openai.types import ChatModel, ResponsesModel

from everloop.providers.openai.facts import Api, api_of, reasons, token_limit_field


@pytest.mark.parametrize(
    "model",
    [
        "gpt-3.5-turbo-instruct",
        "gpt-3.5-turbo-instruct-0914",
        "gpt-35-turbo-instruct",
        "babbage-002",
        "davinci-002",
        "ft:babbage-002:acme::abc123",
        "ft:davinci-002:acme:name:abc123",
        "text-davinci-003",
        "text-curie-001",
        "code-davinci-002",
        "davinci",
        "davinci:ft-acme-2023-01-01-00-00-00",
        "openai/gpt-3.5-turbo-instruct",
    ],
)
def test_completion_models(model: str):
    assert api_of(model) is Api.COMPLETIONS
    assert not reasons(model)


@pytest.mark.parametrize(
    "model",
    [
        "gpt-4o",
        "gpt-3.5-turbo",
        "gpt-3.5-turbo-0125",
        "ft:gpt-3.5-turbo-0125:acme::abc123",
        "o1",
        "gpt-5",
        "llama3.2",
        "mistralai/Mistral-7B-Instruct-v0.3",
        "codellama",
        "adapted-model",
        "made-up",
    ],
)
def test_every_other_model_chats(model: str):
    assert api_of(model) is Api.CHAT


@pytest.mark.parametrize(
    "model",
    ["o1", "o1-preview", "o1-mini-2024-09-12", "o3", "o3-mini", "o4-mini", "gpt-5", "gpt-5-mini", "gpt-5.1",
     "ft:o4-mini:a::b", "openai/o3-mini"],
)  # fmt: skip
def test_reasoning_models(model: str):
    assert reasons(model)
    assert token_limit_field(model) == "max_completion_tokens"


@pytest.mark.parametrize("model", ["gpt-4o", "o1ive", "openchat", "gpt-50", "o2", "omni-moderation", "gpt-4.1"])
def test_models_that_only_look_like_them(model: str):
    assert not reasons(model)
    assert token_limit_field(model) == "max_tokens"


def test_the_chat_model_of_a_reasoning_family():
    assert not reasons("gpt-5-chat-latest")
    assert token_limit_field("gpt-5-chat-latest") == "max_completion_tokens"


@pytest.mark.parametrize(
    "model",
    [
        "o1-pro",
        "o1-pro-2025-03-19",
        "o3-pro-2025-06-10",
        "o3-deep-research",
        "o4-mini-deep-research-2025-06-26",
        "computer-use-preview",
        "computer-use-preview-2025-03-11",
        "codex-mini-latest",
        "gpt-5-codex",
        "gpt-5-pro-2025-10-06",
        "gpt-5.1-codex-max",
        "gpt-5.2-pro",
        "gpt-5.5-pro-2026-04-23",
        "gpt-6-cyber",
        "gpt-6-rosalind",
        "gpt-6.2-astra-law",
        "gpt-daybreak-blue-latest",
        "gpt-rosalind-research",
    ],
)
def test_models_that_are_only_in_responses(model: str):
    assert api_of(model) is Api.RESPONSES


@pytest.mark.parametrize(
    "model",
    ["openai/gpt-5-pro", "gpt-5", "gpt-6.2-astra", "o3", "o4-mini", "gpt-5-chat-latest", "my-gpt-5-pro", "o1-preview"],
)
def test_models_that_are_not(model: str):
    assert api_of(model) is Api.CHAT


def test_every_model_that_the_official_package_knows_for_responses_alone_is_called_there():
    alone = {name for part in get_args(ResponsesModel) if get_origin(part) is Literal for name in get_args(part)}
    alone -= set(get_args(ChatModel))
    assert len(alone) > 10
    assert {name for name in alone if api_of(name) is not Api.RESPONSES} == set()
