"""Trials, as the side of the configuration keeps and reads them; the log writer has its own way (`exposures`)."""

from sqlalchemy import and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, TrialId
from everloop.domain.scope import Scope
from everloop.domain.trial import Trial
from everloop.storage.experiment_rows import present
from everloop.storage.experiment_tables import arm_usage, experiment
from everloop.storage.experiment_tables import trial as table


async def expose(connection: AsyncConnection, scope: Scope, trial: Trial) -> None:
    """Keeps the trial, unless it is known, and counts it."""
    known = select(table.c.id).where(table.c.organisation_id == scope.organisation_id, table.c.id == trial.id)
    if (await connection.execute(known)).first() is not None:
        return
    arm = {
        "organisation_id": scope.organisation_id,
        "experiment_id": trial.experiment_id,
        "environment_id": trial.environment_id,
        "config_id": trial.config_id,
    }
    await connection.execute(insert(table).values(**arm, id=trial.id, created_at=trial.created_at))
    mine = and_(*(arm_usage.c[name] == value for name, value in arm.items()))
    counted = await connection.execute(update(arm_usage).where(mine).values(trials=arm_usage.c.trials + 1))
    if counted.rowcount == 0:
        nothing = {column.name: 0 for column in arm_usage.columns}
        await connection.execute(insert(arm_usage).values({**nothing, **arm, "trials": 1}))


async def read_trial(connection: AsyncConnection, scope: Scope, trial_id: TrialId) -> Trial | None:
    """The trial, unless its experiment is deleted."""
    joined = and_(experiment.c.organisation_id == table.c.organisation_id, experiment.c.id == table.c.experiment_id)
    query = (
        select(table)
        .select_from(table.join(experiment, joined))
        .where(table.c.organisation_id == scope.organisation_id, table.c.id == trial_id)
        .where(present(scope.organisation_id))
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Trial(
        TrialId(row.id),
        ExperimentId(row.experiment_id),
        ConfigId(row.config_id),
        EnvironmentId(row.environment_id),
        row.created_at,
    )
