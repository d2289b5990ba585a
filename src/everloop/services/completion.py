"""The completion of whatever is deployed: resolve, render, generate, record, answer."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from dataclasses import field

from everloop.domain.config import Endpoint
from everloop.domain.document import EMPTY_OBJECT, Document
from everloop.domain.generation import GenerationRequest, Sample, Usage
from everloop.domain.ids import ConfigId, LogId, ProjectId, SessionId
from everloop.domain.reference import LinkReference, ProjectReference
from everloop.domain.scope import Scope
from everloop.domain.template import parse
from everloop.domain.usage import total
from everloop.domain.value import value
from everloop.errors import BadRequest, InvalidFields
from everloop.ports.providers import Providers
from everloop.ports.system import Clock, Ids, Metrics
from everloop.services import generate
from everloop.services.generate import Generated, ProviderCall
from everloop.services.interleave import interleaved
from everloop.services.provider_keys import ProviderKeyService
from everloop.services.record import Context, Outcome, Recorder, failed
from everloop.services.resolve import Caller, Draw, Place, Resolver, draw, draw_each
from everloop.services.sessions import SessionService
from everloop.services.streaming import Chunk, SampleStreams


@value
class CompletionCommand:
    """One call of what is deployed, or of an experiment when `experiment_id` is given (then `project` may be None).

    `provider_api_keys` maps a provider's name to a key for this call alone.
    """

    project: ProjectReference | None
    experiment_id: str | None = None
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


@value
class AnsweredSample:
    """One sample as the caller gets it."""

    log_id: LogId
    index: int
    config_id: ConfigId
    output: str
    raw_output: str
    finish_reason: str | None


@value
class Answer:
    """The whole answer; its logs are on disk. Requests and responses are JSON texts without keys.

    Samples of an experiment may have been asked for in several ways; `provider_request` is the first of them.
    """

    project_id: ProjectId
    session_id: SessionId | None
    samples: tuple[AnsweredSample, ...]
    usage: Usage
    provider_request: bytes
    provider_responses: tuple[bytes, ...]


@value
class StreamedAnswer:
    """An answer as it comes: `chunks` raises what goes wrong before the first of them.

    `config_ids` has the configuration of each sample.
    """

    project_id: ProjectId
    session_id: SessionId | None
    config_ids: Sequence[ConfigId]
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
        calls = await self._begin(scope, command, streamed=False)
        if len(calls) == 1:
            generated = [await self._complete(*calls[0])]
        else:
            generated = await _all(*(self._complete(call, context) for call, context in calls))
        for each in generated:
            if each.failure is not None:
                raise each.failure
        _, context = calls[0]
        latency = max(each.latency for each in generated)
        self._metrics.added_latency(self._clock.monotonic() - context.began - latency)
        return _answer([context for _, context in calls], generated)

    async def stream(self, scope: Scope, command: CompletionCommand) -> StreamedAnswer:
        """The same, as it comes: each sample's last chunk leaves after its log is on disk."""
        calls = await self._begin(scope, command, streamed=True)
        streams = [SampleStreams(call, context, self._recorder, self._clock) for call, context in calls]
        _, context = calls[0]
        config_ids = {index: each.resolved.version.id for _, each in calls for index in each.indices}
        return StreamedAnswer(
            context.resolved.project.id,
            context.links.session_id,
            [config_ids[index] for index in range(command.num_samples)],
            streams[0].chunks() if len(streams) == 1 else interleaved(streams),
        )

    async def _begin(
        self, scope: Scope, command: CompletionCommand, *, streamed: bool
    ) -> list[tuple[ProviderCall, Context]]:
        """Everything before the provider is called: what fails here leaves no log."""
        began, started_at = self._clock.monotonic(), self._clock.now()
        self._recorder.check()
        if not 1 <= command.num_samples <= self._max_samples:
            raise InvalidFields.one(("body", "num_samples"), f"`num_samples` must be from 1 to {self._max_samples}.")
        place = await self._place(scope, command)
        place.require(Endpoint.COMPLETE)
        links = await self._sessions.link(scope, command.links)
        log_ids = [self._ids.log(started_at) for _ in range(command.num_samples)]
        caller = Caller(command.user, links.session_id, log_ids)
        draws = (
            [draw(place, caller, started_at)] if command.experiment_id is None else draw_each(place, caller, started_at)
        )
        calls = [(each, self._provider_call(scope, command, each, streamed=streamed)) for each in draws]
        return [
            (
                call,
                Context(
                    scope=scope,
                    resolved=each.resolved,
                    indices=each.indices,
                    trials=each.trials,
                    links=links,
                    inputs=command.inputs,
                    metadata=command.metadata,
                    source=command.source,
                    source_datapoint_id=command.source_datapoint_id,
                    user=command.user,
                    save=command.save,
                    prepared=call.prepared,
                    log_ids=[log_ids[index] for index in each.indices],
                    started_at=started_at,
                    began=began,
                ),
            )
            for each, call in calls
        ]

    async def _place(self, scope: Scope, command: CompletionCommand) -> Place:
        if command.experiment_id is not None:
            return await self._resolver.experiment(scope, command.experiment_id, command.project)
        if command.project is None:
            raise ValueError("A call without an experiment names a project.")
        return await self._resolver.deployed(scope, command.project, command.environment)

    async def _complete(self, call: ProviderCall, context: Context) -> Generated:
        """The samples of one draw, logged."""
        generated = await generate.complete(call)
        await self._recorder.record(context, _outcomes(call.wanted, generated))
        return generated

    def _provider_call(self, scope: Scope, command: CompletionCommand, drawn: Draw, *, streamed: bool) -> ProviderCall:
        version = drawn.resolved.version
        config = version.config
        if config.prompt_template is None:
            raise BadRequest(f"Model config {version.id} has no prompt template to complete.")
        request = GenerationRequest(
            config=config,
            prompt=parse(config.prompt_template).render(command.inputs.value),
            samples=len(drawn.indices),
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


async def _all(*completions: Coroutine[None, None, Generated]) -> list[Generated]:
    """All of them; an error of one is raised when the others have ended, so that each has its logs."""
    results = await asyncio.gather(*completions, return_exceptions=True)
    for each in results:
        if isinstance(each, BaseException):
            raise each
    return [each for each in results if isinstance(each, Generated)]


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


def _answer(contexts: Sequence[Context], generated: Sequence[Generated]) -> Answer:
    first = contexts[0]
    answered = [
        _answered(context, each.sample)
        for context, part in zip(contexts, generated, strict=True)
        for each in part.drawn
    ]
    if len(contexts) > 1:
        answered.sort(key=lambda each: each.index)
    return Answer(
        project_id=first.resolved.project.id,
        session_id=first.links.session_id,
        samples=tuple(answered),
        usage=total([each.usage for part in generated for each in part.drawn]),
        provider_request=first.prepared.body,
        provider_responses=tuple(response for part in generated for response in part.responses),
    )


def _answered(context: Context, sample: Sample) -> AnsweredSample:
    return AnsweredSample(
        context.log_ids[sample.index],
        context.indices[sample.index],
        context.resolved.version.id,
        sample.text.strip(),
        sample.text,
        sample.finish_reason,
    )
