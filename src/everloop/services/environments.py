"""Environments: named places in which something of each project can be live."""

from everloop.domain.environment import Environment
from everloop.domain.ids import EnvironmentId, Prefix
from everloop.domain.scope import Scope
from everloop.errors import NotFound
from everloop.ports.projects import EnvironmentStore
from everloop.ports.system import Clock, Ids
from everloop.services.directory import Directory


class EnvironmentService:
    """The use cases of environments."""

    def __init__(self, *, directory: Directory, environments: EnvironmentStore, clock: Clock, ids: Ids) -> None:
        self._directory = directory
        self._environments = environments
        self._clock = clock
        self._ids = ids

    async def named(self, scope: Scope, name: str | None) -> Environment:
        """The environment that a call means, the default one when it names none. Raises `NotFound`, listing names."""
        organisation = self._directory.organisation(scope)
        if not name:
            return organisation.default_environment
        found = organisation.environment_named(name)
        if found is None:
            await self._directory.refresh()
            organisation = self._directory.organisation(scope)
            found = organisation.environment_named(name)
        if found is None:
            names = ", ".join(repr(each.name) for each in organisation.environments.values())
            raise NotFound(f"There is no environment named {name!r}. There are: {names}.")
        return found

    async def get(self, scope: Scope, environment_id: str) -> Environment:
        """The environment of that id. Raises `NotFound`."""
        found = self._directory.organisation(scope).environments.get(EnvironmentId(environment_id))
        if found is None:
            await self._directory.refresh()
            found = self._directory.organisation(scope).environments.get(EnvironmentId(environment_id))
        if found is None:
            raise NotFound(f"There is no environment with the id {environment_id!r}.")
        return found

    def all(self, scope: Scope) -> tuple[Environment, ...]:
        """The default one first, then by name."""
        environments = self._directory.organisation(scope).environments.values()
        return tuple(sorted(environments, key=lambda each: (not each.is_default, each.name)))

    async def create(self, scope: Scope, name: str) -> Environment:
        """Makes it. Raises `Conflict` when the name is taken."""
        environment = Environment(EnvironmentId(self._ids.new(Prefix.ENVIRONMENT)), name, False, self._clock.now())
        await self._environments.create(scope, environment)
        await self._directory.refresh()
        return environment

    async def rename(self, scope: Scope, environment_id: str, name: str) -> Environment:
        """Callers by the old name get 'not found' from now on. Raises `NotFound` and `Conflict`."""
        await self._environments.rename(scope, EnvironmentId(environment_id), name)
        await self._directory.refresh()
        return await self.get(scope, environment_id)

    async def make_default(self, scope: Scope, environment_id: str) -> Environment:
        """Calls that name no environment go here from now on. Raises `NotFound`."""
        await self._environments.make_default(scope, EnvironmentId(environment_id))
        await self._directory.refresh()
        return await self.get(scope, environment_id)

    async def delete(self, scope: Scope, environment_id: str) -> None:
        """Ends what is live in it. Raises `NotFound`, and `Conflict` for the default one."""
        await self._environments.delete(scope, EnvironmentId(environment_id), self._clock.now())
        await self._directory.refresh()

    async def names(self, scope: Scope) -> dict[EnvironmentId, str]:
        """The names of all, the deleted ones included, for reading old logs."""
        return await self._environments.names(scope)
