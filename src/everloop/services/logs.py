"""Logs: kept for callers who generate elsewhere, and read back."""

from collections.abc import Sequence
from dataclasses import field, replace

from everloop.domain.config import ConfigUse, LoggedConfig, ModelConfig, fingerprint
from everloop.domain.document import EMPTY_OBJECT, Document
from everloop.domain.feedback import Feedback
from everloop.domain.ids import ConfigId, EnvironmentId, LogId, ProjectId, TrialId
from everloop.domain.log import REPORTED, Log, LogBody, LogCompletion
from everloop.domain.log_filter import EVERYTHING, LogFilter
from everloop.domain.page import Page, PageRequest
from everloop.domain.project import Project
from everloop.domain.reference import LinkReference, ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.trial import Trial
from everloop.domain.usage import told
from everloop.domain.value import value
from everloop.errors import InvalidFields, NotFound
from everloop.ports.logs import FeedbackStore, LogStore, LogWriter
from everloop.ports.projects import ConfigStore, ExperimentStore
from everloop.ports.system import Clock, Ids
from everloop.services.configs import ConfigService, Labels
from everloop.services.environments import EnvironmentService
from everloop.services.feedback import FeedbackCommand, FeedbackService
from everloop.services.projects import ProjectService
from everloop.services.sessions import SessionService

# What is known of the configs that one request's logs bring, by project and content: mostly the same one many times.
_Versions = dict[tuple[ProjectId, str], ConfigId]


@value
class LogCommand:
    """One log of the caller's own. Either `config_id` or `config` says what made it.

    `created_at` is in Unix milliseconds, `duration` in seconds, costs in US dollars; `feedback` refers to the log by
    an empty id.
    """

    project: ProjectReference
    links: LinkReference = field(default_factory=LinkReference)
    config_id: str | None = None
    config: ModelConfig | LoggedConfig | None = None
    trial_id: str | None = None
    labels: Labels = field(default_factory=Labels)
    environment: str | None = None
    inputs: Document = EMPTY_OBJECT
    messages: Document | None = None
    metadata: Document | None = None
    source: str | None = None
    source_datapoint_id: str | None = None
    reference_id: str | None = None
    save: bool = True
    output: str | None = None
    output_message: Document | None = None
    judgment: Document | None = None
    error: str | None = None
    stdout: str | None = None
    duration: float | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    prompt_cost: float | None = None
    output_cost: float | None = None
    provider_request: Document | None = None
    provider_response: Document | None = None
    created_at: int | None = None
    feedback: tuple[FeedbackCommand, ...] = ()
    location: tuple[str | int, ...] = ("body",)


@value
class LogDetails:
    """A log with what it refers to. `environment` is the environment's present name."""

    log: Log
    project: Project
    use: ConfigUse | None
    environment: str | None
    feedback: tuple[Feedback, ...]


