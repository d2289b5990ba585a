"""Whole answers: the samples of one draw, asked for and logged, whatever becomes of the call."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, Final

from everloop.domain.value import value
from everloop.errors import Unavailable
from everloop.services import generate, side_by_side
from everloop.services.answer import finished, outcomes_of
from everloop.services.fallback import Asking, Fallbacks
from everloop.services.generate import Drawn, Generated
from everloop.services.record import Context, Recorder, cancelled
from everloop.services.side_by_side import AT_ONCE

_log: Final = logging.getLogger(__name__)


@value
class Part:
    """Samples that one configuration gave, or failed to give, and what their logs have in common."""

    context: Context
    generated: Generated

    @property
    def latency(self) -> float:
        """Seconds that providers took for it, those included that did not answer."""
        before = self.context.attempts
        return self.generated.latency + (sum(each.seconds for each in before) if before else 0.0)


def answered(asking: Sequence[Asking], recorder: Recorder) -> Coroutine[Any, Any, list[Part]]:
    """All draws, at the same time; an error of one is raised when the others have ended, so that each has its logs."""
    return _Course(asking[0], recorder).run() if len(asking) == 1 else _together(asking, recorder)


async def _together(asking: Sequence[Asking], recorder: Recorder) -> list[Part]:
    turns = asyncio.Semaphore(AT_ONCE)
    parts = await _all(*(_in_turn(_Course(each, recorder), turns) for each in asking))
    return [part for each in parts for part in each]


async def _all(*answering: Coroutine[None, None, list[Part]]) -> list[list[Part]]:
    results = await asyncio.gather(*answering, return_exceptions=True)
    for each in results:
        if isinstance(each, BaseException):
            raise each
    return [each for each in results if not isinstance(each, BaseException)]


async def _in_turn(course: "_Course", turns: asyncio.Semaphore) -> list[Part]:
    try:
        async with turns:
            return await course.run()
    except asyncio.CancelledError:
        await course.abandon()
        raise


class _Course:
    """One draw on its way: the configuration whose turn it is, and what has come of that."""

    def __init__(self, asking: Asking, recorder: Recorder) -> None:
        self._call = asking.call
        self._context = asking.context
        self._fallbacks = asking.fallbacks
        self._recorder = recorder
        self._drawn: list[Drawn] = []
        self._recorded = False
        self._asked_at: float | None = None

    async def run(self) -> list[Part]:
        """The samples of the draw, those of fallbacks included. Each has a log, also when the caller goes away."""
        try:
            if self._fallbacks is None:
                return [await self._end(self._context, await self._ask())]
            return await self._with(self._fallbacks)
        except asyncio.CancelledError:
            await self.abandon()
            raise

    async def _with(self, fallbacks: Fallbacks) -> list[Part]:
        parts: list[Part] = []
        while True:
            generated = await self._ask()
            if generated.failure is None:
                return [*parts, await self._end(self._context, generated)]
            done = len(generated.drawn)
            turn = await fallbacks.after(generated.failure, self._context.rest(done))
            if turn is None:
                context = replace(self._context, attempts=fallbacks.attempts)
                return [*parts, await self._end(context, generated)]
            before = self._context.first(done)
            self._call, self._context = turn
            self._drawn = []
            if done:
                parts.append(await self._keep(before, done, replace(generated, failure=None)))

    async def abandon(self) -> None:
        """Logs what is left when the caller went away; samples that had come are complete."""
        if self._recorded:
            return
        self._recorded = True
        latency = None if self._asked_at is None else self._recorder.monotonic() - self._asked_at
        outcomes = [finished(each, latency) for each in self._drawn[: self._call.wanted]]
        outcomes += [cancelled(index, latency) for index in range(len(outcomes), self._call.wanted)]
        try:
            await self._recorder.record(self._context, outcomes)
        except Unavailable as error:
            _log.error("%d samples of a broken call could not be logged: %s", len(outcomes), error)

    def _ask(self) -> Coroutine[Any, Any, Generated]:
        self._asked_at = self._recorder.monotonic()
        asked = generate.complete if self._fallbacks is None else side_by_side.complete
        return asked(self._call, self._drawn)

    def _end(self, context: Context, generated: Generated) -> Coroutine[Any, Any, Part]:
        # The writer sees an append through that has begun, also when nobody waits for it any more.
        self._recorded = True
        return self._keep(context, self._call.wanted, generated)

    async def _keep(self, context: Context, wanted: int, generated: Generated) -> Part:
        await self._recorder.record(context, outcomes_of(wanted, generated))
        return Part(context, generated)
