"""The providers of one process, as the operator set them up."""

from everloop.app.world import World
from everloop.providers.client import HttpClient
from everloop.providers.connection import Connection
from everloop.providers.egress import Egress
from everloop.providers.known import KNOWN
from everloop.providers.registry import ProviderRegistry
from everloop.settings import BadSetting, Settings


def providers_of(settings: Settings, world: World) -> ProviderRegistry:
    """Every provider that leads somewhere. Raises `BadSetting`, naming the variable."""
    try:
        egress = Egress(settings.allowed_hosts)
    except ValueError as error:
        raise BadSetting(f"EVERLOOP_ALLOWED_HOSTS: {error}.") from None
    client = HttpClient(connections=settings.max_calls, egress=egress)
    return ProviderRegistry(
        connections_of(settings),
        world.clock,
        world.metrics,
        client,
        egress=egress,
        azure_hosts=settings.allowed_azure_hosts,
    )


def connections_of(settings: Settings) -> dict[str, Connection]:
    """The well-known connections that lead somewhere, by name. Raises `BadSetting`."""
    found = {}
    for name, known in KNOWN.items():
        said = settings.providers[name]
        try:
            connection = known.connection(said.key, said.base_url)
        except ValueError as error:
            raise BadSetting(f"{known.base_url_variable}: {error}") from None
        if connection is not None:
            found[name] = connection
    return found
