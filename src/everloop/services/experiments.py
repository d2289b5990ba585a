"""Experiments: made, changed while they run, and concluded."""

from collections.abc import Sequence

from everloop.domain.config import ConfigVersion, ModelConfig
from everloop.domain.deployment import ConfigTarget, Deployment, ExperimentTarget, Target
from everloop.domain.environment import Environment
from everloop.domain.experiment import Experiment
from everloop.domain.ids import ConfigId, DeploymentId, ExperimentId, Prefix
from everloop.domain.outcome import PositiveLabel
from everloop.domain.project import Project
from everloop.domain.reference import ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.errors import FieldIssue, InvalidFields, NotFound
from everloop.ports.logs import FeedbackStore
from everloop.ports.projects import ExperimentStore
from everloop.ports.system import Clock, Ids
from everloop.services.configs import ConfigService, Labels, ProjectConfig
from everloop.services.directory import Directory
from everloop.services.environments import EnvironmentService
from everloop.services.experiment_changes import ArmChange, ExperimentChange
from everloop.services.experiment_details import ExperimentCatalogue, ExperimentDetails
from everloop.services.projects import ProjectService


@value
class NewExperiment:
    """What a person says of an experiment at its creation; `live` puts it into the default environment."""

    name: str
    positive_labels: tuple[PositiveLabel, ...]
    config_ids: tuple[str, ...] = ()
    live: bool = False


