"""Organisations."""

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.environment import Environment
from everloop.domain.ids import OrganisationId
from everloop.domain.organisation import Organisation
from everloop.storage.changes import Changes
from everloop.storage.environments import environment_values
from everloop.storage.tables import environment as environment_table
from everloop.storage.tables import organisation as table
from everloop.storage.transactions import Transactions


class Organisations:
    """`ports.organisations.OrganisationStore`."""

    def __init__(self, database: Transactions, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def create(self, organisation: Organisation, environment: Environment) -> None:
        async with self._database.write() as connection:
            await self._insert(connection, organisation, environment)

    async def create_first(self, organisation: Organisation, environment: Environment) -> bool:
        async with self._database.write() as connection:
            if (await connection.execute(select(table.c.id).limit(1))).first() is not None:
                return False
            await self._insert(connection, organisation, environment)
            return True

    async def all(self) -> tuple[Organisation, ...]:
        query = select(table.c.id, table.c.name, table.c.created_at).order_by(table.c.created_at, table.c.number)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(Organisation(OrganisationId(row.id), row.name, row.created_at) for row in rows)

    async def _insert(self, connection: AsyncConnection, organisation: Organisation, environment: Environment) -> None:
        values = {"id": organisation.id, "name": organisation.name, "created_at": organisation.created_at}
        try:
            await connection.execute(insert(table).values(values))
        except IntegrityError as error:
            raise errors.Conflict(f"An organisation named `{organisation.name}` exists already.") from error
        await connection.execute(insert(environment_table).values(environment_values(organisation.id, environment)))
        await self._changes.record(connection, organisation.id)
