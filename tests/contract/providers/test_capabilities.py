"""Facts and code agree: what a format has a place for changes the request, and all else is refused by its name."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from everloop.domain.capabilities import ALL, NAMES, Capabilities, without
from everloop.domain.config import ModelConfig
from everloop.domain.generation import GenerationRequest
from everloop.errors import Unprocessable
from everloop.providers.client import HttpClient
from everloop.providers.connection import Connection
from everloop.providers.formats import FORMATS
from everloop.providers.known import KNOWN
from everloop.providers.retry import Retrier
from everloop.providers.vendor import VendorProvider
from everloop.providers.wire import WireFormat
from tests.unit.providers.fakes import RecordedMetrics, StillClock

MODELS: Final = {
    "anthropic": "claude-sonnet-4-5",
    "azure": "gpt-4o",
    "bedrock": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "cohere": "command-a-03-2025",
    "google": "gemini-2.5-flash",
    "openai": "gpt-4o",
    "replicate": "meta/meta-llama-3-8b-instruct",
    "responses": "gpt-5-pro",
}
# What single models of a format take, or only others than the one above.
SINGLE: Final = {
    ("replicate", "images"): "openai/gpt-4o",
    ("replicate", "reasoning_effort"): "openai/o4-mini",
}
TOKENS: Final = {"anthropic", "bedrock", "cohere"}  # how long their models think is a number
COMPLETES: Final = {"openai": "gpt-3.5-turbo-instruct", "azure": "gpt-3.5-turbo-instruct"}
USER: Final = {"role": "user", "content": "Hi"}
TOOL: Final = {"name": "add", "description": "Adds.", "parameters": {"type": "object", "properties": {}}}
SCHEMA: Final = {
    "type": "json_schema",
    "json_schema": {"name": "it", "schema": {"type": "object", "properties": {}, "additionalProperties": False}},
}
PICTURE: Final = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
# A model of Replicate is given one text: that of a completion, or what a chat of one message comes to.
SAME_EITHER_WAY: Final = {("replicate", "completions")}
Wish = Callable[[GenerationRequest], GenerationRequest]


def configured(**fields: Any) -> Wish:
    return lambda request: replace(request, config=replace(request.config, **fields))


def called(**fields: Any) -> Wish:
    return lambda request: replace(request, **fields)


def both(one: Wish, other: Wish) -> Wish:
    return lambda request: other(one(request))


def completing(request: GenerationRequest) -> GenerationRequest:
    model = COMPLETES.get(request.config.provider, request.config.model)
    return replace(request, messages=None, config=replace(request.config, model=model))


def thinking(request: GenerationRequest) -> GenerationRequest:
    effort = 2048 if request.config.provider in TOKENS else "high"
    return replace(request, config=replace(request.config, reasoning_effort=effort))


def picturing(request: GenerationRequest) -> GenerationRequest:
    return replace(request, messages=({"role": "user", "content": [{"type": "text", "text": "Hi"}, PICTURE]},))


# For each capability what to ask without it, and with it. How many tokens were spent on thinking is no part of a
# request: `reasoning_tokens` is about answers, which the suite of each format reads.
UNASKED: Final = {"reasoning_tokens"}
WISHES: Final[dict[str, tuple[Wish, Wish]]] = {
    "completions": (called(messages=None), completing),
    "images": (called(), picturing),
    "tools": (called(), configured(tools=(TOOL,))),
    "tool_choice": (configured(tools=(TOOL,)), both(configured(tools=(TOOL,)), called(tool_choice="required"))),
    "json_object": (called(), configured(response_format={"type": "json_object"})),
    "json_schema": (called(), configured(response_format=SCHEMA)),
    "reasoning_effort": (called(), thinking),
    "stop": (called(), configured(stop=["."])),
    "seed": (called(), configured(seed=7)),
    "samples": (called(), called(samples=3)),
    "logprobs": (called(), called(logprobs=1)),
    "suffix": (completing, both(completing, called(suffix="end"))),
    "penalties": (called(), configured(presence_penalty=0.5, frequency_penalty=0.5)),
}
# These are not refused: a completion is one user message where there are none, several samples are several calls.
DONE_OTHERWISE: Final = {"completions", "samples"}


def a_provider(wire: WireFormat, facts: Capabilities = ALL) -> VendorProvider:
    connection = Connection("vendor", "The Vendor", "https://vendor.example/v1", None, "VENDOR_API_KEY", facts=facts)
    clock = StillClock()
    return VendorProvider(connection, wire, HttpClient(), Retrier(clock), clock, RecordedMetrics())


def asked(name: str, capability: str) -> GenerationRequest:
    model = SINGLE.get((name, capability), MODELS[name])
    return GenerationRequest(config=ModelConfig(model=model, provider=name), prompt="Hi", messages=(USER,))


def test_every_capability_has_its_wish():
    assert {*WISHES, *UNASKED} == set(NAMES)
    assert set(FORMATS) <= set(MODELS)


@pytest.mark.parametrize("capability", WISHES)
@pytest.mark.parametrize("name", FORMATS)
def test_a_format_does_what_its_facts_say(name: str, capability: str):
    wire = FORMATS[name]
    provider = a_provider(wire)
    plain, wishful = (wish(asked(name, capability)) for wish in WISHES[capability])
    if getattr(wire.capabilities, capability):
        without_it, with_it = provider.prepare(plain), provider.prepare(wishful)
        same = (with_it.path, with_it.body) == (without_it.path, without_it.body)
        assert same is ((name, capability) in SAME_EITHER_WAY)
        assert with_it.request == wishful
    else:
        refused_or_done_otherwise(provider, capability, plain, wishful)


@pytest.mark.parametrize("capability", WISHES)
@pytest.mark.parametrize("name", FORMATS)
def test_a_connection_may_have_less(name: str, capability: str):
    """Whatever the format can: what one server of it cannot is refused."""
    provider = a_provider(FORMATS[name], without(capability))
    plain, wishful = (wish(asked(name, capability)) for wish in WISHES[capability])
    if capability == "completions":
        return  # which endpoint is called is the format's business: see CompatibleFormat
    refused_or_done_otherwise(provider, capability, plain, wishful)


def refused_or_done_otherwise(
    provider: VendorProvider, capability: str, plain: GenerationRequest, wishful: GenerationRequest
) -> None:
    if capability not in DONE_OTHERWISE:
        with pytest.raises(Unprocessable) as caught:
            provider.prepare(wishful)
        word = {"images": "images", "penalties": "presence_penalty"}.get(capability, capability)
        assert "The Vendor cannot do" in caught.value.message
        assert word in caught.value.message
    elif capability == "samples":
        assert provider.prepare(wishful).body == provider.prepare(plain).body
        assert provider.prepare(wishful).request.samples == 3
    else:
        chat = replace(plain, messages=(USER,))
        assert provider.prepare(plain).body == provider.prepare(chat).body


@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
def test_a_well_known_connection_has_no_more_than_its_format(known: Any):
    """Else the table in the documentation would promise what no request can hold."""
    for name in NAMES:
        if not getattr(FORMATS[known.format].capabilities, name):
            assert getattr(known.facts, name), f"{known.name} denies {name}, which {known.format} has not anyway"
