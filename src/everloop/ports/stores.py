"""Ports to what is kept. Every method of a store takes the caller's `Scope` first and never leaves its organisation.

Writes return once they are on disk. Each write that changes how calls are answered also records a `Change` for the
feed, in the same transaction. A database that cannot be reached or written raises `errors.Unavailable`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from everloop.domain.config import ConfigUse, ConfigVersion
from everloop.domain.deployment import Deployment
from everloop.domain.environment import Environment
from everloop.domain.experiment import Experiment
from everloop.domain.feedback import Feedback, FeedbackType
from everloop.domain.idempotency import Claim, KeptAnswer, KeyedCall
from everloop.domain.ids import (
    ApiKeyId,
    ConfigId,
    EnvironmentId,
    ExperimentId,
    LogId,
    OrganisationId,
    ProjectId,
    SessionId,
    TrialId,
)
from everloop.domain.keys import ApiKey, ProviderKey
from everloop.domain.log import Log, LogCompletion, LogLink
from everloop.domain.log_filter import LogFilter
from everloop.domain.organisation import Organisation
from everloop.domain.page import Page, PageRequest
from everloop.domain.project import Project, ProjectSort
from everloop.domain.results import Moment, Results
from everloop.domain.scope import Scope
from everloop.domain.session import Session, SessionSummary
from everloop.domain.snapshot import Change, OrganisationView, ProjectView, Snapshot
from everloop.domain.trial import Trial


class LogWriter(Protocol):
    """The way of logs to the disk, batched over concurrent calls."""

    async def append(self, scope: Scope, logs: Sequence[Log]) -> None:
        """Keeps the logs, all or none, and makes the sessions and trials that they name; returns once they are on disk.

        What the logs of an experiment took is added to the usage of their arms in the same transaction.
        Raises `errors.Unavailable` when the commit failed or the queue is full.
        """
        ...

    def check(self) -> None:
        """Raises `errors.Unavailable` from the first failed commit until one succeeds (the writer probes by itself)."""
        ...


class LogStore(Protocol):
    """Logs, once written."""

    async def get(self, scope: Scope, log_id: LogId) -> Log | None: ...

    async def some(self, scope: Scope, log_ids: Sequence[LogId]) -> dict[LogId, Log]:
        """Those that are there, with their bodies."""
        ...

    async def link(self, scope: Scope, log_id: LogId) -> LogLink | None:
        """What a child needs to know of its parent: one indexed read."""
        ...

    async def link_by_reference(self, scope: Scope, reference_id: str) -> LogLink | None:
        """The same, by the newest log with that reference."""
        ...

    async def page(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[Log]:
        """The logs of a project, newest first, with their bodies."""
        ...

    async def find(self, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest) -> Page[Log]:
        """The same for those that pass a filter, in its order. All logs of the project are looked at."""
        ...

    async def count(self, scope: Scope, project_ids: Sequence[ProjectId]) -> dict[ProjectId, int]:
        """How many logs each project has."""
        ...

    async def update(self, scope: Scope, log_id: LogId, change: LogCompletion, now: int) -> bool:
        """Completes a log, and says whether it is there. Experiments go on telling of it as it was."""
        ...

    async def delete(self, scope: Scope, log_ids: Sequence[LogId]) -> None:
        """Deletes those that are there, with their feedback. Experiments go on telling of them."""
        ...


class OldLogStore(Protocol):
    """Logs whose time is over, of all organisations. What came of experiments, trials and sums, stays."""

    def alone(self) -> AbstractAsyncContextManager[bool]:
        """Whether no other process is in such a block; none comes in until the end of this one."""
        ...

    async def drop_logs(self, before: int) -> int:
        """Lets go of what is old as a whole, such as a month of logs, without a look at each; how many logs that were.

        What it leaves is for `delete_logs`. The outcome is the same.
        """
        ...

    async def delete_logs(self, before: int, most: int) -> int:
        """Deletes at most so many logs from before a time, in Unix milliseconds; how many, 0 when there are no more.

        A log's time is that in its id, else its `created_at`. Its body and its feedback go with it, and its session
        when that has no other log.
        """
        ...

    async def delete_sessions(self, before: int, most: int) -> int:
        """The same for sessions that never had a log."""
        ...


class SessionStore(Protocol):
    """Sessions."""

    async def create(self, scope: Scope, session: Session) -> None: ...

    async def get(self, scope: Scope, session_id: SessionId) -> Session | None: ...

    async def summary(self, scope: Scope, session_id: SessionId) -> SessionSummary | None: ...

    async def page(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[SessionSummary]:
        """The sessions that have a log of the project, the newest first."""
        ...


class FeedbackStore(Protocol):
    """Feedback and its types. Whatever changes the outcome of an experiment's log changes its results with it."""

    async def types(self, scope: Scope, project_ids: Sequence[ProjectId]) -> dict[ProjectId, tuple[FeedbackType, ...]]:
        """The types of each project in order of creation; it has the default ones from its own creation on."""
        ...

    async def record(
        self, scope: Scope, project_id: ProjectId, types: Sequence[FeedbackType], pieces: Sequence[Feedback]
    ) -> None:
        """Keeps the pieces, all or none, and first adds types and labels that the project does not have yet.

        A piece of a `select`, `text` or `number` type replaces what the same user (None is one such) said of the same
        type and log; one of a `multi_select` type replaces only the same value.
        """
        ...

    async def remove(
        self, scope: Scope, log_id: LogId, type_name: str, value: str | None, user: str | None
    ) -> list[Feedback]:
        """Unsets what this user said: of that type, and of that value unless None. Returns what was removed."""
        ...

    async def of_logs(self, scope: Scope, log_ids: Sequence[LogId]) -> dict[LogId, tuple[Feedback, ...]]:
        """The feedback of each log, oldest first."""
        ...


