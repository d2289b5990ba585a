"""Environments."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.environment import Environment
from everloop.domain.ids import EnvironmentId, OrganisationId, ProjectId
from everloop.domain.scope import Scope
from everloop.storage.changes import Changes
from everloop.storage.tables import deployment
from everloop.storage.tables import environment as table
from everloop.storage.transactions import Transactions


def environment_values(organisation_id: OrganisationId, environment: Environment) -> dict[str, Any]:
    """The row of an environment."""
    return {
        "organisation_id": organisation_id,
        "id": environment.id,
        "name": environment.name,
        "is_default": environment.is_default,
        "created_at": environment.created_at,
    }


def environment_of(row: Row[Any]) -> Environment:
    """The environment in a row."""
    return Environment(EnvironmentId(row.id), row.name, row.is_default, row.created_at)


def present(organisation_id: OrganisationId) -> ColumnElement[bool]:
    """The organisation's environments that are not deleted."""
    return and_(table.c.organisation_id == organisation_id, table.c.deleted_at.is_(None))


async def require_environment(
    connection: AsyncConnection, organisation_id: OrganisationId, environment_id: EnvironmentId
) -> Environment:
    """The environment, unless it is deleted. Raises `errors.NotFound`."""
    query = select(table).where(present(organisation_id), table.c.id == environment_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise errors.NotFound(f"There is no environment `{environment_id}`.")
    return environment_of(row)


class Environments:
    """`ports.projects.EnvironmentStore`."""

    def __init__(self, database: Transactions, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def create(self, scope: Scope, environment: Environment) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            if environment.is_default:
                await self._drop_default(connection, scope)
            try:
                values = environment_values(scope.organisation_id, environment)
                await connection.execute(insert(table).values(values))
            except IntegrityError as error:
                raise _taken(environment.name) from error
            await self._changes.record(connection, scope.organisation_id)

    async def rename(self, scope: Scope, environment_id: EnvironmentId, name: str) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            await require_environment(connection, scope.organisation_id, environment_id)
            try:
                await self._set(connection, scope, environment_id, name=name)
            except IntegrityError as error:
                raise _taken(name) from error
            await self._changes.record(connection, scope.organisation_id)

    async def make_default(self, scope: Scope, environment_id: EnvironmentId) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            await require_environment(connection, scope.organisation_id, environment_id)
            await self._drop_default(connection, scope)
            await self._set(connection, scope, environment_id, is_default=True)
            await self._changes.record(connection, scope.organisation_id)

    async def delete(self, scope: Scope, environment_id: EnvironmentId, now: int) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            environment = await require_environment(connection, scope.organisation_id, environment_id)
            if environment.is_default:
                raise errors.Conflict(
                    f"`{environment.name}` is the default environment; make another one the default first."
                )
            await self._set(connection, scope, environment_id, deleted_at=now)
            for project_id in await _end_deployments(connection, scope, environment_id, now):
                await self._changes.record(connection, scope.organisation_id, project_id)
            await self._changes.record(connection, scope.organisation_id)

    async def names(self, scope: Scope) -> dict[EnvironmentId, str]:
        query = select(table.c.id, table.c.name).where(table.c.organisation_id == scope.organisation_id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {EnvironmentId(row.id): row.name for row in rows}

    async def _drop_default(self, connection: AsyncConnection, scope: Scope) -> None:
        mine = and_(table.c.organisation_id == scope.organisation_id, table.c.is_default)
        await connection.execute(update(table).where(mine).values(is_default=False))

    async def _set(
        self, connection: AsyncConnection, scope: Scope, environment_id: EnvironmentId, **values: str | bool | int
    ) -> None:
        chosen = and_(table.c.organisation_id == scope.organisation_id, table.c.id == environment_id)
        await connection.execute(update(table).where(chosen).values(values))


async def _end_deployments(
    connection: AsyncConnection, scope: Scope, environment_id: EnvironmentId, now: int
) -> Sequence[ProjectId]:
    """Ends what is live in an environment; the projects that it was live for."""
    present_here = and_(
        deployment.c.organisation_id == scope.organisation_id,
        deployment.c.environment_id == environment_id,
        deployment.c.ended_at.is_(None),
    )
    projects = (await connection.execute(select(deployment.c.project_id).where(present_here))).scalars().all()
    await connection.execute(update(deployment).where(present_here).values(ended_at=now))
    return [ProjectId(each) for each in projects]


def _taken(name: str) -> errors.Conflict:
    return errors.Conflict(f"An environment named `{name}` exists already.")
