"""Every provider that a configuration may name."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from everloop.domain.base_url import checked, place_of
from everloop.domain.capabilities import Capabilities, common
from everloop.domain.connection import KnownConnection, OwnConnection
from everloop.domain.generation import Secret
from everloop.domain.ids import ConnectionId, OrganisationId
from everloop.errors import InvalidFields, UnknownProvider, Unprocessable
from everloop.ports.providers import NO_CONNECTIONS, Provider
from everloop.ports.system import Clock, Metrics
from everloop.providers.addresses import AddressRefused
from everloop.providers.client import HttpClient
from everloop.providers.connection import Connection
from everloop.providers.egress import Egress, is_named
from everloop.providers.formats import FORMATS
from everloop.providers.known import KNOWN
from everloop.providers.mock import MockProvider
from everloop.providers.openai.compatible import CompatibleFormat
from everloop.providers.retry import Retrier
from everloop.providers.vendor import VendorProvider
from everloop.providers.wire import WireFormat

MOCK: Final = "mock"
# The one provider whose calls may name where it is: v4's `openai_azure_endpoint`.
AZURE: Final = "openai_azure"
# Providers of connections that came through the API; the one used longest ago goes.
_REMEMBERED: Final = 1_000
# What their calls are in metrics, which every organisation may read: no name of anybody's.
_OWN: Final = "own"

Key = TypeVar("Key")
Thing = TypeVar("Thing")


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
        self._azure_hosts = tuple(azure_hosts)
        self._clock = clock
        self._metrics = metrics
        self._connections = {name: each for name, each in connections.items() if each.format in FORMATS}
        self._providers: dict[str, Provider] = {MOCK: MockProvider(clock, metrics)}
        for name, connection in self._connections.items():
            self._providers[name] = self._provider(connection, _format(connection, own=False))
        self._own: OrderedDict[tuple[OrganisationId, ConnectionId], tuple[OwnConnection, Provider]] = OrderedDict()
        self._elsewhere: OrderedDict[str, Provider] = OrderedDict()

    def get(self, name: str, own: Mapping[str, OwnConnection] = NO_CONNECTIONS) -> Provider:
        """The provider of that name for the organisation whose connections are `own`.

        Raises `errors.Unprocessable`, naming those that there are. An organisation's connection goes before a
        well-known one of the name: that can only be one which was not known yet when it was made.
        """
        if own:
            mine = own.get(name)
            if mine is not None:
                return self._of_own(mine)
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
        url = _endpoint(endpoint)
        place = place_of(url)
        if name != AZURE or not any(is_named(place.host, each) for each in self._azure_hosts):
            raise Unprocessable(
                f"Calls of `{name}` do not go to {place.host}: the operator allows hosts for `openai_azure_endpoint` in"
                " EVERLOOP_ALLOWED_AZURE_HOSTS."
            )
        return _remembered(self._elsewhere, url, lambda: self._at(url))

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

    def _provider(self, connection: Connection, wire: WireFormat) -> Provider:
        return VendorProvider(connection, wire, self._client, Retrier(self._clock), self._clock, self._metrics)

    def _of_own(self, own: OwnConnection) -> Provider:
        """Made once for each state of a connection, so that what is learned of a server (retries) stays with it."""
        key = (own.organisation_id, own.id)
        found = self._own.get(key)
        if found is not None and (found[0] is own or found[0] == own):
            self._own.move_to_end(key)
            return found[1]
        self._own.pop(key, None)
        return _remembered(self._own, key, lambda: (own, self._made(own)))[1]

    def _made(self, own: OwnConnection) -> Provider:
        if own.format not in FORMATS:
            raise Unprocessable(f"The connection `{own.name}` speaks `{own.format}`, which this server does not know.")
        connection = Connection(
            provider=_OWN,
            origin=own.name,
            base_url=own.base_url,
            key=None,
            environment_variable="",
            needs_key=own.needs_key,
            format=own.format,
            facts=own.facts,
            listed=False,
        )
        return self._provider(connection, _format(connection, own=True))

    def _at(self, url: str) -> Provider:
        known = KNOWN[AZURE]
        connection = Connection(
            provider=AZURE,
            origin=known.origin,
            base_url=url,
            key=None,
            environment_variable=known.key_variable,
            format=known.format,
            facts=known.facts,
            listed=False,
        )
        return self._provider(connection, FORMATS[known.format])

    def _absent(self, name: str) -> str | None:
        """Why a well-known name is not there; None for one that is, and for any other."""
        known = KNOWN.get(name)
        if known is None or name in self._connections:
            return None
        if known.format not in FORMATS:
            return "is not supported yet"
        return (
            f"is nowhere yet: the operator sets {known.base_url_variable}, or you make a connection of your own"
            " (`POST /api/connections`)"
        )

    def _known(self, name: str) -> KnownConnection:
        known, connection = KNOWN[name], self._connections.get(name)
        facts = known.facts
        if known.format in FORMATS:
            facts = common(FORMATS[known.format].capabilities, facts)
        return KnownConnection(
            name,
            known.origin,
            known.format,
            known.base_url if connection is None or connection.base_url == known.base_url else None,
            known.needs_key if connection is None else connection.needs_key,
            facts,
            self._absent(name),
        )


def _format(connection: Connection, *, own: bool) -> WireFormat:
    """OpenAI's format in full for OpenAI itself; for others without what is at its default or unknown to them."""
    if connection.format == "openai" and (own or connection.provider != "openai"):
        return CompatibleFormat(connection.facts, connection.unsent)
    return FORMATS[connection.format]


def _endpoint(text: str) -> str:
    """v4's endpoint, which has no path (https://me.openai.azure.com), as a base URL."""
    try:
        url = checked(text)
    except InvalidFields:
        url = ""
    if not url.startswith("https://"):
        raise Unprocessable("`openai_azure_endpoint` is the address of a resource: https://NAME.openai.azure.com")
    return f"https://{url[8:].partition('/')[0].lower()}/openai/v1"


def _remembered(things: OrderedDict[Key, Thing], key: Key, make: Callable[[], Thing]) -> Thing:
    thing = things.get(key)
    if thing is None:
        if len(things) >= _REMEMBERED:
            things.popitem(last=False)
        thing = things[key] = make()
    else:
        things.move_to_end(key)
    return thing
