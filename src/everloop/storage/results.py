"""The results of experiments, read from sums."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, Table, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.evidence import Summary
from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId
from everloop.domain.results import ArmResults, ArmUsage, Moment, Results
from everloop.domain.scope import Scope
from everloop.storage.experiment_rows import present
from everloop.storage.experiment_tables import arm_latency, arm_moment, arm_outcome, arm_usage, experiment

_Arm = tuple[str, str, str]


async def read_results(
    connection: AsyncConnection, scope: Scope, experiment_ids: Sequence[ExperimentId]
) -> dict[ExperimentId, Results]:
    """The results of each, by environment and arm; three queries however many there are."""
    latencies: defaultdict[_Arm, dict[int, int]] = defaultdict(dict)
    for row in await _rows(connection, scope, arm_latency, experiment_ids):
        latencies[_arm(row)][row.bucket] = row.logs
    outcomes = {
        _arm(row): Summary(row.units, row.total, row.squares)
        for row in await _rows(connection, scope, arm_outcome, experiment_ids)
    }
    found: dict[ExperimentId, dict[EnvironmentId, dict[ConfigId, ArmResults]]] = {each: {} for each in experiment_ids}
    for row in await _rows(connection, scope, arm_usage, experiment_ids):
        usage = ArmUsage(
            row.trials,
            row.logs,
            row.errors,
            row.prompt_tokens,
            row.output_tokens,
            row.cost,
            row.priced,
            latencies[_arm(row)],
        )
        place = found[ExperimentId(row.experiment_id)].setdefault(EnvironmentId(row.environment_id), {})
        place[ConfigId(row.config_id)] = ArmResults(usage, outcomes.get(_arm(row), Summary()))
    return dict(found)


async def read_timeline(
    connection: AsyncConnection, scope: Scope, experiment_id: ExperimentId, environment_id: EnvironmentId
) -> tuple[Moment, ...]:
    """The moments of all arms, oldest first."""
    query = _of_experiments(scope, arm_moment, [experiment_id]).where(arm_moment.c.environment_id == environment_id)
    rows = (await connection.execute(query.order_by(arm_moment.c.at, arm_moment.c.config_id))).all()
    return tuple(Moment(row.at, ConfigId(row.config_id), Summary(row.units, row.total, row.squares)) for row in rows)


async def _rows(
    connection: AsyncConnection, scope: Scope, table: Table, experiment_ids: Sequence[ExperimentId]
) -> Sequence[Row[Any]]:
    rows: Sequence[Row[Any]] = (await connection.execute(_of_experiments(scope, table, experiment_ids))).all()
    return rows


def _of_experiments(scope: Scope, table: Table, experiment_ids: Sequence[ExperimentId]) -> Select[Any]:
    """The sums of those that are not deleted."""
    joined = and_(experiment.c.organisation_id == table.c.organisation_id, experiment.c.id == table.c.experiment_id)
    return (
        select(table)
        .select_from(table.join(experiment, joined))
        .where(present(scope.organisation_id), table.c.experiment_id.in_(experiment_ids))
    )


def _arm(row: Row[Any]) -> _Arm:
    return row.experiment_id, row.environment_id, row.config_id
