"""What the hot path reads: everything that decides how a call is answered, frozen, and swapped whole."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace

from everloop.domain.config import ConfigVersion
from everloop.domain.connection import OwnConnection
from everloop.domain.deployment import ConfigTarget, Deployment
from everloop.domain.environment import Environment
from everloop.domain.experiment import Experiment, ExperimentStatus
from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, OrganisationId, ProjectId
from everloop.domain.keys import ApiKey, ProviderKey
from everloop.domain.limit import Limit, Subject
from everloop.domain.price import Price
from everloop.domain.project import Project
from everloop.domain.toolbox import NO_TOOLS, Toolbox
from everloop.domain.value import value


@value
class ProjectView:
    """A project, what is live in each environment, its experiments, and the configurations of both.

    Those that a policy falls back to are among them.
    """

    project: Project
    deployments: Mapping[EnvironmentId, Deployment] = field(default_factory=dict)
    configs: Mapping[ConfigId, ConfigVersion] = field(default_factory=dict)
    experiments: Mapping[ExperimentId, Experiment] = field(default_factory=dict)

    def answering(self) -> Iterator[ConfigVersion]:
        """What answers calls: what is live in any environment, its fallbacks, and the arms of open experiments."""
        for deployment in self.deployments.values():
            if isinstance(deployment.target, ConfigTarget):
                yield self.configs[deployment.target.config_id]
            if deployment.policy is not None:
                yield from (self.configs[each] for each in deployment.policy.fallbacks)
        for experiment in self.experiments.values():
            if experiment.status is not ExperimentStatus.CONCLUDED:
                yield from (self.configs[arm.config_id] for arm in experiment.arms)


@value
class OrganisationView:
    """An organisation's environments, keys, projects, tools, limits and prices.

    `provider_keys` is by provider name, `limits` by what has them (subjects without any are left out), `prices` by
    provider and model.
    """

    id: OrganisationId
    environments: Mapping[EnvironmentId, Environment] = field(default_factory=dict)
    provider_keys: Mapping[str, ProviderKey] = field(default_factory=dict)
    api_keys: tuple[ApiKey, ...] = ()
    projects: Mapping[ProjectId, ProjectView] = field(default_factory=dict)
    projects_by_name: Mapping[str, ProjectId] = field(default_factory=dict)
    projects_by_experiment: Mapping[ExperimentId, ProjectId] = field(default_factory=dict)
    tools: Toolbox = NO_TOOLS
    connections: Mapping[str, OwnConnection] = field(default_factory=dict)  # its own, by name
    limits: Mapping[Subject, tuple[Limit, ...]] = field(default_factory=dict)
    prices: Mapping[tuple[str, str], Price] = field(default_factory=dict)

    @property
    def default_environment(self) -> Environment:
        """The one that calls without `environment` mean."""
        for each in self.environments.values():  # a generator would cost three times as much, in every call
            if each.is_default:
                return each
        raise LookupError(f"Organisation {self.id} has no default environment.")

    def environment_named(self, name: str) -> Environment | None:
        """The environment of that name."""
        return next((each for each in self.environments.values() if each.name == name), None)

    def project_named(self, name: str) -> ProjectView | None:
        """The project of that name."""
        project_id = self.projects_by_name.get(name)
        return None if project_id is None else self.projects[project_id]

    def project_of_experiment(self, experiment_id: ExperimentId) -> ProjectView | None:
        """The project that has the experiment."""
        project_id = self.projects_by_experiment.get(experiment_id)
        return None if project_id is None else self.projects[project_id]

    def with_projects(self, views: Iterable[ProjectView], without: Iterable[ProjectId] = ()) -> "OrganisationView":
        """The same organisation with these projects put in or replaced, and those left out."""
        projects = dict(self.projects)
        for view in views:
            projects[view.project.id] = view
        for gone in without:
            projects.pop(gone, None)
        names = {view.project.name: project_id for project_id, view in projects.items()}
        experiments = {each: project_id for project_id, view in projects.items() for each in view.experiments}
        return replace(self, projects=projects, projects_by_name=names, projects_by_experiment=experiments)


@value
class Snapshot:
    """The whole of it as of `epoch`, the number of the last change it contains."""

    epoch: int
    organisations: Mapping[OrganisationId, OrganisationView] = field(default_factory=dict)
    keys_by_digest: Mapping[bytes, ApiKey] = field(default_factory=dict)

    def with_organisations(self, epoch: int, views: Iterable[OrganisationView]) -> "Snapshot":
        """The snapshot of a later epoch, with these organisations put in or replaced."""
        organisations = dict(self.organisations)
        for view in views:
            organisations[view.id] = view
        keys = {key.digest: key for view in organisations.values() for key in view.api_keys if key.revoked_at is None}
        return Snapshot(epoch, organisations, keys)


@value
class Change:
    """One configuration write, as the feed tells it. `project_id` is None when it touched the organisation itself.

    `number` grows by one or more with every change.
    """

    number: int
    organisation_id: OrganisationId
    project_id: ProjectId | None = None
