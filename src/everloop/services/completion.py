"""A completion or a chat: resolve, render, generate, record, answer."""

import asyncio
from collections.abc import Coroutine, Sequence

from everloop.domain.scope import Scope
from everloop.errors import InvalidFields, UnknownProvider, UnknownTool
from everloop.ports.system import Clock, Ids, Metrics
from everloop.services import generate
from everloop.services.answer import Answer, StreamedAnswer, answer_of, outcomes_of
from everloop.services.ask import request_of
from everloop.services.command import CompletionCommand
from everloop.services.generate import Generated, ProviderCall
from everloop.services.given import Given, GivenConfigs
from everloop.services.interleave import interleaved
from everloop.services.metering import UsageMeter
from everloop.services.provider_keys import ProviderKeyService
from everloop.services.record import Context, Recorder
from everloop.services.rendering import Rendering
from everloop.services.resolve import Caller, Draw, Place, Resolver, draw, draw_each
from everloop.services.sessions import SessionService
from everloop.services.streaming import SampleStreams
from everloop.services.tools import ToolService


class CompletionService:
    """The heart: everything else exists so that this can be called."""

    def __init__(  # noqa: PLR0913 - the rooms that a call passes through, handed in by name
        self,
        *,
        resolver: Resolver,
        given: GivenConfigs,
        sessions: SessionService,
        provider_keys: ProviderKeyService,
        tools: ToolService,
        rendering: Rendering,
        recorder: Recorder,
        meter: UsageMeter,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        max_samples: int,
    ) -> None:
        self._resolver = resolver
        self._given = given
        self._sessions = sessions
        self._provider_keys = provider_keys
        self._tools = tools
        self._rendering = rendering
        self._recorder = recorder
        self._meter = meter
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
        return answer_of([context for _, context in calls], generated)

    async def stream(self, scope: Scope, command: CompletionCommand) -> StreamedAnswer:
        """The same, as it comes: each sample's last chunk leaves after its log is on disk."""
        calls = await self._begin(scope, command, streamed=True)
        streams = [SampleStreams(call, context, self._recorder, self._clock) for call, context in calls]
        _, context = calls[0]
        log_ids = {index: log_id for _, each in calls for index, log_id in zip(each.indices, each.log_ids, strict=True)}
        config_ids = {index: each.resolved.version.id for _, each in calls for index in each.indices}
        return StreamedAnswer(
            context.resolved.project.id,
            context.links.session_id,
            [log_ids[index] for index in range(command.num_samples)],
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
        place.require(command.endpoint)
        metered = self._meter.admit(scope, place.project)
        links = await self._sessions.link(scope, command.links)
        log_ids = [self._ids.log(started_at) for _ in range(command.num_samples)]
        draws = _draws(place, command, Caller(command.user, links.session_id, log_ids), started_at)
        calls = await self._calls(scope, command, draws, streamed=streamed)
        if isinstance(place, Given) and not place.kept:
            # Not before now: a call that cannot be made leaves no configuration behind.
            kept = await self._given.keep(scope, place)
            calls = [(call, kept.draw(command.num_samples)) for call, _ in calls]
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
                    metered=metered,
                ),
            )
            for call, each in calls
        ]

    async def _place(self, scope: Scope, command: CompletionCommand) -> Place | Given:
        if command.experiment_id is not None:
            return await self._resolver.experiment(scope, command.experiment_id, command.project)
        if command.config_id is not None:
            return await self._given.named(scope, command.config_id, command.project)
        if command.project is None:
            raise ValueError("A call with neither an experiment nor a config's id names a project.")
        if command.config is not None:
            return await self._given.inline(scope, command.project, command.config, command.labels)
        return await self._resolver.deployed(scope, command.project, command.environment)

    async def _complete(self, call: ProviderCall, context: Context) -> Generated:
        """The samples of one draw, logged."""
        generated = await generate.complete(call)
        await self._recorder.record(context, outcomes_of(call.wanted, generated))
        return generated

    async def _calls(
        self, scope: Scope, command: CompletionCommand, draws: Sequence[Draw], *, streamed: bool
    ) -> list[tuple[ProviderCall, Draw]]:
        try:
            return [(await self._provider_call(scope, command, each, streamed=streamed), each) for each in draws]
        except (UnknownTool, UnknownProvider):
            # Another process may have made it a moment ago: one read before saying no.
            await self._tools.refresh()
            return [(await self._provider_call(scope, command, each, streamed=streamed), each) for each in draws]

    async def _provider_call(
        self, scope: Scope, command: CompletionCommand, drawn: Draw, *, streamed: bool
    ) -> ProviderCall:
        tools = self._tools.box(scope)
        version = tools.defined(drawn.resolved.version)
        filler = await self._rendering.filler(version.config, command.inputs, tools.of_templates)
        # From here on nothing is waited for: provider and key are of one snapshot, so that none gets another's.
        name, endpoints = version.config.provider, command.provider_endpoints
        provider = self._provider_keys.provider(scope, name, endpoints)
        prepared = provider.prepare(request_of(command, version, filler, len(drawn.indices), streamed=streamed))
        key = self._provider_keys.for_call(scope, name, command.provider_api_keys, endpoints)
        return ProviderCall(provider, prepared, key)


def _draws(place: Place | Given, command: CompletionCommand, caller: Caller, at: int) -> list[Draw]:
    if isinstance(place, Given):
        return [place.draw(command.num_samples)]
    return [draw(place, caller, at)] if command.experiment_id is None else draw_each(place, caller, at)


async def _all(*completions: Coroutine[None, None, Generated]) -> list[Generated]:
    """All of them; an error of one is raised when the others have ended, so that each has its logs."""
    results = await asyncio.gather(*completions, return_exceptions=True)
    for each in results:
        if isinstance(each, BaseException):
            raise each
    return [each for each in results if isinstance(each, Generated)]
