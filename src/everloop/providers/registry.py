"""Every provider that a configuration may name."""

from collections.abc import Mapping
from typing import Final

from everloop.domain.generation import Secret
from everloop.errors import Unprocessable
from everloop.ports.providers import Provider
from everloop.ports.system import Clock, Metrics
from everloop.providers.client import HttpClient
from everloop.providers.connection import Connection
from everloop.providers.mock import MockProvider
from everloop.providers.openai.format import OpenAiFormat
from everloop.providers.retry import Retrier
from everloop.providers.vendor import VendorProvider

# v4's enum (all generations of it); configurations may carry these names, calls to them are yet to come.
_NOT_YET: Final = frozenset(
    {"ai21", "anthropic", "bedrock", "cohere", "deepseek", "google", "groq", "openai_azure", "replicate"}
)


class ProviderRegistry:
    """`mock`, and every connection that is given, by the name that configurations use.

    To be closed when the server stops; one registry, and so one pool of connections, per process and event loop.
    """

    def __init__(
        self, connections: Mapping[str, Connection], clock: Clock, metrics: Metrics, client: HttpClient | None = None
    ) -> None:
        self._client = client or HttpClient()
        self._connections = dict(connections)
        self._providers: dict[str, Provider] = {"mock": MockProvider(clock, metrics)}
        for name, connection in self._connections.items():
            self._providers[name] = VendorProvider(
                connection, OpenAiFormat(), self._client, Retrier(clock), clock, metrics
            )

    def get(self, name: str) -> Provider:
        """The provider of that name. Raises `errors.Unprocessable`, naming those that there are."""
        provider = self._providers.get(name)
        if provider is not None:
            return provider
        there_are = ", ".join(f"`{each}`" for each in self.names())
        if name in _NOT_YET:
            raise Unprocessable(f"The provider `{name}` is not supported yet; these are: {there_are}.")
        raise Unprocessable(f"There is no provider `{name}`; there are: {there_are}.")

    def names(self) -> tuple[str, ...]:
        """The names that `get` knows."""
        return tuple(self._providers)

    def operator_key(self, name: str) -> Secret | None:
        """The key that the operator set in the environment for this provider, if any."""
        connection = self._connections.get(name)
        return connection.key if connection is not None else None

    def environment_variable(self, name: str) -> str:
        """The name of the variable that `operator_key` comes from. Raises `errors.Unprocessable` for who has none."""
        connection = self._connections.get(name)
        if connection is None:
            raise Unprocessable(f"No key is read from the environment for the provider `{name}`.")
        return connection.environment_variable

    async def close(self) -> None:
        """Hang up everywhere."""
        await self._client.close()
