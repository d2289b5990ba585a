"""The experiments of a `FakeHouse`. Results are what a test put into `Memory.results`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from everloop.domain.deployment import Deployment
from everloop.domain.experiment import Experiment
from everloop.domain.ids import EnvironmentId, ExperimentId, ProjectId, TrialId
from everloop.domain.results import Moment, Results
from everloop.domain.scope import Scope
from everloop.domain.trial import Trial
from everloop.errors import Conflict, NotFound
from tests.fake_stores import FakeDeploymentStore, Memory


@dataclass
class FakeExperimentStore:
    memory: Memory

    async def create(self, scope: Scope, experiment: Experiment, deployments: Sequence[Deployment] = ()) -> None:
        await self._keep(scope, experiment, deployments)

    async def get(self, scope: Scope, experiment_id: ExperimentId) -> Experiment | None:
        return self.memory.experiments.get((scope.organisation_id, experiment_id))

    async def of_project(self, scope: Scope, project_id: ProjectId) -> tuple[Experiment, ...]:
        mine = [each for (owner, _), each in self.memory.experiments.items() if owner == scope.organisation_id]
        return tuple(each for each in reversed(mine) if each.project_id == project_id)

    async def change(
        self,
        scope: Scope,
        experiment_id: ExperimentId,
        change: Callable[[Experiment], Experiment],
        deployments: Sequence[Deployment] = (),
    ) -> Experiment:
        present = await self.get(scope, experiment_id)
        if present is None:
            raise NotFound("no such experiment")
        return await self._keep(scope, change(present), deployments)

    async def delete(self, scope: Scope, experiment_id: ExperimentId, now: int) -> None:
        experiment = self.memory.experiments.pop((scope.organisation_id, experiment_id), None)
        if experiment is None:
            raise NotFound("no such experiment")
        self.memory.changed(scope.organisation_id, experiment.project_id)

    async def expose(self, scope: Scope, trial: Trial) -> None:
        self.memory.trials.setdefault((scope.organisation_id, trial.id), trial)

    async def trial(self, scope: Scope, trial_id: TrialId) -> Trial | None:
        return self.memory.trials.get((scope.organisation_id, trial_id))

    async def results(self, scope: Scope, experiment_ids: Sequence[ExperimentId]) -> dict[ExperimentId, Results]:
        return {each: self.memory.results.get((scope.organisation_id, each), {}) for each in experiment_ids}

    async def timeline(
        self, scope: Scope, experiment_id: ExperimentId, environment_id: EnvironmentId
    ) -> tuple[Moment, ...]:
        return tuple(self.memory.moments.get((scope.organisation_id, experiment_id), {}).get(environment_id, ()))

    async def _keep(self, scope: Scope, experiment: Experiment, deployments: Sequence[Deployment]) -> Experiment:
        for namesake in await self.of_project(scope, experiment.project_id):
            if namesake.name == experiment.name and namesake.id != experiment.id:
                raise Conflict("the name is taken")
        before = dict(self.memory.experiments)
        self.memory.experiments[scope.organisation_id, experiment.id] = experiment
        try:
            await FakeDeploymentStore(self.memory).deploy(scope, deployments)
        except BaseException:
            self.memory.experiments = before
            raise
        self.memory.changed(scope.organisation_id, experiment.project_id)
        return self.memory.experiments[scope.organisation_id, experiment.id]
