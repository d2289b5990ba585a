"""Sampling: a configuration for callers who generate elsewhere, with a trial to log it under."""

from everloop.domain.config import ConfigUse
from everloop.domain.environment import Environment
from everloop.domain.ids import ExperimentId, TrialId
from everloop.domain.project import Project
from everloop.domain.reference import ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.ports.projects import ConfigStore, ExperimentStore
from everloop.ports.system import Clock, Ids
from everloop.services.resolve import Caller, Place, Resolver, draw


@value
class ActiveConfig:
    """A configuration to be called, with its use; one that an experiment gave has a trial."""

    project: Project
    environment: Environment
    use: ConfigUse
    experiment_id: ExperimentId | None = None
    trial_id: TrialId | None = None


class SamplingService:
    """Each sample of an experiment is a unit of its own, whose trial is on disk before it is handed out."""

    def __init__(
        self, *, resolver: Resolver, configs: ConfigStore, experiments: ExperimentStore, clock: Clock, ids: Ids
    ) -> None:
        self._resolver = resolver
        self._configs = configs
        self._experiments = experiments
        self._clock = clock
        self._ids = ids

    async def active(self, scope: Scope, project_id: str, environment_name: str | None) -> ActiveConfig:
        """What is live in that environment (None: the default). Raises `NotFound`, and `BadRequest` for nothing."""
        reference = ProjectReference(id=project_id)
        return await self._sample(scope, await self._resolver.deployed(scope, reference, environment_name))

    async def of_experiment(self, scope: Scope, experiment_id: str) -> ActiveConfig:
        """One of an experiment's, live or not. Raises `NotFound`, and `BadRequest` when it has none to give."""
        return await self._sample(scope, await self._resolver.experiment(scope, experiment_id))

    async def _sample(self, scope: Scope, place: Place) -> ActiveConfig:
        now = self._clock.now()
        drawn = draw(place, Caller(None, None, [self._ids.log(now)]), now)
        trial = drawn.trials[0]
        if trial is not None:
            await self._experiments.expose(scope, trial)
        version = drawn.resolved.version
        use = (await self._configs.used(scope, [version.id]))[version.id]
        return ActiveConfig(
            place.view.project,
            place.environment,
            use,
            trial.experiment_id if trial else None,
            trial.id if trial else None,
        )
