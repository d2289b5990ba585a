"""Trials, as the side of the configuration keeps and reads them; those of logs come by `folding` and `exposures`."""

from sqlalchemy import and_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, TrialId
from everloop.domain.scope import Scope
from everloop.domain.trial import Trial
from everloop.storage.experiment_rows import present
from everloop.storage.experiment_tables import arm_usage, experiment
from everloop.storage.experiment_tables import trial as table
from everloop.storage.folded import fold_here


async def expose(connection: AsyncConnection, scope: Scope, trial: Trial) -> None:
    """Keeps the trial, unless it is known, and counts it.

    In one statement each: on PostgreSQL a log writer may be about to do the same.
    """
    await fold_here(connection)
    arm = {
        "organisation_id": scope.organisation_id,
        "experiment_id": trial.experiment_id,
        "environment_id": trial.environment_id,
        "config_id": trial.config_id,
    }
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = insert(table).values(**arm, id=trial.id, created_at=trial.created_at)
    if (await connection.execute(row.on_conflict_do_nothing().returning(table.c.id))).first() is None:
        return
    nothing = {column.name: 0 for column in arm_usage.columns}
    one = insert(arm_usage).values({**nothing, **arm, "trials": 1})
    more = one.on_conflict_do_update(index_elements=list(arm), set_={"trials": arm_usage.c.trials + 1})
    await connection.execute(more)


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
