"""A completion or a chat: resolve, render, generate, record, answer."""

from collections.abc import Awaitable, Sequence
from dataclasses import replace

from everloop.domain.config import ConfigVersion
from everloop.domain.policy import OnDisconnect, Policy, Timeouts
from everloop.domain.scope import Scope
from everloop.errors import InvalidFields, UnknownProvider, UnknownTool
from everloop.ports.system import Clock, Ids, Metrics
from everloop.services.answer import Answer, StreamedAnswer, answer_of
from everloop.services.command import CompletionCommand
from everloop.services.draining import Drains
from everloop.services.fallback import Asking, Fallbacks, apart
from everloop.services.generate import ProviderCall
from everloop.services.given import Given, GivenConfigs
from everloop.services.interleave import interleaved
from everloop.services.metering import UsageMeter
from everloop.services.preparation import Preparation
from everloop.services.record import Context, Recorder
from everloop.services.resolve import Caller, Draw, Place, Resolver, draw, draw_each
from everloop.services.sessions import SessionService
from everloop.services.streaming import SampleStreams
from everloop.services.whole import answered


class CompletionService:
    """The heart: everything else exists so that this can be called."""

    def __init__(  # noqa: PLR0913 - the rooms that a call passes through, handed in by name
        self,
        *,
        resolver: Resolver,
        given: GivenConfigs,
        sessions: SessionService,
        preparation: Preparation,
        drains: Drains,
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
        self._preparation = preparation
        self._drains = drains
        self._recorder = recorder
        self._meter = meter
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._max_samples = max_samples

    async def complete(self, scope: Scope, command: CompletionCommand) -> Answer:
        """The whole answer. Raises any of `errors`; a provider's failure is raised after its log is on disk.

        Cancelled, it ends the call upstream and logs what had come, unless the place's policy lets the call go on.
        """
        asking, policy = await self._begin(scope, command, streamed=False)
        if _drains(policy):
            parts = await self._drains.seen_through(answered(asking, self._recorder))
        else:
            parts = await answered(asking, self._recorder)
        for part in parts:
            if part.generated.failure is not None:
                raise part.generated.failure
        latency = max(part.latency for part in parts)
        self._metrics.added_latency(self._clock.monotonic() - parts[0].context.began - latency)
        return answer_of([part.context for part in parts], [part.generated for part in parts])

    async def stream(self, scope: Scope, command: CompletionCommand) -> StreamedAnswer:
        """The same, as it comes: each sample's last chunk leaves after its log is on disk."""
        asking, policy = await self._begin(scope, command, streamed=True)
        contexts = [each.context for each in asking]
        log_ids = {index: log_id for each in contexts for index, log_id in zip(each.indices, each.log_ids, strict=True)}
        found = {index: each.resolved.version.id for each in contexts for index in each.indices}
        config_ids = [found[index] for index in range(command.num_samples)]
        streams = [SampleStreams(each, self._recorder, self._clock, config_ids) for each in asking]
        chunks = streams[0].chunks() if len(streams) == 1 else interleaved(streams)
        return StreamedAnswer(
            contexts[0].resolved.project.id,
            contexts[0].links.session_id,
            [log_ids[index] for index in range(command.num_samples)],
            config_ids,
            self._drains.stream_seen_through(chunks) if _drains(policy) else chunks,
        )

    async def _begin(
        self, scope: Scope, command: CompletionCommand, *, streamed: bool
    ) -> tuple[list[Asking], Policy | None]:
        """Everything before the provider is called, and the place's policy: what fails here leaves no log."""
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
        policy = place.policy if isinstance(place, Place) else None
        timeouts = None if policy is None else policy.timeouts
        calls = await self._calls(scope, command, draws, timeouts, streamed=streamed)
        if isinstance(place, Given) and not place.kept:
            # Not before now: a call that cannot be made leaves no configuration behind.
            kept = await self._given.keep(scope, place)
            calls = [(call, kept.draw(command.num_samples)) for call, _ in calls]
        asking = [
            Asking(
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
        if command.num_samples > 1:
            asking = [part for each in asking for part in apart(each)]
        if policy is not None and policy.fallbacks:
            asking = [self._with_fallbacks(each, place, policy, command, streamed=streamed) for each in asking]
        return asking, policy

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

    async def _calls(
        self,
        scope: Scope,
        command: CompletionCommand,
        draws: Sequence[Draw],
        timeouts: Timeouts | None,
        *,
        streamed: bool,
    ) -> list[tuple[ProviderCall, Draw]]:
        def call(drawn: Draw) -> Awaitable[ProviderCall]:
            version, samples = drawn.resolved.version, len(drawn.indices)
            return self._preparation.call(scope, command, version, samples, timeouts, streamed=streamed)

        try:
            return [(await call(each), each) for each in draws]
        except (UnknownTool, UnknownProvider):
            # Another process may have made it a moment ago: one read before saying no.
            await self._preparation.refresh()
            return [(await call(each), each) for each in draws]

    def _with_fallbacks(
        self, asking: Asking, place: Place | Given, policy: Policy, command: CompletionCommand, *, streamed: bool
    ) -> Asking:
        async def prepare(version: ConfigVersion, samples: int, timeouts: Timeouts) -> ProviderCall:
            scope = asking.context.scope
            return await self._preparation.call(scope, command, version, samples, timeouts, streamed=streamed)

        versions = [place.view.configs[each] for each in policy.fallbacks] if isinstance(place, Place) else []
        fallbacks = Fallbacks(versions, command.endpoint, policy.timeouts, prepare, self._clock)
        return replace(asking, fallbacks=fallbacks)


def _draws(place: Place | Given, command: CompletionCommand, caller: Caller, at: int) -> list[Draw]:
    if isinstance(place, Given):
        return [place.draw(command.num_samples)]
    return [draw(place, caller, at)] if command.experiment_id is None else draw_each(place, caller, at)


def _drains(policy: Policy | None) -> bool:
    return policy is not None and policy.on_disconnect is OnDisconnect.DRAIN
