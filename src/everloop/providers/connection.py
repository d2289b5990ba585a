"""Where a provider is and with whose key it is called: the operator's word, never a request's."""

from dataclasses import field
from typing import Final

from everloop.domain.generation import Secret
from everloop.domain.value import value
from everloop.providers.target import split

OPENAI_BASE_URL: Final = "https://api.openai.com/v1"


@value
class Connection:
    """One provider as the operator set it up.

    `origin` is its display name, `key` the operator's own key, if any, which comes from `environment_variable`. Raises
    ValueError for a base URL that could not be called as it stands.
    """

    provider: str
    origin: str
    base_url: str
    key: Secret | None = field(repr=False)
    environment_variable: str
    needs_key: bool = True

    def __post_init__(self) -> None:
        url = split(self.base_url)
        if url is None:
            raise ValueError(f"The base URL of {self.origin} has to begin with http:// or https:// and name a host.")
        if url.username is not None or url.password is not None or url.query or url.fragment:
            raise ValueError(f"The base URL of {self.origin} cannot hold a user, a password, a query or a fragment.")


def openai_connection(key: str | None, base_url: str | None) -> Connection:
    """OpenAI, from the values of OPENAI_API_KEY and OPENAI_BASE_URL (None or empty when not set).

    At another base URL a server of the operator's own answers (vLLM, llama.cpp, Ollama), which may need no key.
    """
    url = (base_url or OPENAI_BASE_URL).rstrip("/")
    return Connection(
        provider="openai",
        origin="OpenAI",
        base_url=url,
        key=Secret(key) if key else None,
        environment_variable="OPENAI_API_KEY",
        needs_key=url == OPENAI_BASE_URL,
    )
