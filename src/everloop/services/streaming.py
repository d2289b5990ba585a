"""The samples of one streamed call: chunks go out as they come, and each sample's last one after its log is on disk."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, MutableSequence
from contextlib import aclosing
from dataclasses import replace
from typing import assert_never

from everloop.domain.generation import (
    Event,
    Failure,
    Finish,
    Retried,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from everloop.domain.ids import ConfigId
from everloop.domain.usage import credible, estimate_tokens
from everloop.errors import EverloopError, ProviderFailure, Unavailable
from everloop.ports.system import Clock
from everloop.services import generate, side_by_side
from everloop.services.fallback import Asking
from everloop.services.record import CANCELLED, GONE, Outcome, Recorder, failed
from everloop.services.sample import Chunk, StreamedSample

_log = logging.getLogger(__name__)


class SampleStreams:
    """One streamed call. Whatever ends it, each of its samples has one log afterwards.

    `config_ids` has the configuration of each sample of the whole call, and is set right when a fallback answers.
    """

    def __init__(self, asking: Asking, recorder: Recorder, clock: Clock, config_ids: MutableSequence[ConfigId]) -> None:
        self._call = asking.call
        self._context = context = asking.context
        self._fallbacks = asking.fallbacks
        self._config_ids = config_ids
        self._recorder = recorder
        self._clock = clock
        self._samples = [
            StreamedSample(index, place, log_id)
            for index, (place, log_id) in enumerate(zip(context.indices, context.log_ids, strict=True))
        ]
        self._measured: Usage | None = None
        self._given = Usage(0, 0)
        self._began = 0.0
        self._tries = 1
        self._told = False

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        """The chunks of all samples. Raises what goes wrong before the first one; afterwards an error is a chunk.

        Closing the generator ends the call: what had come of unfinished samples is logged as cancelled.
        """
        self._began = self._clock.monotonic()
        try:
            asked = generate.stream(self._call) if self._fallbacks is None else self._events()
            async with aclosing(asked) as events:
                async for event in events:
                    for chunk in await self._chunks_of(event):
                        yield chunk
            for chunk in await self._finish(self._unrecorded()):
                yield chunk
        except ProviderFailure as failure:
            await self._record_failure(self._unrecorded(), failure)
            raise
        except Unavailable as error:
            if not self._told:
                raise
            for sample in self._unrecorded():
                yield Chunk(sample.log_id, sample.place, error=error)
        finally:
            await self.abandon()

    def errors(self, error: EverloopError) -> list[Chunk]:
        """The only chunks of all samples, for an error that `chunks` raised before their first."""
        return [Chunk(each.log_id, each.place, error=error) for each in self._samples]

    async def _events(self) -> AsyncGenerator[Event, None]:
        """The events of whoever answers. A fallback is asked as long as there has not been a single one."""
        while True:
            try:
                async with aclosing(side_by_side.stream(self._call)) as events:
                    async for event in events:
                        yield event
            except ProviderFailure as failure:
                if not await self._fall_back(failure):
                    raise
            else:
                return

    async def _fall_back(self, failure: ProviderFailure) -> bool:
        if self._fallbacks is None:
            return False
        turn = await self._fallbacks.after(failure, self._context)
        if turn is None:
            self._context = replace(self._context, attempts=self._fallbacks.attempts)
            return False
        self._call, self._context = turn
        for place in self._context.indices:
            self._config_ids[place] = self._context.resolved.version.id
        self._began, self._tries = self._clock.monotonic(), 1
        return True

    async def _chunks_of(self, event: Event) -> list[Chunk]:
        match event:
            case TextDelta(index, text):
                return [self._delta(self._samples[index], text)]
            case ToolCallDelta(index):
                return self._called(self._samples[index], event)
            case Finish(index):
                sample = self._samples[index]
                sample.finish = event
                # The last one waits for the provider's count, which comes after it.
                return (
                    [] if all(each.finish or each.recorded for each in self._samples) else await self._finish([sample])
                )
            case UsageReport() | Retried():
                self._note(event)
                return []
            case Failure(index, error):
                self._tries += max(0, error.tries - 1)
                error.tries, error.latency = self._tries, self._elapsed()
                unfinished = [each for each in self._unrecorded() if index in {None, each.index}]
                finished = [each for each in unfinished if each.finish is not None]
                chunks = await self._finish(finished)
                chunks += await self._record_failure([each for each in unfinished if not each.recorded], error)
                if not self._told and not self._unrecorded():
                    raise error
                self._told = True
                return chunks
            case _:
                assert_never(event)

    def _note(self, event: UsageReport | Retried) -> None:
        if isinstance(event, Retried):
            self._tries += event.times
        elif not credible(event.usage):
            return
        elif event.sample is None:
            self._measured = _plus(self._measured or Usage(0, 0), event.usage)
        else:
            self._samples[event.sample].usage = event.usage

    def _delta(self, sample: StreamedSample, text: str) -> Chunk:
        if sample.first_token_at is None:
            sample.first_token_at = self._clock.monotonic()
        self._told = True
        return sample.push(text)

    def _called(self, sample: StreamedSample, delta: ToolCallDelta) -> list[Chunk]:
        """A completion has no word for tool calls: there they are only in what the provider answered."""
        if sample.first_token_at is None:
            sample.first_token_at = self._clock.monotonic()
        chunk = sample.push_call(delta)
        if self._call.prepared.request.messages is None:
            return []
        self._told = True
        return [chunk]

    async def _finish(self, samples: Iterable[StreamedSample]) -> list[Chunk]:
        chunks = []
        for sample in samples:
            if sample.finish is None:
                continue
            usage = self._usage(sample)
            outcome = Outcome(
                index=sample.index,
                text=sample.text,
                tool_calls=sample.tool_calls,
                finish_reason=sample.finish.reason,
                usage=usage,
                response=sample.finish.response,
                provider_latency=self._elapsed(),
                time_to_first_token=self._time_to_first_token(sample),
                attempts=self._tries,
            )
            await self._record([sample], [outcome])
            chunks.append(
                Chunk(
                    sample.log_id,
                    sample.place,
                    finish_reason=sample.finish.reason,
                    usage=usage,
                    tool_results=self._call.prepared.request.tool_results,
                    response=sample.finish.response,
                )
            )
            self._told = True
        return chunks

    async def _record_failure(self, samples: list[StreamedSample], failure: ProviderFailure) -> list[Chunk]:
        outcomes = [
            replace(
                failed(each.index, failure, self._partial(each), self._partial_usage(each)),
                tool_calls=each.tool_calls,
                time_to_first_token=self._time_to_first_token(each),
            )
            for each in samples
        ]
        await self._record(samples, outcomes)
        return [Chunk(each.log_id, each.place, error=failure) for each in samples]

    async def abandon(self) -> None:
        """Logs what is left when the caller went away; a sample that had only waited for its count is complete."""
        try:
            await self._finish(self._unrecorded())
            await self._record_cancelled(self._unrecorded())
        except Unavailable as error:
            left = len(self._unrecorded())
            _log.error("%d samples of a broken call could not be logged: %s", left, error)

    async def _record_cancelled(self, samples: list[StreamedSample]) -> None:
        outcomes = [
            Outcome(
                index=each.index,
                text=self._partial(each),
                tool_calls=each.tool_calls,
                usage=self._partial_usage(each),
                error_kind=CANCELLED,
                error=GONE,
                provider_latency=self._elapsed(),
                time_to_first_token=self._time_to_first_token(each),
                attempts=self._tries,
            )
            for each in samples
        ]
        await self._record(samples, outcomes)

    async def _record(self, samples: list[StreamedSample], outcomes: list[Outcome]) -> None:
        """Sees a write through when the call is cancelled meanwhile: who has a log is then known."""
        if not outcomes:
            return
        writing = asyncio.ensure_future(self._write(samples, outcomes))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            raise

    async def _write(self, samples: list[StreamedSample], outcomes: list[Outcome]) -> None:
        await self._recorder.record(self._context, outcomes)
        for sample in samples:
            sample.recorded = True

    def _usage(self, sample: StreamedSample) -> Usage:
        """The provider's count of this sample; of several together estimates, the last one taking the rest."""
        if sample.usage is not None:
            return sample.usage
        alone = len(self._samples) == 1
        if self._measured is None:
            usage = self._estimate(sample)
        elif alone:
            usage = self._measured
        else:
            prompt = max(0, self._measured.prompt_tokens - self._given.prompt_tokens)
            usage = Usage(prompt, max(0, self._measured.output_tokens - self._given.output_tokens), estimated=True)
        self._given = _plus(self._given, usage)
        return usage

    def _estimate(self, sample: StreamedSample) -> Usage:
        sent = sample.index == 0 or not self._call.provider.samples_together
        prompt = estimate_tokens(self._call.prepared.request.prompt) if sent else 0
        return Usage(prompt, estimate_tokens(sample.spoken), estimated=True)

    def _partial(self, sample: StreamedSample) -> str | None:
        return sample.text if sample.begun else None

    def _partial_usage(self, sample: StreamedSample) -> Usage | None:
        if sample.usage is not None:
            return sample.usage
        if self._measured is not None and len(self._samples) == 1:
            return self._measured
        return self._estimate(sample) if sample.begun else None

    def _time_to_first_token(self, sample: StreamedSample) -> float | None:
        return None if sample.first_token_at is None else sample.first_token_at - self._context.began

    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._began

    def _unrecorded(self) -> list[StreamedSample]:
        return [each for each in self._samples if not each.recorded]


def _plus(one: Usage, other: Usage) -> Usage:
    reasoning = (one.reasoning_tokens or 0) + (other.reasoning_tokens or 0)
    estimated = one.estimated or other.estimated
    return Usage(
        one.prompt_tokens + other.prompt_tokens, one.output_tokens + other.output_tokens, reasoning or None, estimated
    )
