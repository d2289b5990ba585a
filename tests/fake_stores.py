"""The stores of a `FakeHouse`: all of them over one `Memory`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from everloop.domain.config import AnyVersion, ConfigUse, ConfigVersion, LoggedVersion
from everloop.domain.connection import OwnConnection
from everloop.domain.deployment import ConfigTarget, Deployment, ExperimentTarget
from everloop.domain.environment import Environment
from everloop.domain.experiment import Experiment
from everloop.domain.feedback import DEFAULT_TYPES, Feedback, FeedbackType
from everloop.domain.ids import (
    ApiKeyId,
    ConfigId,
    EnvironmentId,
    ExperimentId,
    LimitId,
    LogId,
    OrganisationId,
    PriceId,
    ProjectId,
    SessionId,
    ToolId,
    TrialId,
)
from everloop.domain.keys import ApiKey, ProviderKey
from everloop.domain.limit import Limit, Spent, Subject
from everloop.domain.log import Log
from everloop.domain.organisation import Organisation
from everloop.domain.organisation_tool import OrganisationTool
from everloop.domain.page import Page, PageRequest
from everloop.domain.price import Price
from everloop.domain.project import Project, ProjectSort
from everloop.domain.results import Moment, Results
from everloop.domain.scope import Scope
from everloop.domain.session import Session
from everloop.domain.snapshot import Change, OrganisationView, ProjectView, Snapshot
from everloop.domain.toolbox import Toolbox
from everloop.domain.trial import Trial
from everloop.errors import Conflict, NotFound, Unavailable
from everloop.ports.limits import Account


@dataclass
class Memory:
    """What is kept. Keys of the mappings begin with the organisation."""

    organisations: dict[OrganisationId, Organisation] = field(default_factory=dict)
    environments: dict[tuple[OrganisationId, EnvironmentId], Environment] = field(default_factory=dict)
    gone_environments: dict[tuple[OrganisationId, EnvironmentId], str] = field(default_factory=dict)
    projects: dict[tuple[OrganisationId, ProjectId], Project] = field(default_factory=dict)
    gone_projects: set[tuple[OrganisationId, ProjectId]] = field(default_factory=set)
    configs: dict[tuple[OrganisationId, ConfigId], ConfigVersion] = field(default_factory=dict)
    logged: dict[tuple[OrganisationId, ConfigId], LoggedVersion] = field(default_factory=dict)
    deployments: list[tuple[OrganisationId, Deployment]] = field(default_factory=list)
    experiments: dict[tuple[OrganisationId, ExperimentId], Experiment] = field(default_factory=dict)
    trials: dict[tuple[OrganisationId, TrialId], Trial] = field(default_factory=dict)
    results: dict[tuple[OrganisationId, ExperimentId], Results] = field(default_factory=dict)
    moments: dict[tuple[OrganisationId, ExperimentId], dict[EnvironmentId, list[Moment]]] = field(default_factory=dict)
    sessions: dict[tuple[OrganisationId, SessionId], Session] = field(default_factory=dict)
    logs: dict[LogId, tuple[OrganisationId, Log]] = field(default_factory=dict)
    types: dict[ProjectId, list[FeedbackType]] = field(default_factory=dict)
    feedback: list[tuple[OrganisationId, Feedback]] = field(default_factory=list)
    api_keys: dict[ApiKeyId, ApiKey] = field(default_factory=dict)
    provider_keys: dict[tuple[OrganisationId, str], ProviderKey] = field(default_factory=dict)
    tools: dict[tuple[OrganisationId, ToolId], OrganisationTool] = field(default_factory=dict)
    connections: dict[tuple[OrganisationId, str], OwnConnection] = field(default_factory=dict)
    limits: dict[tuple[OrganisationId, LimitId], Limit] = field(default_factory=dict)
    used: dict[Account, Spent] = field(default_factory=dict)
    prices: dict[tuple[OrganisationId, PriceId], Price] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def changed(self, organisation_id: OrganisationId, project_id: ProjectId | None = None) -> None:
        self.changes.append(Change(len(self.changes) + 1, organisation_id, project_id))

    def live(self, organisation_id: OrganisationId, project_id: ProjectId) -> dict[EnvironmentId, Deployment]:
        rows = [row for organisation, row in self.deployments if organisation == organisation_id]
        return {row.environment_id: row for row in rows if row.project_id == project_id and row.ended_at is None}


@dataclass
class FakeProjectStore:
    memory: Memory

    async def create(self, scope: Scope, project: Project) -> Project:
        there = await self.named(scope, project.name)
        if there is not None:
            return there
        self.memory.projects[scope.organisation_id, project.id] = project
        self.memory.types[project.id] = list(DEFAULT_TYPES)
        self.memory.changed(scope.organisation_id, project.id)
        return project

    async def get(self, scope: Scope, project_id: ProjectId) -> Project | None:
        return self.memory.projects.get((scope.organisation_id, project_id))

    async def named(self, scope: Scope, name: str) -> Project | None:
        return next((each for each in self._of(scope) if each.name == name), None)

    async def page(
        self, scope: Scope, name_part: str | None, sort: ProjectSort, descending: bool, request: PageRequest
    ) -> Page[Project]:
        found = [each for each in self._of(scope) if (name_part or "").lower() in each.name.lower()]
        found.sort(key=lambda each: getattr(each, sort.value), reverse=descending)
        return Page(tuple(found[request.offset : request.offset + request.size]), len(found))

    async def update(self, scope: Scope, project: Project) -> None:
        namesake = await self.named(scope, project.name)
        if namesake is not None and namesake.id != project.id:
            raise Conflict("the name is taken")
        self.memory.projects[scope.organisation_id, project.id] = project
        self.memory.changed(scope.organisation_id, project.id)

    async def delete(self, scope: Scope, project_id: ProjectId, now: int) -> None:
        if self.memory.projects.pop((scope.organisation_id, project_id), None) is None:
            raise NotFound("there is no such project")
        self.memory.gone_projects.add((scope.organisation_id, project_id))
        self.memory.changed(scope.organisation_id, project_id)

    async def deleted(self, scope: Scope, project_id: ProjectId) -> bool:
        return (scope.organisation_id, project_id) in self.memory.gone_projects

    def _of(self, scope: Scope) -> list[Project]:
        return [each for (owner, _), each in self.memory.projects.items() if owner == scope.organisation_id]


@dataclass
class FakeConfigStore:
    memory: Memory

    async def register(self, scope: Scope, version: ConfigVersion, first: Deployment | None) -> ConfigVersion:
        organisation_id = scope.organisation_id
        if (organisation_id, version.project_id) in self.memory.gone_projects:
            raise NotFound("there is no such project")
        same = [
            each
            for (owner, _), each in self.memory.configs.items()
            if owner == organisation_id
            and (each.project_id, each.fingerprint) == (version.project_id, version.fingerprint)
        ]
        kept = same[0] if same else version
        self.memory.configs[organisation_id, kept.id] = kept
        if first is not None and not any(row.project_id == version.project_id for _, row in self.memory.deployments):
            self.memory.deployments.append((organisation_id, replace(first, target=ConfigTarget(kept.id))))
        self.memory.changed(organisation_id, version.project_id)
        return kept

    async def keep_logged(self, scope: Scope, version: LoggedVersion) -> LoggedVersion:
        mine = [each for (owner, _), each in self.memory.logged.items() if owner == scope.organisation_id]
        place = (version.project_id, version.fingerprint)
        kept = next((each for each in mine if (each.project_id, each.fingerprint) == place), version)
        self.memory.logged[scope.organisation_id, kept.id] = kept
        return kept

    async def get(self, scope: Scope, config_id: ConfigId) -> AnyVersion | None:
        place = (scope.organisation_id, config_id)
        return self.memory.configs.get(place) or self.memory.logged.get(place)

    async def versions(self, scope: Scope, config_ids: Sequence[ConfigId]) -> dict[ConfigId, ConfigVersion]:
        found = {each: await self.get(scope, each) for each in config_ids}
        return {each: version for each, version in found.items() if isinstance(version, ConfigVersion)}

    async def used(self, scope: Scope, config_ids: Sequence[ConfigId]) -> dict[ConfigId, ConfigUse]:
        found = {each: await self.get(scope, each) for each in config_ids}
        return {each: ConfigUse(version, 0, None) for each, version in found.items() if version is not None}

    async def of_project(self, scope: Scope, project_id: ProjectId) -> tuple[ConfigUse, ...]:
        mine: list[AnyVersion] = []
        for kept in (self.memory.configs, self.memory.logged):
            mine += [each for (owner, _), each in kept.items() if owner == scope.organisation_id]
        return tuple(ConfigUse(each, 0, None) for each in reversed(mine) if each.project_id == project_id)


@dataclass
class FakeDeploymentStore:
    memory: Memory

    async def deploy(self, scope: Scope, deployments: Sequence[Deployment]) -> None:
        for new in deployments:
            self._start(scope, new)
            live = self.memory.live(scope.organisation_id, new.project_id).get(new.environment_id)
            if new.target is None and (live is None or live.target is None):
                continue
            self._replace(scope, live, replace(new, policy=live.policy if live is not None else None))

    async def change_policy(self, scope: Scope, change: Deployment) -> bool:
        live = self.memory.live(scope.organisation_id, change.project_id).get(change.environment_id)
        if live is None or live.target is None:
            return False
        self._replace(scope, live, replace(change, target=live.target))
        return True

    def _replace(self, scope: Scope, live: Deployment | None, new: Deployment) -> None:
        if live is not None:
            place = self.memory.deployments.index((scope.organisation_id, live))
            self.memory.deployments[place] = (scope.organisation_id, replace(live, ended_at=new.created_at))
        self.memory.deployments.append((scope.organisation_id, new))
        self.memory.changed(scope.organisation_id, new.project_id)

    def _start(self, scope: Scope, new: Deployment) -> None:
        if isinstance(new.target, ExperimentTarget):
            place = (scope.organisation_id, new.target.experiment_id)
            self.memory.experiments[place] = self.memory.experiments[place].started(new.created_at)

    async def history(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[Deployment]:
        mine = [row for owner, row in self.memory.deployments if owner == scope.organisation_id]
        rows = [row for row in reversed(mine) if row.project_id == project_id]
        return Page(tuple(rows[request.offset : request.offset + request.size]), len(rows))


@dataclass
class FakeEnvironmentStore:
    memory: Memory

    async def create(self, scope: Scope, environment: Environment) -> None:
        self._free(scope, environment.name)
        self.memory.environments[scope.organisation_id, environment.id] = environment
        self.memory.changed(scope.organisation_id)

    async def rename(self, scope: Scope, environment_id: EnvironmentId, name: str) -> None:
        environment = self._get(scope, environment_id)
        self._free(scope, name, but=environment_id)
        self.memory.environments[scope.organisation_id, environment_id] = replace(environment, name=name)
        self.memory.changed(scope.organisation_id)

    async def make_default(self, scope: Scope, environment_id: EnvironmentId) -> None:
        self._get(scope, environment_id)
        for key, each in self.memory.environments.items():
            if key[0] == scope.organisation_id:
                self.memory.environments[key] = replace(each, is_default=each.id == environment_id)
        self.memory.changed(scope.organisation_id)

    async def delete(self, scope: Scope, environment_id: EnvironmentId, now: int) -> None:
        environment = self._get(scope, environment_id)
        if environment.is_default:
            raise Conflict("the default one stays")
        del self.memory.environments[scope.organisation_id, environment_id]
        self.memory.gone_environments[scope.organisation_id, environment_id] = environment.name
        self.memory.changed(scope.organisation_id)

    async def names(self, scope: Scope) -> dict[EnvironmentId, str]:
        there = {key: each.name for key, each in self.memory.environments.items()} | self.memory.gone_environments
        return {
            environment_id: name for (owner, environment_id), name in there.items() if owner == scope.organisation_id
        }

    def _get(self, scope: Scope, environment_id: EnvironmentId) -> Environment:
        environment = self.memory.environments.get((scope.organisation_id, environment_id))
        if environment is None:
            raise NotFound("no such environment")
        return environment

    def _free(self, scope: Scope, name: str, but: EnvironmentId | None = None) -> None:
        for (owner, _), each in self.memory.environments.items():
            if owner == scope.organisation_id and each.name == name and each.id != but:
                raise Conflict("the name is taken")


@dataclass
class FakeKeyStore:
    memory: Memory

    async def add_api_key(self, scope: Scope, key: ApiKey) -> None:
        if any(each.digest == key.digest for each in self.memory.api_keys.values()):
            raise Conflict("This API key exists already.")
        self.memory.api_keys[key.id] = key
        self.memory.changed(scope.organisation_id)

    async def api_keys(self, scope: Scope) -> tuple[ApiKey, ...]:
        keys = [each for each in self.memory.api_keys.values() if each.organisation_id == scope.organisation_id]
        return tuple(reversed(keys))

    async def revoke_api_key(self, scope: Scope, key_id: ApiKeyId, now: int) -> ApiKey | None:
        key = self.memory.api_keys.get(key_id)
        if key is None or key.organisation_id != scope.organisation_id:
            return None
        if key.revoked_at is None:
            key = self.memory.api_keys[key_id] = replace(key, revoked_at=now)
            self.memory.changed(scope.organisation_id)
        return key

    async def put_provider_key(self, scope: Scope, key: ProviderKey) -> None:
        self.memory.provider_keys[scope.organisation_id, key.provider] = key
        self.memory.changed(scope.organisation_id)

    async def provider_keys(self, scope: Scope) -> tuple[ProviderKey, ...]:
        return tuple(each for (owner, _), each in self.memory.provider_keys.items() if owner == scope.organisation_id)

    async def delete_provider_key(self, scope: Scope, provider: str) -> bool:
        gone = self.memory.provider_keys.pop((scope.organisation_id, provider), None)
        self.memory.changed(scope.organisation_id)
        return gone is not None


@dataclass
class FakeOrganisationStore:
    memory: Memory

    async def create(self, organisation: Organisation, environment: Environment) -> None:
        if any(each.name == organisation.name for each in self.memory.organisations.values()):
            raise Conflict("the name is taken")
        self.memory.organisations[organisation.id] = organisation
        self.memory.environments[organisation.id, environment.id] = environment
        self.memory.changed(organisation.id)

    async def create_first(self, organisation: Organisation, environment: Environment) -> bool:
        if self.memory.organisations:
            return False
        await self.create(organisation, environment)
        return True

    async def all(self) -> tuple[Organisation, ...]:
        return tuple(self.memory.organisations.values())


@dataclass
class FakeFeed:
    """`reads` counts the questions; `away` says that the database cannot be read; `news` wakes who waits."""

    memory: Memory
    reads: int = 0
    away: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def load(self) -> Snapshot:
        views = []
        for organisation_id in self.memory.organisations:
            view = await self.organisation(organisation_id)
            projects = [self._project(key[0], key[1]) for key in self.memory.projects if key[0] == organisation_id]
            views.append(view.with_projects(projects))
        return Snapshot(0).with_organisations(len(self.memory.changes), views)

    async def changes_since(self, epoch: int) -> tuple[Change, ...]:
        self.reads += 1
        if self.away:
            raise Unavailable("The database is away.")
        return tuple(self.memory.changes[epoch:])

    async def organisation(self, organisation_id: OrganisationId) -> OrganisationView:
        memory = self.memory
        return OrganisationView(
            organisation_id,
            {key[1]: each for key, each in memory.environments.items() if key[0] == organisation_id},
            {key[1]: each for key, each in memory.provider_keys.items() if key[0] == organisation_id},
            tuple(each for each in memory.api_keys.values() if each.organisation_id == organisation_id),
            tools=Toolbox.of(each for (owner, _), each in memory.tools.items() if owner == organisation_id),
            connections={key[1]: each for key, each in memory.connections.items() if key[0] == organisation_id},
            limits=self._limits(organisation_id),
            prices={
                (each.provider, each.model): each
                for (owner, _), each in memory.prices.items()
                if owner == organisation_id
            },
        )

    async def project(self, organisation_id: OrganisationId, project_id: ProjectId) -> ProjectView | None:
        return (
            self._project(organisation_id, project_id)
            if (organisation_id, project_id) in self.memory.projects
            else None
        )

    def _limits(self, organisation_id: OrganisationId) -> dict[Subject, tuple[Limit, ...]]:
        found: dict[Subject, tuple[Limit, ...]] = {}
        for (owner, _), each in self.memory.limits.items():
            if owner == organisation_id:
                found[each.subject] = (*found.get(each.subject, ()), each)
        return found

    async def wait(self) -> None:
        await self.news.wait()
        self.news.clear()

    def _project(self, organisation_id: OrganisationId, project_id: ProjectId) -> ProjectView:
        live = self.memory.live(organisation_id, project_id)
        targets = [each.target for each in live.values()]
        experiments = {
            each.id: each
            for (owner, _), each in self.memory.experiments.items()
            if (owner, each.project_id) == (organisation_id, project_id)
        }
        ids = [target.config_id for target in targets if isinstance(target, ConfigTarget)]
        ids += [arm.config_id for each in experiments.values() for arm in each.arms]
        ids += [each for row in live.values() if row.policy is not None for each in row.policy.fallbacks]
        configs = {each: self.memory.configs[organisation_id, each] for each in ids}
        return ProjectView(self.memory.projects[organisation_id, project_id], live, configs, experiments)
