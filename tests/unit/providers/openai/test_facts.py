"""What is known about models."""

import pytest

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
