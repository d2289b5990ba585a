"""An experiment with what it refers to and what came of it, as the lists and pages show it."""

from collections.abc import Mapping, Sequence

from everloop.domain.config import ConfigVersion
from everloop.domain.deployment import ExperimentTarget
from everloop.domain.environment import Environment
from everloop.domain.experiment import Arm, Experiment
from everloop.domain.ids import ExperimentId
from everloop.domain.results import ArmResults, Results, busiest
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.ports.projects import ConfigStore, ExperimentStore
from everloop.services.directory import Directory


@value
class ArmDetails:
    """An arm with its configuration and its results."""

    arm: Arm
    version: ConfigVersion
    results: ArmResults


@value
class ExperimentDetails:
    """`live_in` are the environments where it is live. The arms' results are of the one with the most trials."""

    experiment: Experiment
    arms: tuple[ArmDetails, ...]
    live_in: tuple[Environment, ...]


class ExperimentCatalogue:
    """Puts details together, for many experiments in as few reads as for one."""

    def __init__(self, *, directory: Directory, experiments: ExperimentStore, configs: ConfigStore) -> None:
        self._directory = directory
        self._experiments = experiments
        self._configs = configs

    async def describe(self, scope: Scope, experiments: Sequence[Experiment]) -> tuple[ExperimentDetails, ...]:
        """The details of each, in the same order."""
        if not experiments:
            return ()
        results = await self._experiments.results(scope, [each.id for each in experiments])
        config_ids = {arm.config_id: None for each in experiments for arm in each.arms}
        versions = await self._configs.versions(scope, list(config_ids))
        details = []
        for experiment in experiments:
            found: Results = results.get(experiment.id, {})
            place = busiest(found)
            of_arms = {} if place is None else found[place]
            arms = tuple(
                ArmDetails(arm, versions[arm.config_id], of_arms.get(arm.config_id, ArmResults()))
                for arm in experiment.arms
            )
            details.append(ExperimentDetails(experiment, arms, self.live_in(scope, experiment)))
        return tuple(details)

    def live_in(self, scope: Scope, experiment: Experiment) -> tuple[Environment, ...]:
        """The environments where it is live, by the snapshot."""
        organisation = self._directory.organisation(scope)
        view = organisation.projects.get(experiment.project_id)
        live = view.deployments if view else {}
        target = ExperimentTarget(experiment.id)
        places = [place for place, deployment in live.items() if deployment.target == target]
        return tuple(organisation.environments[each] for each in places if each in organisation.environments)

    async def by_id(
        self, scope: Scope, experiment_ids: Sequence[ExperimentId]
    ) -> Mapping[ExperimentId, ExperimentDetails]:
        """The details of those that are there."""
        found = [await self._experiments.get(scope, each) for each in experiment_ids]
        details = await self.describe(scope, [each for each in found if each is not None])
        return {each.experiment.id: each for each in details}
