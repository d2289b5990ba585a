"""Connections of an organisation's own."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.connection import OwnConnection
from everloop.domain.ids import ConnectionId, OrganisationId
from everloop.domain.keys import ProviderKey
from everloop.domain.scope import Scope
from everloop.storage.changes import Changes
from everloop.storage.keys import forget_provider_key, replace_provider_key
from everloop.storage.provider_tables import connection as table
from everloop.storage.transactions import Transactions

_read: Final = msgspec.json.Decoder(tuple[str, ...]).decode


def connection_of(row: Row[Any]) -> OwnConnection:
    """The connection in a row."""
    return OwnConnection(
        ConnectionId(row.id),
        OrganisationId(row.organisation_id),
        row.name,
        row.format,
        row.base_url,
        row.needs_key,
        _read(row.facts),
        row.created_by,
        row.created_at,
        row.updated_at,
    )


def _values(organisation_id: OrganisationId, connection: OwnConnection) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "id": connection.id,
        "name": connection.name,
        "format": connection.format,
        "base_url": connection.base_url,
        "needs_key": connection.needs_key,
        "facts": msgspec.json.encode(connection.lacks).decode(),
        "created_by": connection.created_by,
        "created_at": connection.created_at,
        "updated_at": connection.updated_at,
    }


class Connections:
    """`ports.connections.ConnectionStore`."""

    def __init__(self, database: Transactions, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def create(self, scope: Scope, connection: OwnConnection, key: ProviderKey | None) -> None:
        async with self._database.write(scope.organisation_id) as database:
            try:
                await database.execute(insert(table).values(_values(scope.organisation_id, connection)))
            except IntegrityError as error:
                raise errors.Conflict(f"A connection named `{connection.name}` exists already.") from error
            # One may be left of a connection of that name, put there while that was deleted: it is for another place.
            await forget_provider_key(database, scope, connection.name)
            if key is not None:
                await replace_provider_key(database, scope, key)
            await self._changes.record(database, scope.organisation_id)

    async def get(self, scope: Scope, name: str) -> OwnConnection | None:
        async with self._database.read() as database:
            return await _read_connection(database, scope, name)

    async def all(self, scope: Scope) -> tuple[OwnConnection, ...]:
        query = select(table).where(table.c.organisation_id == scope.organisation_id).order_by(table.c.name)
        async with self._database.read() as database:
            return tuple(connection_of(row) for row in (await database.execute(query)).all())

    async def change(
        self,
        scope: Scope,
        name: str,
        change: Callable[[OwnConnection], OwnConnection],
        key: ProviderKey | None,
    ) -> OwnConnection:
        async with self._database.write(scope.organisation_id) as database:
            before = await _require(database, scope, name)
            after = change(before)
            values = _values(scope.organisation_id, after)
            await database.execute(update(table).where(_this(scope, name)).values(values))
            if key is not None:
                await replace_provider_key(database, scope, key)
            elif after.place != before.place:
                await forget_provider_key(database, scope, name)
            await self._changes.record(database, scope.organisation_id)
            return after

    async def delete(self, scope: Scope, name: str) -> None:
        async with self._database.write(scope.organisation_id) as database:
            await _require(database, scope, name)
            await database.execute(delete(table).where(_this(scope, name)))
            await forget_provider_key(database, scope, name)
            await self._changes.record(database, scope.organisation_id)


def _this(scope: Scope, name: str) -> ColumnElement[bool]:
    return and_(table.c.organisation_id == scope.organisation_id, table.c.name == name)


async def _read_connection(database: AsyncConnection, scope: Scope, name: str) -> OwnConnection | None:
    row = (await database.execute(select(table).where(_this(scope, name)))).one_or_none()
    return None if row is None else connection_of(row)


async def _require(database: AsyncConnection, scope: Scope, name: str) -> OwnConnection:
    connection = await _read_connection(database, scope, name)
    if connection is None:
        raise errors.NotFound(f"There is no connection named `{name}`.")
    return connection