class LogService:
    """The use cases of logs."""

    def __init__(  # noqa: PLR0913 - the ports and neighbours it needs, handed in by name
        self,
        *,
        projects: ProjectService,
        environments: EnvironmentService,
        configs: ConfigService,
        sessions: SessionService,
        feedback: FeedbackService,
        writer: LogWriter,
        logs: LogStore,
        config_store: ConfigStore,
        experiments: ExperimentStore,
        feedback_store: FeedbackStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._projects = projects
        self._environments = environments
        self._configs = configs
        self._sessions = sessions
        self._feedback = feedback
        self._writer = writer
        self._logs = logs
        self._config_store = config_store
        self._experiments = experiments
        self._feedback_store = feedback_store
        self._clock = clock
        self._ids = ids

    async def create(self, scope: Scope, commands: Sequence[LogCommand]) -> list[Log]:
        """Keeps the logs, all or none, and then their feedback; returns once they are on disk.

        Raises `NotFound` for what they refer to, `InvalidFields`, and `Unavailable`: at once while nothing can be kept.
        """
        self._writer.check()
        versions: _Versions = {}
        logs = [await self._log(scope, command, versions) for command in commands]
        said = [
            (log.project_id, each) for log, command in zip(logs, commands, strict=True) for each in command.feedback
        ]
        if said:
            await self._feedback.check(scope, [place for place, _ in said], [each for _, each in said])
        if logs:
            # Many may have come in since. Unlike the logs of calls these can be refused, and a request has up to 1,000.
            self._writer.check()
            await self._writer.append(scope, logs)
        for log, command in zip(logs, commands, strict=True):
            await self._feedback.submit(scope, [replace(each, log_id=log.id) for each in command.feedback])
        return logs

    async def get(self, scope: Scope, log_id: str) -> LogDetails:
        """One log. Raises `NotFound`."""
        log = await self._logs.get(scope, LogId(log_id))
        if log is None:
            raise NotFound(f"There is no log with the id {log_id!r}.")
        return (await self._details(scope, [log]))[0]

    async def page(
        self, scope: Scope, project_id: str, request: PageRequest, chosen: LogFilter = EVERYTHING
    ) -> Page[LogDetails]:
        """The logs of a project that pass a filter, in its order, else the newest first.

        Raises `NotFound`, `TooLarge`.
        """
        project = (await self._projects.view(scope, project_id)).project
        if chosen == EVERYTHING:
            page = await self._logs.page(scope, project.id, request)
        else:
            page = await self._logs.find(scope, project.id, chosen, request)
        return Page(tuple(await self._details(scope, page.items)), page.total)

    async def update(self, scope: Scope, log_id: str, change: LogCompletion) -> LogDetails:
        """Completes a log; one that keeps no text gets none. Raises `NotFound`."""
        if not await self._logs.update(scope, LogId(log_id), change, self._clock.now()):
            raise NotFound(f"There is no log with the id {log_id!r}.")
        return await self.get(scope, log_id)

    async def update_by_reference(self, scope: Scope, reference_id: str, change: LogCompletion) -> LogDetails:
        """The same with the newest log that has the caller's reference. Raises `NotFound`."""
        link = await self._logs.link_by_reference(scope, reference_id)
        if link is None:
            raise NotFound(f"There is no log with the reference {reference_id!r}.")
        return await self.update(scope, link.id, change)

    async def delete(self, scope: Scope, log_ids: Sequence[str]) -> None:
        """Deletes those of the logs that are there, with their feedback."""
        if log_ids:
            await self._logs.delete(scope, [LogId(each) for each in log_ids])

    async def _log(self, scope: Scope, command: LogCommand, versions: _Versions) -> Log:
        project = (await self._projects.resolve(scope, command.project)).project
        trial = await self._trial(scope, project, command) if command.trial_id else None
        config_id = trial.config_id if trial else await self._config(scope, project, command, versions)
        links = await self._sessions.link(scope, command.links)
        environment_id = await self._environment(scope, command, trial)
        now = self._clock.now()
        created_at = now if command.created_at is None else command.created_at
        return Log(
            id=self._ids.log(created_at),
            project_id=project.id,
            config_id=config_id,
            created_at=created_at,
            updated_at=now,
            environment_id=environment_id,
            session_id=links.session_id,
            session_reference_id=links.session_reference_id,
            parent_id=links.parent_id,
            parent_reference_id=links.parent_reference_id,
            reference_id=command.reference_id,
            experiment_id=trial.experiment_id if trial else None,
            trial_id=trial.id if trial else None,
            source=command.source,
            source_datapoint_id=command.source_datapoint_id,
            save=command.save,
            error_kind=REPORTED if command.error else None,
            usage=told(command.prompt_tokens, command.output_tokens),
            prompt_cost=command.prompt_cost,
            output_cost=command.output_cost,
            duration=command.duration,
            body=_body(command),
        )

    async def _trial(self, scope: Scope, project: Project, command: LogCommand) -> Trial:
        """The trial that the log belongs to; its arm is what made the output, whoever says otherwise is refused."""
        trial = await self._experiments.trial(scope, TrialId(command.trial_id or ""))
        # Not by the snapshot: another process may have made the experiment a moment ago.
        experiment = await self._experiments.get(scope, trial.experiment_id) if trial else None
        if trial is None or experiment is None or experiment.project_id != project.id:
            raise NotFound(f"Project {project.name!r} has no trial with the id {command.trial_id!r}.")
        said = command.config_id
        if command.config is not None and not said:
            use = (await self._config_store.used(scope, [trial.config_id]))[trial.config_id]
            said = trial.config_id if fingerprint(command.config) == use.version.fingerprint else "another one"
        if said and said != trial.config_id:
            message = f"Trial {trial.id} was given the config {trial.config_id}: name that one, or none."
            raise InvalidFields.one((*command.location, "config_id" if command.config_id else "config"), message)
        return trial

    async def _environment(self, scope: Scope, command: LogCommand, trial: Trial | None) -> EnvironmentId | None:
        if not command.environment:
            return trial.environment_id if trial else None
        environment = await self._environments.named(scope, command.environment)
        if trial and trial.environment_id != environment.id:
            message = f"Trial {trial.id} belongs to another environment: leave `environment` out."
            raise InvalidFields.one((*command.location, "environment"), message)
        return environment.id

    async def _config(self, scope: Scope, project: Project, command: LogCommand, versions: _Versions) -> ConfigId:
        if command.config_id:
            return (await self._configs.any_within(scope, project, command.config_id)).id
        if command.config is None:
            raise InvalidFields.one(
                (*command.location, "config"), "Say what made the output: give `config`, `config_id` or `trial_id`."
            )
        place = (project.id, fingerprint(command.config))
        if place not in versions:
            versions[place] = (await self._configs.ensure(scope, project, command.config, command.labels)).id
        return versions[place]

    async def _details(self, scope: Scope, logs: Sequence[Log]) -> list[LogDetails]:
        config_ids = [log.config_id for log in logs if log.config_id]
        uses = await self._config_store.used(scope, list(dict.fromkeys(config_ids)))
        names = await self._environments.names(scope)
        feedback = await self._feedback_store.of_logs(scope, [log.id for log in logs])
        projects = {each: (await self._projects.view(scope, each)).project for each in {log.project_id for log in logs}}
        return [
            LogDetails(
                log,
                projects[log.project_id],
                uses.get(log.config_id) if log.config_id else None,
                names.get(log.environment_id) if log.environment_id else None,
                feedback.get(log.id, ()),
            )
            for log in logs
        ]


def _text(document: Document | None) -> bytes | None:
    return None if document is None else document.text


def _body(command: LogCommand) -> LogBody:
    if not command.save:
        return LogBody(metadata=_text(command.metadata))
    return LogBody(
        inputs=command.inputs.text,
        metadata=_text(command.metadata),
        messages=_text(command.messages),
        output=command.output,
        raw_output=command.output,
        output_message=_text(command.output_message),
        error=command.error,
        stdout=command.stdout,
        judgment=_text(command.judgment),
        provider_request=_text(command.provider_request),
        provider_response=_text(command.provider_response),
    )
