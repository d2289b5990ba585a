"""Where a provider is and with whose key it is called: the word of operators and administrators, never of a call."""

from dataclasses import field
from typing import Final

from everloop.domain.capabilities import ALL, Capabilities
from everloop.domain.generation import Secret
from everloop.domain.value import value
from everloop.providers.target import split

_NOTHING: Final[frozenset[str]] = frozenset()


@value
class Connection:
    """One provider as it was set up. Raises ValueError for a base URL that could not be called as it stands.

    `provider` is its name in metrics, `origin` that for people, `key` the operator's own, if any, which comes from
    `environment_variable`. `facts` are what the server can do as far as its `format` can, and `unsent` the fields of
    a body that it does not know although the format has them. `listed` when the operator has decided on the host.
    """

    provider: str
    origin: str
    base_url: str
    key: Secret | None = field(repr=False)
    environment_variable: str
    needs_key: bool = True
    format: str = "openai"
    facts: Capabilities = ALL
    unsent: frozenset[str] = _NOTHING
    listed: bool = True

    def __post_init__(self) -> None:
        url = split(self.base_url)
        if url is None:
            raise ValueError(f"The base URL of {self.origin} has to begin with http:// or https:// and name a host.")
        if url.username is not None or url.password is not None or url.query or url.fragment:
            raise ValueError(f"The base URL of {self.origin} cannot hold a user, a password, a query or a fragment.")
