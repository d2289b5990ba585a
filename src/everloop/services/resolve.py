"""Resolve: from what a call names to the configuration, or the experiment's arms, that answer it."""

from collections.abc import Sequence

from everloop.domain.assignment import sample_unit, unit_of
from everloop.domain.config import ConfigVersion, Endpoint
from everloop.domain.deployment import ConfigTarget, ExperimentTarget
from everloop.domain.environment import Environment
from everloop.domain.experiment import Experiment
from everloop.domain.ids import ConfigId, ExperimentId, LogId
from everloop.domain.policy import Policy
from everloop.domain.project import Project
from everloop.domain.reference import ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.snapshot import ProjectView
from everloop.domain.trial import Trial, met
from everloop.domain.value import value
from everloop.errors import BadRequest, InvalidFields, NotFound
from everloop.services.deployments import nothing_live
from everloop.services.directory import Directory
from everloop.services.environments import EnvironmentService
from everloop.services.projects import ProjectService


@value
class Place:
    """Where a call is answered, as one snapshot has it, by what, and how: None for the policy by default."""

    view: ProjectView
    environment: Environment
    target: ConfigVersion | Experiment
    policy: Policy | None = None

    @property
    def project(self) -> Project:
        """The project that is called."""
        return self.view.project

    @property
    def endpoint(self) -> Endpoint | None:
        """How the target is called; None for an experiment without arms."""
        target = self.target
        return target.endpoint if isinstance(target, Experiment) else target.config.endpoint

    def require(self, endpoint: Endpoint) -> None:
        """Raises `BadRequest` when the target is called another way."""
        present = self.endpoint
        if present is endpoint or present is None:
            return
        if isinstance(self.target, Experiment):
            raise BadRequest(
                f"Experiment {self.target.name!r} has {present.value} configs, which cannot answer a {endpoint.value}"
                " call."
            )
        raise BadRequest(
            f"Project {self.view.project.name!r} has a {present.value} config deployed in environment"
            f" {self.environment.name!r}, which cannot answer a {endpoint.value} call."
        )


@value
class Resolved:
    """What answers a call, or some samples of it, and where it was found: None for what the call itself gave."""

    project: Project
    environment: Environment | None
    version: ConfigVersion


@value
class Draw:
    """Samples of a call that one configuration answers: their places in the call, and their trials if there are any."""

    resolved: Resolved
    indices: Sequence[int]
    trials: Sequence[Trial | None]


@value
class Caller:
    """Whom a call counts for in an experiment, and the ids of its samples' logs, which are random and new."""

    user: str | None
    session_id: str | None
    log_ids: Sequence[LogId]

    @property
    def unit(self) -> str:
        """The unit of the call."""
        return unit_of(user=self.user, session_id=self.session_id, otherwise=self.log_ids[0])


class Resolver:
    """Reads the snapshot; the database only when a project is new or was made a moment ago by another process."""

    def __init__(self, *, directory: Directory, projects: ProjectService, environments: EnvironmentService) -> None:
        self._directory = directory
        self._projects = projects
        self._environments = environments

    async def deployed(self, scope: Scope, reference: ProjectReference, environment_name: str | None) -> Place:
        """What is live there. Raises `NotFound`, and `BadRequest` when nothing is."""
        view = await self._projects.resolve(scope, reference)
        environment = await self._environments.named(scope, environment_name)
        deployment = view.deployments.get(environment.id)
        if deployment is None or deployment.target is None:
            # Another process may have deployed the first thing here a moment ago: one read before saying no.
            await self._directory.refresh()
            view = await self._projects.view(scope, view.project.id)
            deployment = view.deployments.get(environment.id)
        if deployment is None or deployment.target is None:
            raise nothing_live(view.project, environment)
        match deployment.target:
            case ConfigTarget(config_id):
                return Place(view, environment, view.configs[config_id], deployment.policy)
            case ExperimentTarget(experiment_id):
                return Place(view, environment, _answering(view, experiment_id), deployment.policy)

    async def experiment(self, scope: Scope, experiment_id: str, reference: ProjectReference | None = None) -> Place:
        """An experiment by its id, live or not; its trials are those of the default environment.

        Raises `NotFound`, and `InvalidFields` when `reference` names another project than the experiment's.
        """
        wanted = ExperimentId(experiment_id)
        view = self._directory.organisation(scope).project_of_experiment(wanted)
        if view is None:
            # Another process may have made it a moment ago: one read before saying no.
            await self._directory.refresh()
            view = self._directory.organisation(scope).project_of_experiment(wanted)
        if view is None:
            raise NotFound(f"There is no experiment with the id {experiment_id!r}.")
        if reference is not None:
            _require_project(view.project, reference, wanted)
        return Place(view, await self._environments.named(scope, None), _answering(view, wanted))


def draw(place: Place, caller: Caller, at: int) -> Draw:
    """What answers all samples of a call. Raises `BadRequest` for an experiment that has no arm to give."""
    samples = range(len(caller.log_ids))
    if not isinstance(place.target, Experiment):
        resolved = Resolved(place.view.project, place.environment, place.target)
        return Draw(resolved, samples, [None for _ in samples])
    version, trial = _arm(place, place.target, caller.unit, at)
    return Draw(Resolved(place.view.project, place.environment, version), samples, [trial for _ in samples])


def draw_each(place: Place, caller: Caller, at: int) -> list[Draw]:
    """The same, with a draw of its own for each sample; those that got the same arm are put together."""
    experiment = place.target
    if not isinstance(experiment, Experiment):
        return [draw(place, caller, at)]
    unit = caller.unit
    found: dict[ConfigId, tuple[ConfigVersion, list[int], list[Trial | None]]] = {}
    for index in range(len(caller.log_ids)):
        version, trial = _arm(place, experiment, sample_unit(unit, index), at)
        _, indices, trials = found.setdefault(version.id, (version, [], []))
        indices.append(index)
        trials.append(trial)
    return [
        Draw(Resolved(place.view.project, place.environment, version), indices, trials)
        for version, indices, trials in found.values()
    ]


def _arm(place: Place, experiment: Experiment, unit: str, at: int) -> tuple[ConfigVersion, Trial]:
    if not experiment.drawn:
        raise BadRequest(f"Experiment {experiment.name!r} has no active arm with a weight above 0: add a config first.")
    arm, named = met(unit, experiment.salt, experiment.drawn, place.environment.id)
    return place.view.configs[arm], Trial(named, experiment.id, arm, place.environment.id, at)


def _answering(view: ProjectView, experiment_id: ExperimentId) -> ConfigVersion | Experiment:
    """The experiment; once it is concluded, what took its place, so that nobody who still asks for it is let down."""
    experiment = view.experiments[experiment_id]
    successor = experiment.successor
    return experiment if successor is None else view.configs[successor]


def _require_project(project: Project, reference: ProjectReference, experiment_id: ExperimentId) -> None:
    if reference.id not in (None, "", project.id) or reference.name not in (None, "", project.name):
        message = (
            f"Experiment {experiment_id} belongs to project {project.name!r} ({project.id}): name that one, or none."
        )
        raise InvalidFields.one(("body", "project_id" if reference.id else "project"), message)
