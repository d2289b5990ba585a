"""The completion of whatever is deployed: resolve, render, generate, record, answer."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from everloop.domain.config import Endpoint
from everloop.domain.document import EMPTY_OBJECT, Document
from everloop.domain.generation import GenerationRequest, Sample, Usage
from everloop.domain.ids import ConfigId, LogId, ProjectId, SessionId
from everloop.domain.reference import LinkReference, ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.template import parse
from everloop.domain.usage import total
from everloop.errors import BadRequest, InvalidFields
from everloop.ports.providers import Providers
from everloop.ports.system import Clock, Ids, Metrics
from everloop.services import generate
from everloop.services.generate import Generated, ProviderCall
from everloop.services.provider_keys import ProviderKeyService
from everloop.services.record import Context, Outcome, Recorder, failed
from everloop.services.resolve import Resolved, Resolver
from everloop.services.sessions import SessionService
from everloop.services.streaming import Chunk, SampleStreams


@dataclass(frozen=True, slots=True)
class CompletionCommand:
    """One call of what is deployed. `provider_api_keys` maps a provider's name to a key for this call alone."""

    project: ProjectReference
    links: LinkReference = field(default_factory=LinkReference)
    environment: str | None = None
    inputs: Document = EMPTY_OBJECT
    source: str | None = None
    metadata: Document | None = None
    save: bool = True
    source_datapoint_id: str | None = None
    provider_api_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    num_samples: int = 1
    user: str | None = None
    seed: int | None = None
    logprobs: int | None = None
    suffix: str | None = None


@dataclass(frozen=True, slots=True)
class AnsweredSample:
    """One sample as the caller gets it."""

    log_id: LogId
    index: int
    output: str
    raw_output: str
    finish_reason: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer; its logs are on disk. Requests and responses are JSON texts without keys."""

    project_id: ProjectId
    session_id: SessionId | None
    config_id: ConfigId
    samples: tuple[AnsweredSample, ...]
    usage: Usage
    provider_request: bytes
    provider_responses: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StreamedAnswer:
    """An answer as it comes: `chunks` raises what goes wrong before the first of them."""

    project_id: ProjectId
    session_id: SessionId | None
    config_id: ConfigId
    provider_request: bytes
    chunks: AsyncGenerator[Chunk, None]


class CompletionService:
    """The heart: everything else exists so that this can be called."""

    def __init__(  # noqa: PLR0913 - the rooms that a call passes through, handed in by name
        self,
        *,
        resolver: Resolver,
        sessions: SessionService,
        provider_keys: ProviderKeyService,
        providers: Providers,
        recorder: Recorder,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        max_samples: int,
    ) -> None:
        self._resolver = resolver
        self._sessions = sessions
        self._provider_keys = provider_keys
        self._providers = providers
        self._recorder = recorder
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._max_samples = max_samples

    async def complete(self, scope: Scope, command: CompletionCommand) -> Answer:
        """The whole answer. Raises any of `errors`; a provider's failure is raised after its log is on disk."""
        call, context = await self._begin(scope, command, streamed=False)
        generated = await generate.complete(call)
        await self._recorder.record(context, _outcomes(call.wanted, generated))
        if generated.failure is not None:
            raise generated.failure
        self._metrics.added_latency(self._clock.monotonic() - context.began - generated.latency)
        return _answer(context, generated)

    async def stream(self, scope: Scope, command: CompletionCommand) -> StreamedAnswer:
        """The same, as it comes: each sample's last chunk leaves after its log is on disk."""
        call, context = await self._begin(scope, command, streamed=True)
        streams = SampleStreams(call, context, self._recorder, self._clock)
        resolved = context.resolved
        return StreamedAnswer(
            resolved.project.id, context.links.session_id, resolved.version.id, call.prepared.body, streams.chunks()
        )

    async def _begin(self, scope: Scope, command: CompletionCommand, *, streamed: bool) -> tuple[ProviderCall, Context]:
        """Everything before the provider is called: what fails here leaves no log."""
        began, started_at = self._clock.monotonic(), self._clock.now()
        self._recorder.check()
        if not 1 <= command.num_samples <= self._max_samples:
            raise InvalidFields.one(("body", "num_samples"), f"`num_samples` must be from 1 to {self._max_samples}.")
        resolved = await self._resolver.deployed(scope, command.project, command.environment, Endpoint.COMPLETE)
        links = await self._sessions.link(scope, command.links)
        call = self._provider_call(scope, command, resolved, streamed=streamed)
        context = Context(
            scope=scope,
            resolved=resolved,
            links=links,
            inputs=command.inputs,
            metadata=command.metadata,
            source=command.source,
            source_datapoint_id=command.source_datapoint_id,
            user=command.user,
            save=command.save,
            prepared=call.prepared,
            log_ids=tuple(self._ids.log(started_at) for _ in range(command.num_samples)),
            started_at=started_at,
            began=began,
        )
        return call, context

    def _provider_call(
        self, scope: Scope, command: CompletionCommand, resolved: Resolved, *, streamed: bool
    ) -> ProviderCall:
        config = resolved.version.config
        if config.prompt_template is None:
            raise BadRequest(f"Model config {resolved.version.id} has no prompt template to complete.")
        request = GenerationRequest(
            config=config,
            prompt=parse(config.prompt_template).render(command.inputs.value),
            samples=command.num_samples,
            streamed=streamed,
            user=command.user,
            seed=command.seed,
            logprobs=command.logprobs,
            suffix=command.suffix,
        )
        provider = self._providers.get(config.provider)
        prepared = provider.prepare(request)
        return ProviderCall(
            provider, prepared, self._provider_keys.for_call(scope, config.provider, command.provider_api_keys)
        )


def _outcomes(wanted: int, generated: Generated) -> list[Outcome]:
    outcomes = [
        Outcome(
            index=each.sample.index,
            text=each.sample.text,
            finish_reason=each.sample.finish_reason,
            usage=each.usage,
            response=each.response,
            provider_latency=generated.latency,
            attempts=generated.attempts,
        )
        for each in generated.drawn
    ]
    if generated.failure is not None:
        outcomes += [failed(index, generated.failure) for index in range(len(outcomes), wanted)]
    return outcomes


def _answer(context: Context, generated: Generated) -> Answer:
    return Answer(
        project_id=context.resolved.project.id,
        session_id=context.links.session_id,
        config_id=context.resolved.version.id,
        samples=tuple(_answered(context, each.sample) for each in generated.drawn),
        usage=total([each.usage for each in generated.drawn]),
        provider_request=context.prepared.body,
        provider_responses=generated.responses,
    )


def _answered(context: Context, sample: Sample) -> AnsweredSample:
    return AnsweredSample(
        context.log_ids[sample.index], sample.index, sample.text.strip(), sample.text, sample.finish_reason
    )
