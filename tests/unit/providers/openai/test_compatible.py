"""Servers that speak the format and are not OpenAI."""

import json
from dataclasses import replace
from typing import Any

import pytest

from everloop.domain.capabilities import ALL, without
from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, Secret
from everloop.errors import Unprocessable
from everloop.providers.openai.azure import AzureFormat
from everloop.providers.openai.compatible import CompatibleFormat
from everloop.providers.openai.format import OpenAiFormat

NOTHING: frozenset[str] = frozenset()
FULL = CompatibleFormat(ALL, NOTHING)


def asked(model: str = "llama", samples: int = 1, **config: Any) -> GenerationRequest:
    return GenerationRequest(config=ModelConfig(model=model, **config), prompt="Hi", samples=samples, user="ada")


def body(wire: OpenAiFormat, request: GenerationRequest) -> dict[str, Any]:
    call = wire.prepare(request)
    assert call.request is request
    found: dict[str, Any] = json.loads(call.body)
    return found


def test_what_says_nothing_is_not_said():
    assert body(FULL, asked()) == {
        "model": "llama",
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 1.0,
        "top_p": 1.0,
        "stream": False,
        "user": "ada",
    }


def test_what_says_something_is_said():
    said = body(FULL, asked(samples=2, presence_penalty=0.5))
    assert (said["n"], said["presence_penalty"]) == (2, 0.5)
    assert "frequency_penalty" not in said


def test_fields_that_the_server_does_not_know_stay_away_unless_the_config_wants_them():
    wire = CompatibleFormat(ALL, frozenset({"user", "stream_options"}))
    streamed = replace(asked(), streamed=True)
    assert not {"user", "stream_options"} & body(wire, streamed).keys()
    assert body(FULL, streamed)["stream_options"] == {"include_usage": True}
    wanted = replace(streamed, config=ModelConfig(model="llama", other={"user": "grace", "top_k": 3}))
    assert (body(wire, wanted)["user"], body(wire, wanted)["top_k"]) == ("grace", 3)


def test_a_server_without_completions_gets_chats():
    chatty = CompatibleFormat(without("completions"), NOTHING)
    assert chatty.prepare(asked("davinci-002")).path == "/chat/completions"
    assert FULL.prepare(asked("davinci-002")).path == "/completions"
    assert FULL.prepare(asked(other={"api": "completions"})).path == "/completions"
    with pytest.raises(Unprocessable, match="no legacy completions"):
        chatty.prepare(asked(other={"api": "completions"}))


def test_responses_are_for_those_who_ask():
    assert FULL.prepare(asked("o1-pro")).path == "/chat/completions"
    assert OpenAiFormat().prepare(asked("o1-pro")).path == "/responses"
    assert FULL.prepare(asked("o1-pro", other={"api": "responses"})).path == "/responses"


def test_azure_has_a_header_of_its_own():
    call = AzureFormat().prepare(asked("my-deployment"))
    assert call.path == "/chat/completions"
    assert AzureFormat().headers("", call, Secret("az-1")) == {"api-key": "az-1"}
    assert AzureFormat().headers("", call, None) == {}
