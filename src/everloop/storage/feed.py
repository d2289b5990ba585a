"""What changed, and the reads that the snapshot is made of."""

import asyncio
from collections import defaultdict
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.config import ConfigVersion
from everloop.domain.deployment import Deployment
from everloop.domain.environment import Environment
from everloop.domain.ids import ConfigId, EnvironmentId, OrganisationId, ProjectId
from everloop.domain.keys import ApiKey, ProviderKey
from everloop.domain.snapshot import Change, OrganisationView, ProjectView, Snapshot
from everloop.storage.configs import version_of
from everloop.storage.database import Database
from everloop.storage.deployments import deployment_of
from everloop.storage.environments import environment_of
from everloop.storage.keys import api_key_of, provider_key_of
from everloop.storage.projects import project_of
from everloop.storage.tables import (
    api_key,
    change,
    deployment,
    environment,
    model_config,
    organisation,
    project,
    provider_key,
)

_POLL: Final = 0.25


class PollingFeed:
    """`ports.stores.ConfigFeed` for a database that cannot call: the newest number is read four times a second."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told = -1

    async def load(self) -> Snapshot:
        async with self._database.read() as connection:
            epoch = await _newest(connection)
            views = await _organisations(connection, true())
            projects = await _projects(connection, true())
        self._told = epoch
        return Snapshot(epoch).with_organisations(
            epoch, [view.with_projects(projects[view.id]) for view in views.values()]
        )

    async def changes_since(self, epoch: int) -> tuple[Change, ...]:
        """What changed after that epoch, oldest first.

        The record is cut short at its old end. For an epoch before that end, or one that never was (a backup was
        restored), every organisation and every project counts as changed, all with the newest number: whoever reads
        them again has missed nothing.
        """
        async with self._database.read() as connection:
            oldest, newest = (
                await connection.execute(select(func.min(change.c.number), func.max(change.c.number)))
            ).one()
            if newest is None:
                changes: tuple[Change, ...] = ()
            elif oldest - 1 <= epoch <= newest:
                query = select(change).where(change.c.number > epoch).order_by(change.c.number)
                changes = tuple(_change_of(row) for row in (await connection.execute(query)).all())
            else:
                changes = await _everything(connection, newest)
        self._told = newest or 0
        return changes

    async def organisation(self, organisation_id: OrganisationId) -> OrganisationView | None:
        async with self._database.read() as connection:
            return (await _organisations(connection, organisation.c.id == organisation_id)).get(organisation_id)

    async def project(self, organisation_id: OrganisationId, project_id: ProjectId) -> ProjectView | None:
        chosen = and_(project.c.organisation_id == organisation_id, project.c.id == project_id)
        async with self._database.read() as connection:
            return next(iter((await _projects(connection, chosen))[organisation_id]), None)

    async def wait(self) -> None:
        """Compares with what `load` and `changes_since` told, so that a change is waited for until it was told."""
        while True:
            await asyncio.sleep(_POLL)
            async with self._database.read() as connection:
                if await _newest(connection) != self._told:
                    return


async def _newest(connection: AsyncConnection) -> int:
    return (await connection.execute(select(func.max(change.c.number)))).scalar_one() or 0


def _change_of(row: Row[Any]) -> Change:
    project_id = None if row.project_id is None else ProjectId(row.project_id)
    return Change(row.number, OrganisationId(row.organisation_id), project_id)


async def _everything(connection: AsyncConnection, number: int) -> tuple[Change, ...]:
    owners = (await connection.execute(select(organisation.c.id).order_by(organisation.c.number))).scalars().all()
    query = select(project.c.organisation_id, project.c.id).order_by(project.c.number)
    projects = (await connection.execute(query)).all()
    return (
        *(Change(number, OrganisationId(each)) for each in owners),
        *(Change(number, OrganisationId(row.organisation_id), ProjectId(row.id)) for row in projects),
    )


async def _organisations(
    connection: AsyncConnection, chosen: ColumnElement[bool]
) -> dict[OrganisationId, OrganisationView]:
    """The chosen organisations without their projects."""
    owners = select(organisation.c.id).where(chosen).order_by(organisation.c.number)
    environments: defaultdict[str, dict[EnvironmentId, Environment]] = defaultdict(dict)
    query = select(environment).where(environment.c.organisation_id.in_(owners), environment.c.deleted_at.is_(None))
    for row in (await connection.execute(query.order_by(environment.c.number))).all():
        environments[row.organisation_id][EnvironmentId(row.id)] = environment_of(row)
    sealed: defaultdict[str, dict[str, ProviderKey]] = defaultdict(dict)
    for row in (await connection.execute(select(provider_key).where(provider_key.c.organisation_id.in_(owners)))).all():
        sealed[row.organisation_id][row.provider] = provider_key_of(row)
    keys: defaultdict[str, list[ApiKey]] = defaultdict(list)
    for row in (await connection.execute(select(api_key).where(api_key.c.organisation_id.in_(owners)))).all():
        keys[row.organisation_id].append(api_key_of(row))
    return {
        OrganisationId(each): OrganisationView(
            OrganisationId(each), environments[each], sealed[each], tuple(keys[each])
        )
        for each in (await connection.execute(owners)).scalars().all()
    }


async def _projects(
    connection: AsyncConnection, chosen: ColumnElement[bool]
) -> defaultdict[OrganisationId, list[ProjectView]]:
    """The chosen projects of each organisation, with what is live in them."""
    here = and_(deployment.c.organisation_id == project.c.organisation_id, deployment.c.project_id == project.c.id)
    live = and_(
        deployment.c.ended_at.is_(None), (deployment.c.config_id.is_not(None) | deployment.c.experiment_id.is_not(None))
    )
    deployments: defaultdict[tuple[str, str], dict[EnvironmentId, Deployment]] = defaultdict(dict)
    query = select(deployment).select_from(deployment.join(project, here)).where(chosen, live)
    for row in (await connection.execute(query)).all():
        deployments[row.organisation_id, row.project_id][EnvironmentId(row.environment_id)] = deployment_of(row)
    target = and_(
        model_config.c.organisation_id == deployment.c.organisation_id, model_config.c.id == deployment.c.config_id
    )
    configs: defaultdict[tuple[str, str], dict[ConfigId, ConfigVersion]] = defaultdict(dict)
    query = (
        select(model_config).select_from(deployment.join(project, here).join(model_config, target)).where(chosen, live)
    )
    for row in (await connection.execute(query)).all():
        configs[row.organisation_id, row.project_id][ConfigId(row.id)] = version_of(row)
    found: defaultdict[OrganisationId, list[ProjectView]] = defaultdict(list)
    for row in (await connection.execute(select(project).where(chosen).order_by(project.c.number))).all():
        place = (row.organisation_id, row.id)
        found[OrganisationId(row.organisation_id)].append(
            ProjectView(project_of(row), deployments[place], configs[place])
        )
    return found
