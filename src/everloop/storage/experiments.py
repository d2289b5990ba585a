"""Experiments."""

from collections.abc import Callable, Sequence

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.deployment import Deployment
from everloop.domain.experiment import Experiment
from everloop.domain.ids import EnvironmentId, ExperimentId, ProjectId, TrialId
from everloop.domain.results import Moment, Results
from everloop.domain.scope import Scope
from everloop.domain.trial import Trial
from everloop.ports.system import Clock
from everloop.storage.changes import Changes
from everloop.storage.deployments import put_live
from everloop.storage.experiment_rows import add_experiment, present, put_experiment, read_experiment, read_experiments
from everloop.storage.experiment_tables import experiment as table
from everloop.storage.folded import catch_up, needs_folding, reading_folded
from everloop.storage.judging import judge_anew
from everloop.storage.projects import require_project
from everloop.storage.results import read_results, read_timeline
from everloop.storage.tables import deployment, model_config
from everloop.storage.transactions import Transactions
from everloop.storage.trials import expose, read_trial


class Experiments:
    """`ports.projects.ExperimentStore`."""

    def __init__(self, database: Transactions, changes: Changes, clock: Clock) -> None:
        self._database = database
        self._changes = changes
        self._clock = clock

    async def create(self, scope: Scope, experiment: Experiment, deployments: Sequence[Deployment] = ()) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            await require_project(connection, scope.organisation_id, experiment.project_id)
            await _require_configs(connection, scope, experiment)
            await add_experiment(connection, scope, experiment)
            await self._finish(connection, scope, experiment, deployments)

    async def get(self, scope: Scope, experiment_id: ExperimentId) -> Experiment | None:
        async with self._database.read() as connection:
            return await read_experiment(connection, scope.organisation_id, experiment_id)

    async def of_project(self, scope: Scope, project_id: ProjectId) -> tuple[Experiment, ...]:
        chosen = and_(present(scope.organisation_id), table.c.project_id == project_id)
        async with self._database.read() as connection:
            return tuple((await read_experiments(connection, chosen)).values())

    async def change(
        self,
        scope: Scope,
        experiment_id: ExperimentId,
        change: Callable[[Experiment], Experiment],
        deployments: Sequence[Deployment] = (),
    ) -> Experiment:
        async with self._database.write(scope.organisation_id) as connection:
            before = await _require(connection, scope, experiment_id)
            after = change(before)
            await _require_configs(connection, scope, after)
            await put_experiment(connection, scope, before, after)
            if set(after.positive_labels) != set(before.positive_labels):
                await judge_anew(connection, scope, after, self._clock.now())
            await self._finish(connection, scope, after, deployments)
            return await _require(connection, scope, experiment_id)

    async def delete(self, scope: Scope, experiment_id: ExperimentId, now: int) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            experiment = await _require(connection, scope, experiment_id)
            live = and_(
                deployment.c.organisation_id == scope.organisation_id,
                deployment.c.project_id == experiment.project_id,
                deployment.c.experiment_id == experiment_id,
                deployment.c.ended_at.is_(None),
            )
            if (await connection.execute(select(deployment.c.id).where(live).limit(1))).first() is not None:
                raise errors.Conflict(f"Experiment `{experiment.name}` is live: deploy something else first.")
            mine = and_(table.c.organisation_id == scope.organisation_id, table.c.id == experiment_id)
            await connection.execute(update(table).where(mine).values(deleted_at=now))
            await self._changes.record(connection, scope.organisation_id, experiment.project_id)

    async def expose(self, scope: Scope, trial: Trial) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            experiment = await _require(connection, scope, trial.experiment_id)
            experiment.arm(trial.config_id)
            await expose(connection, scope, trial)

    async def trial(self, scope: Scope, trial_id: TrialId) -> Trial | None:
        async with self._database.read() as connection:
            found = await read_trial(connection, scope, trial_id)
            if found is not None or not await needs_folding(connection):
                return found
        await catch_up(self._database)
        async with self._database.read() as connection:
            return await read_trial(connection, scope, trial_id)

    async def results(self, scope: Scope, experiment_ids: Sequence[ExperimentId]) -> dict[ExperimentId, Results]:
        async with reading_folded(self._database) as connection:
            return await read_results(connection, scope, experiment_ids)

    async def timeline(
        self, scope: Scope, experiment_id: ExperimentId, environment_id: EnvironmentId
    ) -> tuple[Moment, ...]:
        async with self._database.read() as connection:
            return await read_timeline(connection, scope, experiment_id, environment_id)

    async def _finish(
        self, connection: AsyncConnection, scope: Scope, experiment: Experiment, deployments: Sequence[Deployment]
    ) -> None:
        projects = {experiment.project_id: None}
        for each in deployments:
            if await put_live(connection, scope, each):
                projects[each.project_id] = None
        for project_id in projects:
            await self._changes.record(connection, scope.organisation_id, project_id)


async def _require(connection: AsyncConnection, scope: Scope, experiment_id: ExperimentId) -> Experiment:
    experiment = await read_experiment(connection, scope.organisation_id, experiment_id)
    if experiment is None:
        raise errors.NotFound(f"There is no experiment `{experiment_id}`.")
    return experiment


async def _require_configs(connection: AsyncConnection, scope: Scope, experiment: Experiment) -> None:
    """Raises `errors.NotFound` unless every arm is a configuration of the experiment's project."""
    wanted = [arm.config_id for arm in experiment.arms]
    mine = and_(
        model_config.c.organisation_id == scope.organisation_id,
        model_config.c.project_id == experiment.project_id,
        model_config.c.id.in_(wanted),
    )
    found = set((await connection.execute(select(model_config.c.id).where(mine))).scalars())
    missing = [each for each in wanted if each not in found]
    if missing:
        raise errors.NotFound(f"There is no configuration `{missing[0]}` in the project.")
