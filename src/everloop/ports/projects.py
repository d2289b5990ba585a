"""The ports to projects and to what is in them: configurations, deployments, experiments; and to environments."""

from collections.abc import Callable, Sequence
from typing import Protocol

from everloop.domain.config import AnyVersion, ConfigUse, ConfigVersion, LoggedVersion
from everloop.domain.deployment import Deployment
from everloop.domain.environment import Environment
from everloop.domain.experiment import Experiment
from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, ProjectId, TrialId
from everloop.domain.page import Page, PageRequest
from everloop.domain.project import Project, ProjectSort
from everloop.domain.results import Moment, Results
from everloop.domain.scope import Scope
from everloop.domain.trial import Trial


class ProjectStore(Protocol):
    """Projects. Deleted ones are not there any more."""

    async def create(self, scope: Scope, project: Project) -> Project:
        """Keeps the project, with the default feedback types; when the name is taken, returns the one that has it."""
        ...

    async def get(self, scope: Scope, project_id: ProjectId) -> Project | None: ...

    async def named(self, scope: Scope, name: str) -> Project | None: ...

    async def page(
        self,
        scope: Scope,
        name_part: str | None,
        sort: ProjectSort,
        descending: bool,  # noqa: FBT001 - how a list is ordered
        request: PageRequest,
    ) -> Page[Project]:
        """Projects whose name contains `name_part`, without regard to case."""
        ...

    async def update(self, scope: Scope, project: Project) -> None:
        """Replaces name, directory and `updated_at`. Raises `errors.Conflict` when another project has the name."""
        ...

    async def delete(self, scope: Scope, project_id: ProjectId, now: int) -> None:
        """Hides it with its experiments and ends what is live in it; its name is free. Raises `errors.NotFound`.

        Its configurations, datasets and logs are not there any more for who asks by their ids (`get`, `some`, `link`);
        lists of a project are for projects that are there. Logs that are written later are not there either.
        """
        ...

    async def deleted(self, scope: Scope, project_id: ProjectId) -> bool:
        """Whether there was one of that id: it is never given again."""
        ...


class ConfigStore(Protocol):
    """Versions of configurations."""

    async def register(self, scope: Scope, version: ConfigVersion, first: Deployment | None) -> ConfigVersion:
        """The version of the project with this fingerprint, made if there is none.

        When `first` is given and the project never had a deployment, it goes live in the same transaction (with the
        id of the version that is returned as its target).
        """
        ...

    async def keep_logged(self, scope: Scope, version: LoggedVersion) -> LoggedVersion:
        """The same for a configuration that nobody can call, so that it never goes live."""
        ...

    async def get(self, scope: Scope, config_id: ConfigId) -> AnyVersion | None: ...

    async def versions(self, scope: Scope, config_ids: Sequence[ConfigId]) -> dict[ConfigId, ConfigVersion]:
        """Those model configurations that are there."""
        ...

    async def used(self, scope: Scope, config_ids: Sequence[ConfigId]) -> dict[ConfigId, ConfigUse]:
        """The versions with what is known of their use."""
        ...

    async def of_project(self, scope: Scope, project_id: ProjectId) -> tuple[ConfigUse, ...]:
        """Newest first."""
        ...


class DeploymentStore(Protocol):
    """What is live, and what was."""

    async def deploy(self, scope: Scope, deployments: Sequence[Deployment]) -> None:
        """Puts the targets live, all or none, ending what was live there. The places keep their policies.

        A row with no target clears the place, and is not written when nothing was live there. An experiment is started
        by it (`domain.experiment.Experiment.started`, whose errors are raised); one that is not there is `NotFound`.
        """
        ...

    async def change_policy(self, scope: Scope, change: Deployment) -> bool:
        """Puts the policy in the place's next row of history; its target is what is live there, whatever `change` says.

        False when nothing is live there. Raises `errors.NotFound` for a place or a fallback that is not there.
        """
        ...

    async def history(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[Deployment]:
        """Every change, newest first."""
        ...


class ExperimentStore(Protocol):
    """Experiments, the trials in them, and what came of those. Deleted ones are not there any more."""

    async def create(self, scope: Scope, experiment: Experiment, deployments: Sequence[Deployment] = ()) -> None:
        """Keeps the experiment and puts the deployments live, all or none.

        Raises `errors.Conflict` when an experiment of the project has the name, `errors.NotFound` for a project or a
        configuration that is not there, and what `DeploymentStore.deploy` raises.
        """
        ...

    async def get(self, scope: Scope, experiment_id: ExperimentId) -> Experiment | None: ...

    async def of_project(self, scope: Scope, project_id: ProjectId) -> tuple[Experiment, ...]:
        """Newest first."""
        ...

    async def change(
        self,
        scope: Scope,
        experiment_id: ExperimentId,
        change: Callable[[Experiment], Experiment],
        deployments: Sequence[Deployment] = (),
    ) -> Experiment:
        """Replaces the experiment by what `change` makes of its present state, alone with it, and then deploys.

        All or none; raises what `change` raises, `errors.NotFound`, `errors.Conflict` for a taken name, and what
        `DeploymentStore.deploy` raises. Other positive labels judge the whole past anew.
        """
        ...

    async def delete(self, scope: Scope, experiment_id: ExperimentId, now: int) -> None:
        """Hides it; its logs keep its id. Raises `errors.NotFound`, and `errors.Conflict` while it is live anywhere."""
        ...

    async def expose(self, scope: Scope, trial: Trial) -> None:
        """Keeps the trial, unless it is known. Raises `errors.NotFound` when the experiment has no such arm."""
        ...

    async def trial(self, scope: Scope, trial_id: TrialId) -> Trial | None: ...

    async def results(self, scope: Scope, experiment_ids: Sequence[ExperimentId]) -> dict[ExperimentId, Results]:
        """What is known of each: sums, read in a time that does not grow with the trials."""
        ...

    async def timeline(
        self, scope: Scope, experiment_id: ExperimentId, environment_id: EnvironmentId
    ) -> tuple[Moment, ...]:
        """How the outcomes of its arms came to be, oldest first, at the moments that `results.bucket_of` keeps."""
        ...


class EnvironmentStore(Protocol):
    """Environments."""

    async def create(self, scope: Scope, environment: Environment) -> None:
        """Raises `errors.Conflict` when the name is taken."""
        ...

    async def rename(self, scope: Scope, environment_id: EnvironmentId, name: str) -> None:
        """Raises `errors.Conflict` when another environment has the name, `errors.NotFound` when there is none."""
        ...

    async def make_default(self, scope: Scope, environment_id: EnvironmentId) -> None:
        """The tag moves here from the environment that had it. Raises `errors.NotFound`."""
        ...

    async def delete(self, scope: Scope, environment_id: EnvironmentId, now: int) -> None:
        """Hides it and ends what is live in it; logs keep its name. Raises `NotFound`; `Conflict` for the default."""
        ...

    async def names(self, scope: Scope) -> dict[EnvironmentId, str]:
        """The names of all, the deleted ones included, for reading old logs."""
        ...
