"""The port to the connections of an organisation's own."""

from collections.abc import Callable
from typing import Protocol

from everloop.domain.connection import OwnConnection
from everloop.domain.keys import ProviderKey
from everloop.domain.scope import Scope


class ConnectionStore(Protocol):
    """Connections with their keys, which are providers' keys by the connection's name; every write is told in the feed.

    A key never outlives the place that it was given for: it goes in the same transaction.
    """

    async def create(self, scope: Scope, connection: OwnConnection, key: ProviderKey | None) -> None:
        """With its key, if there is one already. Raises `errors.Conflict` when the name or the id is taken."""
        ...

    async def get(self, scope: Scope, name: str) -> OwnConnection | None: ...

    async def all(self, scope: Scope) -> tuple[OwnConnection, ...]:
        """By name."""
        ...

    async def change(
        self,
        scope: Scope,
        name: str,
        change: Callable[[OwnConnection], OwnConnection],
        key: ProviderKey | None,
    ) -> OwnConnection:
        """Replaces the connection by what `change` makes of its present state, alone with it, and its key by one given.

        Without one the key that is kept goes when the connection then leads to another place. Raises what `change`
        raises, and `errors.NotFound`.
        """
        ...

    async def delete(self, scope: Scope, name: str) -> None:
        """Takes it away for good, with its key. Raises `errors.NotFound`."""
        ...
