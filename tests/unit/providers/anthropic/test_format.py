"""The format as a whole."""

from typing import Any

import pytest

from everloop.domain.capabilities import Capabilities
from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest, PreparedCall, Secret
from everloop.errors import FailureKind, Unprocessable
from everloop.providers.anthropic.format import AnthropicFormat
from everloop.providers.capabilities import check
from everloop.providers.formats import FORMATS

WIRE = AnthropicFormat()
URL = "https://api.anthropic.com/v1/messages"


def call(temperature: float = 1.0) -> PreparedCall:
    return WIRE.prepare(GenerationRequest(ModelConfig("claude-haiku-4-5", temperature=temperature), "Hi"))


def test_it_is_registered():
    assert isinstance(FORMATS["anthropic"], AnthropicFormat)


def test_what_it_has_a_place_for():
    assert WIRE.capabilities == Capabilities(
        images=True,
        tools=True,
        tool_choice=True,
        json_schema=True,
        reasoning_effort=True,
        reasoning_tokens=True,
        stop=True,
    )


@pytest.mark.parametrize(
    ("config", "asked", "words"),
    [
        ({"seed": 1}, {}, "`seed`"),
        ({"presence_penalty": 0.5}, {}, "`presence_penalty`"),
        ({"response_format": {"type": "json_object"}}, {}, "json_object"),
        ({}, {"logprobs": 1}, "`logprobs`"),
        ({}, {"suffix": "x"}, "`suffix`"),
    ],
)
def test_what_it_has_no_place_for_is_refused_in_words(config: dict[str, Any], asked: dict[str, Any], words: str):
    wanted = GenerationRequest(ModelConfig("claude-haiku-4-5", **config), "Hi", **asked)
    with pytest.raises(Unprocessable, match=f"Anthropic cannot do .*{words}"):
        check(wanted, WIRE.capabilities, "Anthropic")


def test_headers():
    assert WIRE.headers(URL, call(), Secret("sk-ant-1")) == {
        "Authorization": "Bearer sk-ant-1",
        "anthropic-version": "2026-10-21",
    }
    assert WIRE.headers(URL, call(0.5), None) == {"anthropic-version": "2023-06-01"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"type": "error", "error": {"type": "rate_limit_error", "message": "No"}}', FailureKind.RATE_LIMIT),
        (b'{"type": "message", "content": []}', FailureKind.MALFORMED),
        (b"[]", FailureKind.MALFORMED),
        (b"", FailureKind.MALFORMED),
    ],
)
def test_what_comes_instead_of_a_stream(body: bytes, kind: FailureKind):
    assert WIRE.unstreamed("Anthropic", body).kind is kind
