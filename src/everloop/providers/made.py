"""Providers of connections that came through the API: made when they are first called, and kept for the next call."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeVar

from everloop.domain.base_url import checked, place_of
from everloop.domain.connection import OwnConnection
from everloop.domain.ids import ConnectionId, OrganisationId
from everloop.errors import InvalidFields, Unprocessable
from everloop.ports.providers import Provider
from everloop.providers.connection import Connection
from everloop.providers.egress import is_named
from everloop.providers.formats import FORMATS
from everloop.providers.known import KNOWN

# The one provider whose calls may name where it is: v4's `openai_azure_endpoint`.
AZURE: Final = "openai_azure"
# Of each kind; the one used longest ago goes.
_REMEMBERED: Final = 1_000
# What their calls are in metrics, which every organisation may read: no name of anybody's.
_OWN: Final = "own"

Key = TypeVar("Key")
Thing = TypeVar("Thing")
Make = Callable[[Connection], Provider]


class OwnProviders:
    """Those of organisations' own connections."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._made: OrderedDict[tuple[OrganisationId, ConnectionId], tuple[OwnConnection, Provider]] = OrderedDict()

    def of(self, own: OwnConnection) -> Provider:
        """Made once for each state of a connection, so that what is learned of a server (retries) stays with it.

        Raises `errors.Unprocessable` for a format that is not there.
        """
        key = (own.organisation_id, own.id)
        found = self._made.get(key)
        if found is not None and (found[0] is own or found[0] == own):
            self._made.move_to_end(key)
            return found[1]
        self._made.pop(key, None)
        return _remembered(self._made, key, lambda: (own, self._make(_connection(own))))[1]


class AzureProviders:
    """Azure OpenAI where calls say it is. `hosts` are those they may name, or patterns such as `*.openai.azure.com`."""

    def __init__(self, make: Make, hosts: tuple[str, ...]) -> None:
        self._make = make
        self._hosts = hosts
        self._made: OrderedDict[str, Provider] = OrderedDict()

    def at(self, name: str, endpoint: str) -> Provider:
        """Raises `errors.Unprocessable` for hosts that are not allowed, and for other providers."""
        url = _endpoint(endpoint)
        place = place_of(url)
        if name != AZURE or not any(is_named(place.host, each) for each in self._hosts):
            raise Unprocessable(
                f"Calls of `{name}` do not go to {place.host}: the operator allows hosts for `openai_azure_endpoint` in"
                " EVERLOOP_ALLOWED_AZURE_HOSTS."
            )
        return _remembered(self._made, url, lambda: self._make(_azure(url)))


def _connection(own: OwnConnection) -> Connection:
    if own.format not in FORMATS:
        raise Unprocessable(f"The connection `{own.name}` speaks `{own.format}`, which this server does not know.")
    return Connection(
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


def _azure(url: str) -> Connection:
    known = KNOWN[AZURE]
    return Connection(
        provider=AZURE,
        origin=known.origin,
        base_url=url,
        key=None,
        environment_variable=known.key_variable,
        format=known.format,
        facts=known.facts,
        listed=False,
    )


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
