"""The providers that configurations may name."""

from dataclasses import replace

import pytest

from everloop.domain.capabilities import ALL, Capabilities, without
from everloop.domain.config import ModelConfig
from everloop.domain.connection import OwnConnection
from everloop.domain.generation import GenerationRequest, Secret
from everloop.domain.ids import ConnectionId, OrganisationId
from everloop.errors import FailureKind, InvalidFields, ProviderFailure, UnknownProvider, Unprocessable
from everloop.ports.providers import Provider, Providers
from everloop.providers import made
from everloop.providers.egress import Egress
from everloop.providers.formats import FORMATS
from everloop.providers.known import KNOWN
from everloop.providers.mock import MockProvider
from everloop.providers.openai.azure import AzureFormat
from everloop.providers.registry import ProviderRegistry
from everloop.providers.vendor import VendorProvider
from tests.unit.providers.fakes import RecordedMetrics, StillClock

MINE = OwnConnection(
    ConnectionId("conn_1"),
    OrganisationId("org_1"),
    "mine",
    "openai",
    "https://llm.example.com/v1",
    True,
    (),
    "key_1",
    1,
    1,
)
ENDPOINT = "https://me.openai.azure.com"


def registry(key: str | None = "sk-1", base_url: str | None = None, *azure_hosts: str) -> ProviderRegistry:
    connections = {name: each.connection(None, None) for name, each in KNOWN.items()}
    connections["openai"] = KNOWN["openai"].connection(key, base_url)
    there = {name: each for name, each in connections.items() if each is not None}
    return ProviderRegistry(there, StillClock(), RecordedMetrics(), azure_hosts=azure_hosts)


def asked(**fields: object) -> GenerationRequest:
    return GenerationRequest(config=ModelConfig(model="gpt-4o", **fields), prompt="Hi")  # type: ignore[arg-type]


def test_it_fills_the_ports():
    providers: Providers = registry()
    provider: Provider = providers.get("openai")
    assert provider.origin == "OpenAI"


def test_those_that_lead_somewhere_are_there():
    providers = registry()
    assert {"mock", "openai", "groq", "ai21"} <= set(providers.names())
    assert isinstance(providers.get("mock"), MockProvider)
    assert isinstance(providers.get("openai"), VendorProvider)
    assert providers.get("openai") is providers.get("openai")


@pytest.mark.parametrize("name", ["vllm", "llamacpp", "ollama", "openai_azure"])
def test_those_that_the_operator_has_to_place_say_so(name: str):
    with pytest.raises(Unprocessable, match=f"`{name}` is nowhere yet: the operator sets {name.upper()}_BASE_URL"):
        registry().get(name)


@pytest.mark.parametrize("name", ["", "OpenAI", "acme", "openai "])
def test_other_names_are_unknown(name: str):
    with pytest.raises(UnknownProvider, match="There is no provider"):
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


async def test_what_is_refused_is_not_tried_again_and_tells_no_address():
    providers = ProviderRegistry({}, StillClock(), RecordedMetrics())
    for url in ("http://localhost:9/v1", "http://127.0.0.1:9/v1", "http://169.254.169.254/v1"):
        provider = providers.get("mine", {"mine": replace(MINE, base_url=url)})
        with pytest.raises(ProviderFailure, match="mine could not be connected to") as caught:
            await provider.complete(provider.prepare(asked()), Secret("sk-1"))
        assert (caught.value.kind, caught.value.tries) == (FailureKind.CONNECTION, 1)
        assert "127.0.0.1" not in caught.value.message
    await providers.close()


async def test_closing_what_was_never_used_is_fine():
    await registry().close()


def test_an_organisations_own_is_made_once_for_each_of_its_states():
    providers = registry()
    first = providers.get("mine", {"mine": MINE})
    assert first.origin == "mine"
    assert first.needs_key
    assert providers.get("mine", {"mine": replace(MINE)}) is first  # read again, and the same
    moved = replace(MINE, base_url="https://other.example.com/v1", updated_at=2)
    second = providers.get("mine", {"mine": moved})
    assert second is not first
    assert providers.get("mine", {"mine": moved}) is second
    with pytest.raises(UnknownProvider):
        providers.get("mine")


def test_two_organisations_with_one_id_have_two():
    providers = registry()
    theirs = replace(MINE, organisation_id=OrganisationId("org_2"), needs_key=False)
    assert providers.get("mine", {"mine": MINE}).needs_key
    assert not providers.get("mine", {"mine": theirs}).needs_key


def test_those_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(made, "_REMEMBERED", 2)
    providers = registry()
    own = {f"c{number}": replace(MINE, id=ConnectionId(f"conn_{number}"), name=f"c{number}") for number in range(3)}
    zero, one = providers.get("c0", own), providers.get("c1", own)
    assert providers.get("c0", own) is zero
    providers.get("c2", own)  # in the place of c1, which was used longest ago
    assert providers.get("c0", own) is zero
    assert providers.get("c1", own) is not one


