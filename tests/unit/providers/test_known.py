"""The well-known connections, as the operator sets them up."""

import pytest

from everloop.domain.capabilities import ALL, NAMES
from everloop.domain.generation import Secret
from everloop.providers.connection import Connection
from everloop.providers.formats import FORMATS
from everloop.providers.known import KNOWN, Known
from everloop.providers.target import Target
from everloop.settings import PROVIDERS

OPENAI = KNOWN["openai"]
# v4's names of providers, in all of its generations, without the one that ran in the application (langchain).
V4 = {"ai21", "anthropic", "bedrock", "cohere", "deepseek", "google", "groq", "openai", "openai_azure", "replicate"}


def test_openai_by_default():
    connection = OPENAI.connection("sk-1", None)
    assert connection == Connection("openai", "OpenAI", "https://api.openai.com/v1", Secret("sk-1"), "OPENAI_API_KEY")
    assert connection.needs_key


@pytest.mark.parametrize("base_url", ["https://api.openai.com/v1/", "https://api.openai.com/v1", ""])
def test_the_vendor_itself_needs_a_key(base_url: str):
    connection = OPENAI.connection(None, base_url)
    assert connection is not None
    assert connection.base_url == "https://api.openai.com/v1"
    assert connection.needs_key
    assert connection.key is None


def test_a_server_of_the_operators_own_needs_none():
    connection = OPENAI.connection("", "http://localhost:8000/v1/")
    assert connection is not None
    assert connection.base_url == "http://localhost:8000/v1"
    assert not connection.needs_key
    assert connection.key is None


@pytest.mark.parametrize(
    "base_url",
    ["localhost:8000", "ftp://host/v1", "https://", "//host/v1", "https://user@host/v1", "https://u:p@host/v1",
     "https://host/v1?x=1", "https://host/v1#x", "file:///etc/passwd"],
)  # fmt: skip
def test_a_base_url_that_cannot_be_called_as_it_stands(base_url: str):
    with pytest.raises(ValueError, match="base URL of OpenAI"):
        OPENAI.connection(None, base_url)


def test_a_connection_shows_no_key():
    assert "sk-canary" not in repr(OPENAI.connection("sk-canary", None))


def test_v4s_names_are_known():
    assert set(KNOWN) >= V4


def test_the_settings_read_every_one_of_them():
    assert tuple(KNOWN) == PROVIDERS


@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
def test_each_is_sound(known: Known):
    assert known.name.islower()
    assert (known.key_variable, known.base_url_variable) == (
        f"{known.name.upper()}_API_KEY",
        f"{known.name.upper()}_BASE_URL",
    )
    assert known.format in FORMATS
    if known.base_url is None:
        assert known.connection("sk-1", None) is None
    else:
        assert Target.of(known.base_url).tls
        assert not known.base_url.endswith("/")
    elsewhere = known.connection(None, "http://127.0.0.1:8000/v1")
    assert elsewhere is not None
    assert elsewhere.listed
    # What has an address of its own is the operator's server at another one; Azure and Bedrock have none but that.
    assert elsewhere.needs_key is (known.name in ("openai_azure", "bedrock"))


@pytest.mark.parametrize(
    "known", [each for each in KNOWN.values() if each.format == "openai"], ids=lambda each: each.name
)
def test_what_completes_nothing_fills_in_nothing(known: Known):
    """A suffix goes with legacy completions only."""
    assert known.facts.completions or not known.facts.suffix
    assert known.facts.tools or not known.facts.tool_choice
    assert known.facts.reasoning_effort or not known.facts.reasoning_tokens or known.name == "ollama"
    assert (known.facts == ALL) is (known.name == "openai")


def test_every_capability_is_lacked_by_someone_or_is_common_to_all():
    common = {name for name in NAMES if all(getattr(each.facts, name) for each in KNOWN.values())}
    assert common == {"stop"}