class ProjectStore(Protocol):
    """Projects."""

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


class ConfigStore(Protocol):
    """Versions of model configurations."""

    async def register(self, scope: Scope, version: ConfigVersion, first: Deployment | None) -> ConfigVersion:
        """The version of the project with this fingerprint, made if there is none.

        When `first` is given and the project never had a deployment, it goes live in the same transaction (with the
        id of the version that is returned as its target).
        """
        ...

    async def get(self, scope: Scope, config_id: ConfigId) -> ConfigVersion | None: ...

    async def versions(self, scope: Scope, config_ids: Sequence[ConfigId]) -> dict[ConfigId, ConfigVersion]:
        """Those that are there."""
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
        """Puts the targets live, all or none, ending what was live there.

        A row with no target clears the place, and is not written when nothing was live there. An experiment is started
        by it (`domain.experiment.Experiment.started`, whose errors are raised); one that is not there is `NotFound`.
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


class KeyStore(Protocol):
    """API keys and providers' keys."""

    async def add_api_key(self, scope: Scope, key: ApiKey) -> None: ...

    async def api_keys(self, scope: Scope) -> tuple[ApiKey, ...]:
        """Newest first, the revoked ones included."""
        ...

    async def revoke_api_key(self, scope: Scope, key_id: ApiKeyId, now: int) -> ApiKey | None:
        """The key as revoked (at its first revocation), None when there is none of that id."""
        ...

    async def put_provider_key(self, scope: Scope, key: ProviderKey) -> None:
        """Replaces the key that the organisation had for that provider."""
        ...

    async def provider_keys(self, scope: Scope) -> tuple[ProviderKey, ...]: ...

    async def delete_provider_key(self, scope: Scope, provider: str) -> bool:
        """Whether there was one."""
        ...


class OrganisationStore(Protocol):
    """Organisations; the one store that is not inside one."""

    async def create(self, organisation: Organisation, environment: Environment) -> None:
        """With its first environment. Raises `errors.Conflict` when the name is taken."""
        ...

    async def create_first(self, organisation: Organisation, environment: Environment) -> bool:
        """The same, unless there is an organisation already; whether it was made. Safe when several processes start."""
        ...

    async def all(self) -> tuple[Organisation, ...]:
        """Oldest first."""
        ...


class IdempotencyStore(Protocol):
    """Calls that are made once, and their answers. Times are in Unix milliseconds; what is over may be swept away."""

    async def claim(self, scope: Scope, call: KeyedCall, owner: str, now: int, until: int) -> Claim:
        """Gives the call's key to `owner` until then, unless something holds it `now`; what holds it afterwards."""
        ...

    async def holding(self, scope: Scope, call: KeyedCall) -> Claim | None:
        """What holds the call's key, or held it last: one indexed read."""
        ...

    async def answer(self, scope: Scope, call: KeyedCall) -> KeptAnswer | None:
        """The kept answer to the call."""
        ...

    async def keep(self, scope: Scope, call: KeyedCall, owner: str, answer: KeptAnswer, until: int) -> bool:
        """Keeps the answer, unless the key is no longer the owner's; whether it did."""
        ...

    async def release(self, scope: Scope, call: KeyedCall, owner: str) -> None:
        """Frees the key, if it is still the owner's and there is no answer."""
        ...

    async def renew(self, owners: Sequence[str], until: int) -> None:
        """Puts off the end of the claims of these owners, in any organisation."""
        ...

    async def sweep(self, now: int, most: int) -> int:
        """Deletes at most so many rows that are over, in any organisation; how many, 0 when there are no more."""
        ...


class ConfigFeed(Protocol):
    """How processes learn what others changed, and the reads that the snapshot is made of."""

    async def load(self) -> Snapshot:
        """Everything, as of one epoch."""
        ...

    async def changes_since(self, epoch: int) -> tuple[Change, ...]:
        """What changed after that epoch, oldest first."""
        ...

    async def organisation(self, organisation_id: OrganisationId) -> OrganisationView | None:
        """The organisation's environments and keys, without its projects."""
        ...

    async def project(self, organisation_id: OrganisationId, project_id: ProjectId) -> ProjectView | None: ...

    async def wait(self) -> None:
        """Returns when there may be something new: at the latest, a change is told half a second after it was made."""
        ...


class Health(Protocol):
    """The state of the database."""

    async def ready(self) -> None:
        """Raises `errors.Unavailable`, saying why, unless the database is writable and its migrations are current."""
        ...
