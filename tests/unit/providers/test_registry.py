"""The providers that configurations may name."""

import pytest

from everloop.domain.generation import Secret
from everloop.errors import Unprocessable
from everloop.ports.providers import Provider, Providers
from everloop.providers.connection import openai_connection
from everloop.providers.mock import MockProvider
from everloop.providers.registry import ProviderRegistry
from everloop.providers.vendor import VendorProvider
from tests.unit.providers.fakes import RecordedMetrics, StillClock


def registry(key: str | None = "sk-1", base_url: str | None = None) -> ProviderRegistry:
    return ProviderRegistry({"openai": openai_connection(key, base_url)}, StillClock(), RecordedMetrics())


def test_it_fills_the_ports():
    providers: Providers = registry()
    provider: Provider = providers.get("openai")
    assert provider.origin == "OpenAI"


def test_there_are_two():
    providers = registry()
    assert providers.names() == ("mock", "openai")
    assert isinstance(providers.get("mock"), MockProvider)
    assert isinstance(providers.get("openai"), VendorProvider)
    assert providers.get("openai") is providers.get("openai")


@pytest.mark.parametrize(
    "name",
    ["anthropic", "cohere", "google", "groq", "openai_azure", "bedrock", "replicate", "ai21"],
)
def test_v4s_other_names_are_known_and_not_yet_served(name: str):
    with pytest.raises(Unprocessable, match=f"`{name}` is not supported yet; these are: `mock`, `openai`"):
        registry().get(name)


@pytest.mark.parametrize("name", ["", "OpenAI", "acme", "openai "])
def test_other_names_are_unknown(name: str):
    with pytest.raises(Unprocessable, match="There is no provider"):
        registry().get(name)


@pytest.mark.parametrize(("base_url", "needed"), [(None, True), ("http://127.0.0.1:8000/v1", False)])
def test_who_needs_a_key(base_url: str | None, needed: bool):
    providers = registry(None, base_url)
    assert not providers.get("mock").needs_key
    assert providers.get("openai").needs_key is needed


def test_the_operators_key():
    assert registry("sk-1").operator_key("openai") == Secret("sk-1")
    assert registry(None).operator_key("openai") is None
    assert registry().operator_key("mock") is None
    assert registry().operator_key("acme") is None


def test_where_the_key_comes_from():
    assert registry().environment_variable("openai") == "OPENAI_API_KEY"
    with pytest.raises(Unprocessable, match="`mock`"):
        registry().environment_variable("mock")


async def test_closing_what_was_never_used_is_fine():
    await registry().close()
