"""The connections of a `FakeHouse`."""

from collections.abc import Callable
from dataclasses import dataclass

from everloop.domain.connection import OwnConnection
from everloop.domain.keys import ProviderKey
from everloop.domain.scope import Scope
from everloop.errors import Conflict, NotFound
from tests.fake_stores import Memory


@dataclass
class FakeConnectionStore:
    memory: Memory

    async def create(self, scope: Scope, connection: OwnConnection, key: ProviderKey | None) -> None:
        if (scope.organisation_id, connection.name) in self.memory.connections:
            raise Conflict("the name is taken")
        self._forget_key(scope, connection.name)
        self._put(scope, connection, key)

    async def get(self, scope: Scope, name: str) -> OwnConnection | None:
        return self.memory.connections.get((scope.organisation_id, name))

    async def all(self, scope: Scope) -> tuple[OwnConnection, ...]:
        mine = [each for (owner, _), each in self.memory.connections.items() if owner == scope.organisation_id]
        return tuple(sorted(mine, key=lambda each: each.name))

    async def change(
        self,
        scope: Scope,
        name: str,
        change: Callable[[OwnConnection], OwnConnection],
        key: ProviderKey | None,
    ) -> OwnConnection:
        before = await self.get(scope, name)
        if before is None:
            raise NotFound("there is no such connection")
        after = change(before)
        if after.place != before.place:
            self._forget_key(scope, name)
        self._put(scope, after, key)
        return after

    async def delete(self, scope: Scope, name: str) -> None:
        if self.memory.connections.pop((scope.organisation_id, name), None) is None:
            raise NotFound("there is no such connection")
        self._forget_key(scope, name)
        self.memory.changed(scope.organisation_id)

    def _put(self, scope: Scope, connection: OwnConnection, key: ProviderKey | None) -> None:
        self.memory.connections[scope.organisation_id, connection.name] = connection
        if key is not None:
            self.memory.provider_keys[scope.organisation_id, connection.name] = key
        self.memory.changed(scope.organisation_id)

    def _forget_key(self, scope: Scope, name: str) -> None:
        self.memory.provider_keys.pop((scope.organisation_id, name), None)
