"""Every provider that a configuration may name."""

from collections.abc import Mapping, Sequence
from typing import Final

from everloop.domain.base_url import place_of
from everloop.domain.capabilities import Capabilities, common
from everloop.domain.connection import KnownConnection, OwnConnection
from everloop.domain.generation import Secret
from everloop.errors import InvalidFields, UnknownProvider, Unprocessable
from everloop.ports.providers import NO_CONNECTIONS, Provider
from everloop.ports.system import Clock, Metrics
from everloop.providers.addresses import AddressRefused
from everloop.providers.client import HttpClient
from everloop.providers.connection import Connection
from everloop.providers.egress import Egress
from everloop.providers.formats import FORMATS
from everloop.providers.known import KNOWN
from everloop.providers.made import AzureProviders, OwnProviders
from everloop.providers.mock import MockProvider
from everloop.providers.openai.compatible import CompatibleFormat
from everloop.providers.retry import Retrier
from everloop.providers.vendor import VendorProvider
from everloop.providers.wire import WireFormat

MOCK: Final = "mock"


class ProviderRegistry:
    """`mock`, every connection that is given, by the name that configurations use, and those of organisations.

    To be closed when the server stops; one registry, and so one pool of connections, per process and event loop.
    `azure_hosts` are those that a call may name, or patterns such as `*.openai.azure.com`.
    """

    def __init__(
        self,
        connections: Mapping[str, Connection],
        clock: Clock,
        metrics: Metrics,
        client: HttpClient | None = None,
        *,
        egress: Egress | None = None,
        azure_hosts: Sequence[str] = (),
    ) -> None:
        self._egress = egress or Egress()
        self._client = client or HttpClient(egress=self._egress)
        self._clock = clock
        self._metrics = metrics
        self._connections = dict(connections)
        self._providers: dict[str, Provider] = {MOCK: MockProvider(clock, metrics)}
        for name, connection in self._connections.items():
            self._providers[name] = self._provider(connection, _format(connection, own=False))
        self._own = OwnProviders(self._made)
        self._azure = AzureProviders(self._made, tuple(azure_hosts))

    def get(self, name: str, own: Mapping[str, OwnConnection] = NO_CONNECTIONS) -> Provider:
        """The provider of that name for the organisation whose connections are `own`.

        Raises `errors.Unprocessable`, naming those that there are. An organisation's connection goes before a
        well-known one of the name: that can only be one which was not known yet when it was made.
        """
        if own:
            mine = own.get(name)
            if mine is not None:
                return self._own.of(mine)
        provider = self._providers.get(name)
        if provider is not None:
            return provider
        there_are = ", ".join(f"`{each}`" for each in (*self.names(), *own))
        why = self._absent(name)
        if why is not None:
            raise Unprocessable(f"The provider `{name}` {why}. These are there: {there_are}.")
        raise UnknownProvider(f"There is no provider `{name}`; there are: {there_are}.")

    def at(self, name: str, endpoint: str) -> Provider:
        """The provider of that name where a call says it is. Raises `errors.Unprocessable` unless that is allowed."""
        return self._azure.at(name, endpoint)

    def names(self) -> tuple[str, ...]:
        """The names that `get` knows for every organisation."""
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

    def formats(self) -> Mapping[str, Capabilities]:
        """What connections may speak, and what each format has a place for."""
        return {name: each.capabilities for name, each in FORMATS.items()}

    def known(self) -> tuple[KnownConnection, ...]:
        """Every well-known connection, also those that cannot be called."""
        return tuple(self._known(name) for name in KNOWN)

    def check_destination(self, base_url: str) -> None:
        """Raises `errors.InvalidFields` for a checked base URL at an address that is never connected to for it."""
        try:
            self._egress.permit_literal(place_of(base_url))
        except AddressRefused as refused:
            raise InvalidFields.one(("body", "base_url"), f"No call goes there: {refused}.") from None

    async def close(self) -> None:
        """Hang up everywhere."""
        await self._client.close()

    def _made(self, connection: Connection) -> Provider:
        """The provider of a connection that came through the API."""
        return self._provider(connection, _format(connection, own=True))

    def _provider(self, connection: Connection, wire: WireFormat) -> Provider:
        return VendorProvider(connection, wire, self._client, Retrier(self._clock), self._clock, self._metrics)

    def _absent(self, name: str) -> str | None:
        """Why a well-known name is not there; None for one that is, and for any other."""
        known = KNOWN.get(name)
        if known is None or name in self._connections:
            return None
        return (
            f"is nowhere yet: the operator sets {known.base_url_variable}, or you make a connection of your own"
            " (`POST /api/connections`)"
        )

    def _known(self, name: str) -> KnownConnection:
        known, connection = KNOWN[name], self._connections.get(name)
        return KnownConnection(
            name,
            known.origin,
            known.format,
            known.base_url if connection is None or connection.base_url == known.base_url else None,
            known.needs_key if connection is None else connection.needs_key,
            common(FORMATS[known.format].capabilities, known.facts),
            self._absent(name),
        )


def _format(connection: Connection, *, own: bool) -> WireFormat:
    """OpenAI's format in full for OpenAI itself; for others without what is at its default or unknown to them."""
    if connection.format == "openai" and (own or connection.provider != "openai"):
        return CompatibleFormat(connection.facts, connection.unsent)
    return FORMATS[connection.format]
