"""Connections: those that everybody knows, shown; and an organisation's own, made, changed and deleted."""

from typing import Final

from everloop.domain.base_url import checked
from everloop.domain.capabilities import NAMES, Capabilities, common
from everloop.domain.connection import ConnectionChange, KnownConnection, OwnConnection
from everloop.domain.ids import ConnectionId, Prefix
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.errors import Conflict, InvalidFields, NotFound
from everloop.ports.connections import ConnectionStore
from everloop.ports.providers import Providers
from everloop.ports.system import Clock, Ids
from everloop.services.directory import Directory
from everloop.services.provider_keys import ProviderKeyService

# What is no name of a connection although nothing is called by it: fields beside the names in v4's calls, and a
# provider of v4's that ran in the application.
_RESERVED: Final = frozenset({"langchain", "openai_azure_endpoint"})
# More projects in an error help nobody.
_MOST_NAMES: Final = 10


@value
class NewConnection:
    """What a person says of a connection at its creation."""

    name: str
    format: str
    base_url: str
    needs_key: bool
    lacks: tuple[str, ...]


@value
class Shown:
    """A connection and what is there for calling it. `key` is `organisation`, `operator`, or None for no key."""

    connection: KnownConnection | OwnConnection
    facts: Capabilities
    key: str | None


class ConnectionService:
    """The use cases of connections. Calls read them from the snapshot, people from the database."""

    def __init__(
        self,
        *,
        directory: Directory,
        connections: ConnectionStore,
        provider_keys: ProviderKeyService,
        providers: Providers,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._connections = connections
        self._provider_keys = provider_keys
        self._providers = providers
        self._clock = clock
        self._ids = ids

    async def all(self, scope: Scope) -> tuple[Shown, ...]:
        """The well-known ones, then the organisation's own by name."""
        kept = {each.provider for each in await self._provider_keys.all(scope)}
        every: list[KnownConnection | OwnConnection] = [*self._providers.known(), *await self._connections.all(scope)]
        return tuple(self._shown(each, kept) for each in every)

    async def get(self, scope: Scope, name: str) -> Shown:
        """One of either kind. Raises `NotFound`."""
        found = await self._connections.get(scope, name) or self._known(name)
        if found is None:
            raise _none(name)
        return self._shown(found, {each.provider for each in await self._provider_keys.all(scope)})

    async def create(self, scope: Scope, new: NewConnection, key: str | None) -> Shown:
        """Makes it, with its key if one is given. Raises `InvalidFields`, and `Conflict` when the name is taken."""
        self._require_free(new.name)
        now = self._clock.now()
        connection = OwnConnection(
            ConnectionId(self._ids.new(Prefix.CONNECTION)),
            scope.organisation_id,
            new.name,
            self._format(new.format),
            self._base_url(new.base_url),
            new.needs_key,
            _lacks(new.lacks),
            scope.actor,
            now,
            now,
        )
        sealed = None if key is None else self._provider_keys.sealed(scope, new.name, key)
        await self._connections.create(scope, connection, sealed)
        await self._directory.refresh()
        return await self.get(scope, new.name)

    async def update(self, scope: Scope, name: str, change: ConnectionChange, key: str | None) -> Shown:
        """Changes it for the next call of every configuration that names it.

        The key that is kept is for the place it was given for: where a connection leads elsewhere it is forgotten,
        unless the change brings a new one. Raises `NotFound`, `InvalidFields`, and `Conflict` for a well-known one.
        """
        await self._require_own(scope, name)
        checked_change = ConnectionChange(
            None if change.format is None else self._format(change.format),
            None if change.base_url is None else self._base_url(change.base_url),
            change.needs_key,
            None if change.lacks is None else _lacks(change.lacks),
        )
        now = self._clock.now()
        sealed = None if key is None else self._provider_keys.sealed(scope, name, key)
        await self._connections.change(scope, name, lambda each: checked_change.applied(each, now), sealed)
        await self._directory.refresh()
        return await self.get(scope, name)

    async def delete(self, scope: Scope, name: str) -> None:
        """Takes it away with its key. Raises `NotFound`, and `Conflict` while something that answers calls names it."""
        await self._require_own(scope, name)
        await self._directory.refresh()
        users = sorted(
            view.project.name
            for view in self._directory.organisation(scope).projects.values()
            if any(each.config.provider == name for each in view.answering())
        )
        if users:
            told = ", ".join(repr(each) for each in users[:_MOST_NAMES])
            more = len(users) - _MOST_NAMES
            raise Conflict(
                f"Connection {name!r} is needed by what is live, by its fallbacks, or by an experiment, in {told}"
                f"{f' and {more} more' if more > 0 else ''}: let other configs answer there first."
            )
        await self._connections.delete(scope, name)
        await self._directory.refresh()

    def _shown(self, connection: KnownConnection | OwnConnection, kept: set[str]) -> Shown:
        facts = connection.facts
        if isinstance(connection, OwnConnection):
            formats = self._providers.formats()
            facts = common(formats.get(connection.format, Capabilities()), facts)
        if connection.name in kept:
            return Shown(connection, facts, "organisation")
        operators = isinstance(connection, KnownConnection) and self._providers.operator_key(connection.name)
        return Shown(connection, facts, "operator" if operators else None)

    def _known(self, name: str) -> KnownConnection | None:
        return next((each for each in self._providers.known() if each.name == name), None)

    def _require_free(self, name: str) -> None:
        """Raises `Conflict`; also for names that only their capitals tell apart from others."""
        taken = {*self._providers.names(), *(each.name for each in self._providers.known()), *_RESERVED}
        if name.lower() in taken:
            raise _well_known(name)

    async def _require_own(self, scope: Scope, name: str) -> None:
        if await self._connections.get(scope, name) is not None:
            return
        raise _well_known(name) if self._known(name) is not None else _none(name)

    def _format(self, name: str) -> str:
        formats = self._providers.formats()
        if name not in formats:
            message = f"There is no format {name[:100]!r}; there are: {', '.join(sorted(formats))}."
            raise InvalidFields.one(("body", "format"), message)
        return name

    def _base_url(self, text: str) -> str:
        url = checked(text)
        self._providers.check_destination(url)
        return url


def _lacks(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        message = f"There is no capability {unknown[0][:100]!r}; there are: {', '.join(NAMES)}."
        raise InvalidFields.one(("body", "lacks"), message)
    return tuple(each for each in NAMES if each in names)


def _none(name: str) -> NotFound:
    return NotFound(f"There is no connection named {name!r}.")


def _well_known(name: str) -> Conflict:
    return Conflict(
        f"{name!r} is the name of a well-known connection, which stays as it is: give one of your own another name."
    )
