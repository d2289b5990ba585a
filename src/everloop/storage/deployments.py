"""Deployments: the table is the history, and the rows without an end are the present."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.deployment import ConfigTarget, Deployment, ExperimentTarget, Target
from everloop.domain.ids import ConfigId, DeploymentId, EnvironmentId, ExperimentId, ProjectId
from everloop.domain.page import Page, PageRequest
from everloop.domain.policy import Policy
from everloop.domain.scope import Scope
from everloop.storage.changes import Changes
from everloop.storage.environments import require_environment
from everloop.storage.experiment_rows import put_experiment, read_experiment
from everloop.storage.projects import require_project
from everloop.storage.tables import deployment as table
from everloop.storage.tables import model_config
from everloop.storage.transactions import Transactions

_read_policy: Final = msgspec.json.Decoder(Policy)


def deployment_of(row: Row[Any]) -> Deployment:
    """The deployment in a row."""
    return Deployment(
        DeploymentId(row.id),
        ProjectId(row.project_id),
        EnvironmentId(row.environment_id),
        _target_of(row),
        row.created_at,
        row.created_by,
        row.ended_at,
        None if row.policy is None else _read_policy.decode(row.policy),
    )


async def deployed_ever(connection: AsyncConnection, scope: Scope, project_id: ProjectId) -> bool:
    """Whether anything was ever live in the project."""
    query = select(table.c.id).where(_of_project(scope, project_id)).limit(1)
    return (await connection.execute(query)).first() is not None


async def put_live(connection: AsyncConnection, scope: Scope, deployment: Deployment) -> bool:
    """Ends what is live there and puts this in its place, under the same policy; False when there was nothing to clear.

    Raises `errors.NotFound` when the project, the environment or the target is not there for it, and what keeps an
    experiment from being started.
    """
    await require_project(connection, scope.organisation_id, deployment.project_id)
    await require_environment(connection, scope.organisation_id, deployment.environment_id)
    if isinstance(deployment.target, ConfigTarget):
        await _require_config(connection, scope, deployment.project_id, deployment.target.config_id)
    if isinstance(deployment.target, ExperimentTarget):
        await _start(connection, scope, deployment, deployment.target.experiment_id)
    present = await _present(connection, scope, deployment)
    if deployment.target is None and (present is None or present.target is None):
        return False
    await _replace(connection, scope, replace(deployment, policy=None if present is None else present.policy))
    return True


class Deployments:
    """`ports.projects.DeploymentStore`."""

    def __init__(self, database: Transactions, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def deploy(self, scope: Scope, deployments: Sequence[Deployment]) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            for deployment in deployments:
                if await put_live(connection, scope, deployment):
                    await self._changes.record(connection, scope.organisation_id, deployment.project_id)

    async def change_policy(self, scope: Scope, change: Deployment) -> bool:
        async with self._database.write(scope.organisation_id) as connection:
            await require_project(connection, scope.organisation_id, change.project_id)
            await require_environment(connection, scope.organisation_id, change.environment_id)
            for config_id in () if change.policy is None else change.policy.fallbacks:
                await _require_config(connection, scope, change.project_id, config_id)
            present = await _present(connection, scope, change)
            if present is None or present.target is None:
                return False
            await _replace(connection, scope, replace(change, target=present.target))
            await self._changes.record(connection, scope.organisation_id, change.project_id)
            return True

    async def history(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[Deployment]:
        mine = _of_project(scope, project_id)
        query = select(table).where(mine).order_by(table.c.created_at.desc(), table.c.number.desc())
        async with self._database.read() as connection:
            rows = (await connection.execute(query.offset(request.offset).limit(request.size))).all()
            total = (await connection.execute(select(func.count()).select_from(table).where(mine))).scalar_one()
        return Page(tuple(deployment_of(row) for row in rows), total)


def _here(scope: Scope, deployment: Deployment) -> ColumnElement[bool]:
    return and_(
        _of_project(scope, deployment.project_id),
        table.c.environment_id == deployment.environment_id,
        table.c.ended_at.is_(None),
    )


async def _present(connection: AsyncConnection, scope: Scope, deployment: Deployment) -> Deployment | None:
    row = (await connection.execute(select(table).where(_here(scope, deployment)))).one_or_none()
    return None if row is None else deployment_of(row)


async def _replace(connection: AsyncConnection, scope: Scope, deployment: Deployment) -> None:
    await connection.execute(update(table).where(_here(scope, deployment)).values(ended_at=deployment.created_at))
    try:
        await connection.execute(insert(table).values(_values(scope, deployment)))
    except IntegrityError as error:
        raise errors.Conflict(f"A deployment with the id `{deployment.id}` exists already.") from error


def _of_project(scope: Scope, project_id: ProjectId) -> ColumnElement[bool]:
    return and_(table.c.organisation_id == scope.organisation_id, table.c.project_id == project_id)


async def _require_config(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, config_id: ConfigId
) -> None:
    query = select(model_config.c.id).where(
        model_config.c.organisation_id == scope.organisation_id,
        model_config.c.project_id == project_id,
        model_config.c.id == config_id,
    )
    if (await connection.execute(query)).first() is None:
        raise errors.NotFound(f"There is no configuration `{config_id}` in the project.")


async def _start(
    connection: AsyncConnection, scope: Scope, deployment: Deployment, experiment_id: ExperimentId
) -> None:
    experiment = await read_experiment(connection, scope.organisation_id, experiment_id)
    if experiment is None or experiment.project_id != deployment.project_id:
        raise errors.NotFound(f"There is no experiment `{experiment_id}` in the project.")
    await put_experiment(connection, scope, experiment, experiment.started(deployment.created_at))


def _target_of(row: Row[Any]) -> Target | None:
    if row.config_id is not None:
        return ConfigTarget(ConfigId(row.config_id))
    if row.experiment_id is not None:
        return ExperimentTarget(ExperimentId(row.experiment_id))
    return None


def _values(scope: Scope, deployment: Deployment) -> dict[str, Any]:
    target = deployment.target
    return {
        "organisation_id": scope.organisation_id,
        "id": deployment.id,
        "project_id": deployment.project_id,
        "environment_id": deployment.environment_id,
        "config_id": target.config_id if isinstance(target, ConfigTarget) else None,
        "experiment_id": target.experiment_id if isinstance(target, ExperimentTarget) else None,
        "created_at": deployment.created_at,
        "created_by": deployment.created_by,
        "ended_at": deployment.ended_at,
        "policy": None if deployment.policy is None else msgspec.json.encode(deployment.policy).decode(),
    }
