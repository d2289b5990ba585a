"""Connections of an organisation's own: servers that it calls beside those that everybody knows."""

from dataclasses import replace
from typing import Final

from everloop.domain.base_url import Place, place_of
from everloop.domain.capabilities import ALL, Capabilities, without
from everloop.domain.ids import ConnectionId, OrganisationId
from everloop.domain.value import value

# What a configuration names as its provider: no spaces, and nothing that would have to be escaped in a path.
NAME: Final = r"^[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9])?$"


@value
class OwnConnection:
    """A server that speaks a wire format at a base URL. Its name is unique within the organisation, and stays.

    `lacks` are the names of the capabilities that the format has and the server has not. `created_by` is the id of an
    API key; times are Unix milliseconds. The key that it is called with is kept beside it, as a provider's.
    """

    id: ConnectionId
    organisation_id: OrganisationId
    name: str
    format: str
    base_url: str
    needs_key: bool
    lacks: tuple[str, ...]
    created_by: str
    created_at: int
    updated_at: int

    @property
    def place(self) -> Place:
        """Where calls go, and with them the key."""
        return place_of(self.base_url)

    @property
    def facts(self) -> Capabilities:
        """What the server can do, as far as the format can."""
        return without(*self.lacks, of=ALL)


@value
class ConnectionChange:
    """What is said of a connection; None leaves it as it is."""

    format: str | None = None
    base_url: str | None = None
    needs_key: bool | None = None
    lacks: tuple[str, ...] | None = None

    def applied(self, connection: OwnConnection, now: int) -> OwnConnection:
        """The connection as it then is."""
        return replace(
            connection,
            format=connection.format if self.format is None else self.format,
            base_url=connection.base_url if self.base_url is None else self.base_url,
            needs_key=connection.needs_key if self.needs_key is None else self.needs_key,
            lacks=connection.lacks if self.lacks is None else self.lacks,
            updated_at=now,
        )


@value
class KnownConnection:
    """A connection that every organisation has: a well-known one, as the operator set it up.

    `absent` says why it cannot be called, and what to do about it; None when it can. `base_url` is the vendor's own,
    None where the operator decided otherwise, which is nobody else's business.
    """

    name: str
    origin: str
    format: str
    base_url: str | None
    needs_key: bool
    facts: Capabilities
    absent: str | None
