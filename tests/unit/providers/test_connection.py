"""Where providers are."""

import pytest

from everloop.domain.generation import Secret
from everloop.providers.connection import Connection, openai_connection


def test_openai_by_default():
    connection = openai_connection("sk-1", None)
    assert connection == Connection("openai", "OpenAI", "https://api.openai.com/v1", Secret("sk-1"), "OPENAI_API_KEY")
    assert connection.needs_key


@pytest.mark.parametrize("base_url", ["https://api.openai.com/v1/", "https://api.openai.com/v1", ""])
def test_the_vendor_itself_needs_a_key(base_url: str):
    connection = openai_connection(None, base_url)
    assert connection.base_url == "https://api.openai.com/v1"
    assert connection.needs_key
    assert connection.key is None


def test_a_server_of_the_operators_own_needs_none():
    connection = openai_connection("", "http://localhost:8000/v1/")
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
        openai_connection(None, base_url)


def test_a_connection_shows_no_key():
    assert "sk-canary" not in repr(openai_connection("sk-canary", None))
