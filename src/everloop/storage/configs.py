"""Versions of configurations. In the JSON of those that are no model configurations `type` is the first key."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

import msgspec
from sqlalchemy import Row, Select, and_, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.config import AnyVersion, ConfigUse, ConfigVersion, LoggedConfig, LoggedVersion, ModelConfig
from everloop.domain.deployment import ConfigTarget, Deployment
from everloop.domain.ids import ConfigId, ProjectId
from everloop.domain.scope import Scope
from everloop.storage.changes import Changes
from everloop.storage.deployments import deployed_ever, put_live
from everloop.storage.log_counts import of_configs
from everloop.storage.projects import in_present, require_project
from everloop.storage.tables import model_config as table
from everloop.storage.transactions import Transactions

_LOGGED: Final = '{"type":'
_read_config: Final = msgspec.json.Decoder(ModelConfig)
_read_logged: Final = msgspec.json.Decoder(LoggedConfig)
_Version = TypeVar("_Version", ConfigVersion, LoggedVersion)


def any_version_of(row: Row[Any]) -> AnyVersion:
    """The version in a row."""
    if not row.config.startswith(_LOGGED):
        return version_of(row)
    return LoggedVersion(
        ConfigId(row.id),
        ProjectId(row.project_id),
        _read_logged.decode(row.config),
        row.fingerprint,
        row.created_at,
        row.name,
        row.description,
    )


def version_of(row: Row[Any]) -> ConfigVersion:
    """The version in a row of a model configuration: nothing else is live or an arm."""
    return ConfigVersion(
        ConfigId(row.id),
        ProjectId(row.project_id),
        _read_config.decode(row.config),
        row.fingerprint,
        row.created_at,
        row.name,
        row.description,
    )


class Configs:
    """`ports.projects.ConfigStore`."""

    def __init__(self, database: Transactions, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def register(self, scope: Scope, version: ConfigVersion, first: Deployment | None) -> ConfigVersion:
        async with self._database.write(scope.organisation_id) as connection:
            await require_project(connection, scope.organisation_id, version.project_id)
            version = await _find_or_insert(connection, scope, version)
            if first is not None and not await deployed_ever(connection, scope, version.project_id):
                live = replace(first, project_id=version.project_id, target=ConfigTarget(version.id))
                if await put_live(connection, scope, live):
                    await self._changes.record(connection, scope.organisation_id, version.project_id)
            return version

    async def keep_logged(self, scope: Scope, version: LoggedVersion) -> LoggedVersion:
        async with self._database.write(scope.organisation_id) as connection:
            await require_project(connection, scope.organisation_id, version.project_id)
            return await _find_or_insert(connection, scope, version)

    async def get(self, scope: Scope, config_id: ConfigId) -> AnyVersion | None:
        mine = and_(table.c.organisation_id == scope.organisation_id, table.c.id == config_id)
        query = select(table).where(mine, in_present(table))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else any_version_of(row)

    async def versions(self, scope: Scope, config_ids: Sequence[ConfigId]) -> dict[ConfigId, ConfigVersion]:
        query = select(table).where(table.c.organisation_id == scope.organisation_id, table.c.id.in_(config_ids))
        async with self._database.read() as connection:
            found = [any_version_of(row) for row in (await connection.execute(query)).all()]
        return {each.id: each for each in found if isinstance(each, ConfigVersion)}

    async def used(self, scope: Scope, config_ids: Sequence[ConfigId]) -> dict[ConfigId, ConfigUse]:
        versions = select(table).where(table.c.organisation_id == scope.organisation_id, table.c.id.in_(config_ids))
        async with self._database.read() as connection:
            return {each.version.id: each for each in await _used(connection, scope, versions)}

    async def of_project(self, scope: Scope, project_id: ProjectId) -> tuple[ConfigUse, ...]:
        mine = and_(table.c.organisation_id == scope.organisation_id, table.c.project_id == project_id)
        newest_first = select(table).where(mine).order_by(table.c.created_at.desc(), table.c.number.desc())
        async with self._database.read() as connection:
            return await _used(connection, scope, newest_first)


async def _find_or_insert(connection: AsyncConnection, scope: Scope, version: _Version) -> _Version:
    same = and_(
        table.c.organisation_id == scope.organisation_id,
        table.c.project_id == version.project_id,
        table.c.fingerprint == version.fingerprint,
    )
    there = (await connection.execute(select(table).where(same))).one_or_none()
    if there is not None:
        return cast("_Version", any_version_of(there))  # the type is in the fingerprint
    row = {
        "organisation_id": scope.organisation_id,
        "id": version.id,
        "project_id": version.project_id,
        "fingerprint": version.fingerprint,
        "config": msgspec.json.encode(version.config).decode(),
        "name": version.name,
        "description": version.description,
        "created_at": version.created_at,
    }
    try:
        await connection.execute(insert(table).values(row))
    except IntegrityError as error:
        raise errors.Conflict(f"A configuration with the id `{version.id}` exists already.") from error
    return version


async def _used(connection: AsyncConnection, scope: Scope, versions: Select[Any]) -> tuple[ConfigUse, ...]:
    rows = (await connection.execute(versions)).all()
    uses = await of_configs(connection, scope.organisation_id, [ConfigId(row.id) for row in rows])
    found = [(any_version_of(row), uses[ConfigId(row.id)]) for row in rows]
    return tuple(ConfigUse(version, use.logs, use.last_at) for version, use in found)