def test_ones_own_goes_before_a_well_known_one_that_came_later():
    providers = registry()
    assert providers.get("groq", {"groq": replace(MINE, name="groq")}).origin == "groq"
    assert providers.get("groq").origin == "Groq"


def test_an_own_connection_has_its_facts():
    provider = registry().get("mine", {"mine": replace(MINE, lacks=("seed", "samples"))})
    with pytest.raises(Unprocessable, match="mine cannot do `seed`"):
        provider.prepare(asked(seed=1))
    several = replace(asked(), samples=3)
    call = provider.prepare(several)
    assert call.request == several
    assert b'"n"' not in call.body
    assert b'"n":3' in registry().get("mine", {"mine": MINE}).prepare(several).body


def test_an_own_connection_of_a_format_that_is_gone(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(Unprocessable, match="`mine` speaks `smoke`"):
        registry().get("mine", {"mine": replace(MINE, format="smoke")})


def test_metrics_tell_no_names_of_connections():
    metrics = RecordedMetrics()
    provider = ProviderRegistry({}, StillClock(), metrics).get("mine", {"mine": MINE})
    assert isinstance(provider, VendorProvider)
    assert provider._connection.provider == "own"


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (ENDPOINT, "https://me.openai.azure.com/openai/v1"),
        (ENDPOINT + "/", "https://me.openai.azure.com/openai/v1"),
        ("https://ME.openai.azure.com/openai/v1", "https://me.openai.azure.com/openai/v1"),
        ("https://me.openai.azure.com:8443/openai/deployments/x", "https://me.openai.azure.com:8443/openai/v1"),
    ],
)
def test_azure_where_a_call_says_it_is(endpoint: str, url: str):
    providers = registry(None, None, "*.openai.azure.com")
    provider = providers.at("openai_azure", endpoint)
    assert isinstance(provider, VendorProvider)
    assert (provider._base, provider._connection.listed) == (url, False)
    assert isinstance(provider._wire, AzureFormat)
    assert provider.needs_key
    assert providers.at("openai_azure", endpoint) is provider


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example", "https://openai.azure.com", "https://me.openai.azure.com.evil.example",
        "https://evil.example/me.openai.azure.com", "https://evil.example#.openai.azure.com",
        "https://me.openai.azure.com@evil.example", "http://me.openai.azure.com", "me.openai.azure.com", "",
        "https://evil.example\\.openai.azure.com", "https://169.254.169.254", "https://me.openai.azure.com\r\nHost: x",
        "https://evil.example?.openai.azure.com", "https://[::1]", "https://me.openai.azure.com.",
    ],
)  # fmt: skip
def test_elsewhere_it_is_not(endpoint: str):
    with pytest.raises(Unprocessable, match="openai_azure_endpoint"):
        registry(None, None, "*.openai.azure.com").at("openai_azure", endpoint)


def test_without_the_operators_word_no_call_says_where():
    with pytest.raises(Unprocessable, match="EVERLOOP_ALLOWED_AZURE_HOSTS"):
        registry().at("openai_azure", ENDPOINT)
    with pytest.raises(Unprocessable, match="Calls of `openai` do not go"):
        registry(None, None, "*.openai.azure.com").at("openai", ENDPOINT)


def test_what_is_known_of_each():
    known = {each.name: each for each in registry(None, "http://10.0.0.5:8000/v1").known()}
    assert set(known) == set(KNOWN)
    assert known["openai"].base_url is None  # the operator's own is nobody's business
    assert (known["groq"].base_url, known["groq"].absent) == ("https://api.groq.com/openai/v1", None)
    assert known["groq"].facts == without("completions", "logprobs", "samples", "suffix")
    assert known["openai"].facts == ALL
    assert (known["vllm"].base_url, known["vllm"].needs_key) == (None, False)
    assert "VLLM_BASE_URL" in (known["vllm"].absent or "")


def test_the_formats_and_their_facts():
    formats = registry().formats()
    assert formats["openai"] == ALL
    assert set(formats) == set(FORMATS)
    assert all(isinstance(each, Capabilities) for each in formats.values())


def test_a_literal_address_that_is_never_connected_to():
    providers = ProviderRegistry({}, StillClock(), RecordedMetrics(), egress=Egress(["10.0.0.0/8"]))
    providers.check_destination("https://llm.example.com/v1")
    providers.check_destination("http://10.0.0.5/v1")
    with pytest.raises(InvalidFields, match="EVERLOOP_ALLOWED_HOSTS"):
        providers.check_destination("http://127.0.0.1/v1")
    with pytest.raises(InvalidFields, match="never"):
        providers.check_destination("http://169.254.169.254/v1")