class ExperimentService:
    """The use cases of experiments. Every change is one transaction: it is there whole or not at all."""

    def __init__(  # noqa: PLR0913 - the ports and neighbours it needs, handed in by name
        self,
        *,
        directory: Directory,
        projects: ProjectService,
        environments: EnvironmentService,
        configs: ConfigService,
        catalogue: ExperimentCatalogue,
        experiments: ExperimentStore,
        feedback: FeedbackStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._directory = directory
        self._projects = projects
        self._environments = environments
        self._configs = configs
        self._catalogue = catalogue
        self._experiments = experiments
        self._feedback = feedback
        self._clock = clock
        self._ids = ids

    async def create(self, scope: Scope, project_id: str, new: NewExperiment) -> ExperimentDetails:
        """An experiment with these configurations as its arms, of equal weight.

        Raises `NotFound`, `InvalidFields`, `Conflict` when the name is taken, and `BadRequest` when the configurations
        do not go together, link a tool which went since or, if it shall be live, are fewer than two.
        """
        project = (await self._projects.view(scope, project_id)).project
        await self._check_labels(scope, project, new.positive_labels)
        versions = [await self._configs.within(scope, project, each) for each in dict.fromkeys(new.config_ids)]
        now = self._clock.now()
        experiment = Experiment(
            id=ExperimentId(self._ids.new(Prefix.EXPERIMENT)),
            project_id=project.id,
            name=new.name,
            salt=self._ids.new(Prefix.EXPERIMENT),
            positive_labels=tuple(dict.fromkeys(new.positive_labels)),
            created_at=now,
            updated_at=now,
        )
        for version in versions:
            experiment = experiment.with_arm(version, now)
        environments = [await self._environments.named(scope, None)] if new.live else []
        await self._experiments.create(
            scope, experiment, self._deployments(scope, project, environments, ExperimentTarget(experiment.id))
        )
        await self._directory.refresh()
        return await self.get(scope, experiment.id)

    async def get(self, scope: Scope, experiment_id: str) -> ExperimentDetails:
        """One experiment. Raises `NotFound`."""
        return (await self._catalogue.describe(scope, [await self._stored(scope, experiment_id)]))[0]

    async def of_project(self, scope: Scope, project_id: str) -> tuple[ExperimentDetails, ...]:
        """Those of a project, newest first. Raises `NotFound`."""
        project = (await self._projects.view(scope, project_id)).project
        return await self._catalogue.describe(scope, await self._experiments.of_project(scope, project.id))

    async def named(self, scope: Scope, project: Project, name: str) -> Experiment:
        """The project's experiment of that name. Raises `NotFound`."""
        for each in await self._experiments.of_project(scope, project.id):
            if each.name == name:
                return each
        raise NotFound(f"Project {project.name!r} has no experiment named {name!r}.")

    async def update(self, scope: Scope, experiment_id: str, change: ExperimentChange) -> ExperimentDetails:
        """Changes it, live or not; other labels judge the whole past anew.

        Raises `NotFound`, `InvalidFields`, `Conflict` for a taken name, and `BadRequest` for what would leave it
        without an arm to give, or when it is concluded.
        """
        present = await self._stored(scope, experiment_id)
        project = (await self._projects.view(scope, present.project_id)).project
        if change.positive_labels is not None:
            await self._check_labels(scope, project, change.positive_labels)
        new = [await self._configs.within(scope, project, each) for each in change.strangers(present)]
        now = self._clock.now()
        await self._experiments.change(scope, present.id, lambda each: change.applied(each, new, now))
        await self._directory.refresh()
        return await self.get(scope, experiment_id)

    async def register(
        self, scope: Scope, reference: ProjectReference, name: str, config: ModelConfig, labels: Labels
    ) -> ProjectConfig:
        """Registers a configuration as `ConfigService.register` does, and makes it an arm of the experiment `name`.

        Raises `NotFound` when there is no such experiment, `BadRequest` when it cannot have this arm; then nothing is
        registered either.
        """
        project = (await self._projects.existing(scope, reference)).project
        experiment = await self.named(scope, project, name)
        await self._configs.check(
            scope, project, config, lambda version: _joined(experiment, version, version.created_at)
        )
        registered = await self._configs.register(scope, ProjectReference(id=project.id), config, labels)
        version = await self._configs.get(scope, registered.use.version.id)
        now = self._clock.now()
        await self._experiments.change(scope, experiment.id, lambda each: _joined(each, version, now))
        await self._directory.refresh()
        return registered

    async def delete(self, scope: Scope, experiment_id: str) -> None:
        """Takes it away. Raises `NotFound`, and `Conflict` while it is live."""
        await self._experiments.delete(scope, ExperimentId(experiment_id), self._clock.now())
        await self._directory.refresh()

    async def conclude(
        self, scope: Scope, experiment_id: str, winner: str | None, environment_ids: Sequence[str] | None = None
    ) -> ExperimentDetails:
        """Ends it: the winner goes live in the environments (None: where the experiment is live, else the default one).

        Wherever else it is live the winner takes its place, too; so does the control when there is no winner, so that
        stopping an experiment leaves no caller without an answer. Raises `NotFound`, also for a winner that is no arm;
        `BadRequest` when it is concluded already; `InvalidFields` for environments without a winner.
        """
        present = await self._stored(scope, experiment_id)
        project = (await self._projects.view(scope, present.project_id)).project
        if environment_ids and winner is None:
            raise InvalidFields.one(("body", "environments"), "Without a `winner` there is nothing to deploy there.")
        now = self._clock.now()
        concluded = present.stopped(now) if winner is None else present.promoted(ConfigId(winner), now)
        environments = await self._places(scope, present, environment_ids, promoted=winner is not None)
        successor = concluded.successor
        target = None if successor is None else ConfigTarget(successor)
        await self._experiments.change(
            scope,
            present.id,
            lambda each: each.stopped(now) if winner is None else each.promoted(ConfigId(winner), now),
            self._deployments(scope, project, environments, target),
        )
        await self._directory.refresh()
        return await self.get(scope, experiment_id)

    async def _places(
        self, scope: Scope, experiment: Experiment, environment_ids: Sequence[str] | None, *, promoted: bool
    ) -> list[Environment]:
        """Where something goes live when the experiment ends."""
        await self._directory.refresh()
        live = self._catalogue.live_in(scope, experiment)
        if environment_ids:
            wanted = [await self._environments.get(scope, each) for each in environment_ids]
        else:
            wanted = [await self._environments.named(scope, None)] if promoted and not live else []
        return list({each.id: each for each in [*live, *wanted]}.values())

    def _deployments(
        self, scope: Scope, project: Project, environments: Sequence[Environment], target: Target | None
    ) -> list[Deployment]:
        now = self._clock.now()
        return [
            Deployment(DeploymentId(self._ids.new(Prefix.DEPLOYMENT)), project.id, each.id, target, now, scope.actor)
            for each in environments
        ]

    async def _stored(self, scope: Scope, experiment_id: str) -> Experiment:
        experiment = await self._experiments.get(scope, ExperimentId(experiment_id))
        if experiment is None:
            raise no_experiment(experiment_id)
        return experiment

    async def _check_labels(self, scope: Scope, project: Project, labels: Sequence[PositiveLabel]) -> None:
        known = [each.name for each in (await self._feedback.types(scope, [project.id])).get(project.id, ())]
        issues = [
            FieldIssue(
                ("body", "positive_labels", index, "type"),
                f"Project {project.name!r} has no feedback type {label.type!r}; it has {', '.join(known)}.",
            )
            for index, label in enumerate(labels)
            if label.type not in known
        ]
        if issues:
            raise InvalidFields(issues)


def _joined(experiment: Experiment, version: ConfigVersion, now: int) -> Experiment:
    """With this configuration as an active arm, whether it was one before or not."""
    change = ExperimentChange(arms={version.id: ArmChange(active=True)})
    return change.applied(experiment, [version], now)


def no_experiment(experiment_id: str) -> NotFound:
    """The error for an id that no experiment has."""
    return NotFound(f"There is no experiment with the id {experiment_id!r}.")
