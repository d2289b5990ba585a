"""What came of an experiment: now, and how it came to be."""

from collections.abc import Iterator, Mapping, Sequence

from everloop.domain.evidence import Evidence, Summary, weigh
from everloop.domain.experiment import Experiment
from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId
from everloop.domain.results import ArmResults, Moment, Results, busiest
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.errors import NotFound
from everloop.ports.projects import ExperimentStore
from everloop.services.environments import EnvironmentService


@value
class EnvironmentTrials:
    """How many trials an experiment has in one environment, which may be deleted by now."""

    environment_id: EnvironmentId
    name: str | None
    trials: int


@value
class ExperimentResults:
    """The results in one environment (None: there are none yet in any). `evidence` is None without arms."""

    experiment: Experiment
    environment_id: EnvironmentId | None
    environments: tuple[EnvironmentTrials, ...]
    arms: Mapping[ConfigId, ArmResults]
    evidence: Evidence | None


@value
class TimelinePoint:
    """What could be said at a time, in Unix milliseconds, of all arms together."""

    at: int
    evidence: Evidence


@value
class Timeline:
    """Oldest first. Every point weighs the arms and the control that the experiment has now."""

    experiment: Experiment
    environment_id: EnvironmentId | None
    points: tuple[TimelinePoint, ...]


class ExperimentResultsService:
    """Reads sums only: what it costs does not grow with the trials."""

    def __init__(self, *, experiments: ExperimentStore, environments: EnvironmentService) -> None:
        self._experiments = experiments
        self._environments = environments

    async def results(self, scope: Scope, experiment_id: str, environment_name: str | None) -> ExperimentResults:
        """The results in that environment (None: where most of the trials are). Raises `NotFound`."""
        experiment = await self._stored(scope, experiment_id)
        found = (await self._experiments.results(scope, [experiment.id])).get(experiment.id, {})
        names = await self._environments.names(scope)
        place = await self._place(scope, found, environment_name)
        of_arms = {} if place is None else found.get(place, {})
        arms = {arm.config_id: of_arms.get(arm.config_id, ArmResults()) for arm in experiment.arms}
        environments = tuple(
            EnvironmentTrials(each, names.get(each), sum(arm.usage.trials for arm in there.values()))
            for each, there in found.items()
        )
        outcomes = {config_id: each.outcomes for config_id, each in arms.items()}
        return ExperimentResults(experiment, place, environments, arms, _weigh(experiment, outcomes))

    async def timeline(self, scope: Scope, experiment_id: str, environment_name: str | None, points: int) -> Timeline:
        """How they came to be, in at most so many points. Raises `NotFound`."""
        experiment = await self._stored(scope, experiment_id)
        found = (await self._experiments.results(scope, [experiment.id])).get(experiment.id, {})
        place = await self._place(scope, found, environment_name)
        if place is None or experiment.control is None:
            return Timeline(experiment, place, ())
        moments = await self._experiments.timeline(scope, experiment.id, place)
        known = [
            TimelinePoint(at, weigh(outcomes, experiment.control))
            for at, outcomes in _thinned(list(_states(experiment, moments)), points)
        ]
        return Timeline(experiment, place, tuple(known))

    async def _place(self, scope: Scope, found: Results, environment_name: str | None) -> EnvironmentId | None:
        if environment_name is None:
            return busiest(found)
        names = await self._environments.names(scope)
        named = [each for each, name in names.items() if name == environment_name]
        if not named:
            return (await self._environments.named(scope, environment_name)).id
        # A deleted environment's name may have been given anew: the one with results is meant.
        return max(named, key=lambda each: each in found)

    async def _stored(self, scope: Scope, experiment_id: str) -> Experiment:
        experiment = await self._experiments.get(scope, ExperimentId(experiment_id))
        if experiment is None:
            raise NotFound(f"There is no experiment with the id {experiment_id!r}.")
        return experiment


def _weigh(experiment: Experiment, outcomes: Mapping[ConfigId, Summary]) -> Evidence | None:
    return None if experiment.control is None else weigh(outcomes, experiment.control)


def _states(experiment: Experiment, moments: Sequence[Moment]) -> Iterator[tuple[int, Mapping[ConfigId, Summary]]]:
    """The outcomes of all arms after each moment; those that change at one time make one state."""
    state = {arm.config_id: Summary() for arm in experiment.arms}
    for place, moment in enumerate(moments):
        state = state | {moment.config_id: moment.outcomes}
        if place + 1 == len(moments) or moments[place + 1].at != moment.at:
            yield moment.at, state


def _thinned(
    states: Sequence[tuple[int, Mapping[ConfigId, Summary]]], points: int
) -> list[tuple[int, Mapping[ConfigId, Summary]]]:
    """At most so many of them, evenly by time from the first to the last, the last always among them."""
    if len(states) <= points:
        return list(states)
    first, last = states[0][0], states[-1][0]
    kept: dict[int, tuple[int, Mapping[ConfigId, Summary]]] = {}
    for at, outcomes in states:
        kept[(at - first) * (points - 1) // (last - first)] = (at, outcomes)
    return list(kept.values())
