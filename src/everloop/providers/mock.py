"""The mock provider: answers without any model behind it, for trying Everloop out and for testing applications.

It needs no key and no network, and the same request always gets the same answer: `[mock gpt-4o] You said: …` with the
prompt that was rendered. It takes any model name, gives as many samples as are asked for (each with a text of its own),
streams word by word, counts words as tokens, honours `max_tokens` (in words, then ending with `length`), `stop`,
`suffix` and `logprobs`, and its raw answer has the shape of OpenAI's.

A configuration scripts it through its `other`:

    {"mock": {
        "text": "Sunny.",              what to say instead of the echo; a list gives each sample its own
        "delay_ms": 800,               how long the first word takes
        "chunk_delay_ms": [20, 200],   how long each further word takes; a list gives each sample its own pace
        "finish_reason": "length",     stop, length, tool_call or content_filter
        "tool_calls": [{               which tools a chat's model wants called; once a tool has answered, it speaks
            "name": "add",
            "arguments": {"a": 1}      an object, or a text for arguments that are no JSON
        }],
        "fault": {
            "kind": "rate_limit",      what fails; see `mock_fault.KINDS`
            "status": 418,             or the status that the provider refuses with, 300 to 599
            "after_chunks": 3,         how many words come before it; without it the call fails before any comes
            "retry_after": 2.5,        the seconds that the provider asks to wait
            "sample": 1,               which sample (from 0) fails while the others go on; without it all of them
            "first": 2,                only so many tries fail,
            "name": "warming up"       counted under this name, in each process of its own
        }
    }}

A list that is shorter than the number of samples begins anew. A `tool_choice` goes before the script: `none` gives
text, the name of a tool gives a call of it, `required` the scripted calls, or one of the first tool. Pieces of tool
calls count as words for a fault, and one that is to come after more words than there are comes instead of the end.
Plain calls take as long as the stream would, and a fault fails them whichever sample it hits.

A failed call is tried again as any provider's is, but at once: nobody learns anything from waiting for a mock. Time
limits hold: what is late by them is a timeout.

Whoever may call may bring a script, so that none can keep the server from other calls: a script says 200,000 characters
at most; all samples of a call together have 100,000 words, then they end with `length`; and the first words have
`logprobs`, as many as give 10,000 of them.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

from everloop.domain.generation import (
    Event,
    Failure,
    Generation,
    GenerationRequest,
    PreparedCall,
    Retried,
    Secret,
    UsageReport,
)
from everloop.domain.policy import Timeouts
from everloop.domain.value import value
from everloop.ports.system import Clock, Metrics
from everloop.providers import mock_answer
from everloop.providers.measured import Measured
from everloop.providers.mock_fault import Counts
from everloop.providers.mock_play import ORIGIN, Play, Step, play
from everloop.providers.mock_script import script_of
from everloop.providers.openai import request as openai_request
from everloop.providers.openai.facts import Api
from everloop.providers.retry import AttemptFailed, Retrier, RetryBudget

_NAME: Final = "mock"


@value
class _Try:
    """One that was begun, on the monotonic clock."""

    began: float
    play: Play


class MockProvider:
    """See the module's docstring, which is its manual."""

    def __init__(
        self, clock: Clock, metrics: Metrics, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._sleep = sleep
        self._counts = Counts()
        # What is tried again does not depend on the calls before it, as it would with a budget that is used up.
        self._retrier = Retrier(clock, budget=RetryBudget(float("inf")), sleep=_at_once, fraction=lambda: 0.0)

    @property
    def origin(self) -> str:
        """The display name for errors."""
        return ORIGIN

    @property
    def needs_key(self) -> bool:
        """Never."""
        return False

    @property
    def samples_together(self) -> bool:
        """As many as one likes."""
        return True

    def prepare(self, request: GenerationRequest) -> PreparedCall:
        """The request as OpenAI would get it. Raises `errors.Unprocessable`, also for a script that makes no sense."""
        script_of(request.config.other)
        if not request.suffix:
            return openai_request.prepare(request)
        completion = replace(request.config, other={**request.config.other, "api": Api.COMPLETIONS.value})
        return replace(openai_request.prepare(replace(request, config=completion)), request=request)

    async def complete(self, call: PreparedCall, key: Secret | None) -> Generation:  # noqa: ARG002 - the port's
        """The whole answer. Raises `errors.ProviderFailure` when a fault is scripted."""
        with Measured(_NAME, self._clock, self._metrics) as measured:
            played, tries = await self._retrier.run(partial(self._whole, call), _total(call))
            body = mock_answer.body(call, played.samples, played.usage)
            samples = tuple(each.sample for each in played.samples)
            return Generation(samples, played.usage, body, measured.seconds, tries)

    async def stream(self, call: PreparedCall, key: Secret | None) -> AsyncGenerator[Event, None]:  # noqa: ARG002 - the port's
        """The answer word by word. Raises `errors.ProviderFailure` for a fault of all of it before the first word."""
        with Measured(_NAME, self._clock, self._metrics) as measured:
            begun, tries = await self._retrier.run(partial(self._begun, call), _total(call))
            if tries > 1:
                yield Retried(tries - 1)
            steps = begun.play.steps
            last = max(place for place, step in enumerate(steps) if not isinstance(step.event, UsageReport))
            for position, step in enumerate(steps):
                await self._wait_until(step, begun.began)
                if isinstance(step.event, Failure):
                    measured.outcome = step.event.error.kind
                elif position == last and measured.outcome is None:
                    measured.outcome = "ok"  # what follows is a count: hanging up now cancels nothing
                yield step.event

    async def _whole(self, call: PreparedCall, seconds: float) -> Play:
        """One try that has come to its end."""
        began, played = self._clock.monotonic(), self._play(call, seconds, streamed=False)
        failure = next((step for step in played.steps if step.fails), None)
        await self._wait_until(failure or played.steps[-1], began)
        if failure is not None:
            raise _failed(failure)
        return played

    async def _begun(self, call: PreparedCall, seconds: float) -> _Try:
        """One try that has not failed before its first event."""
        began, played = self._clock.monotonic(), self._play(call, seconds, streamed=True)
        first = played.steps[0]
        if isinstance(first.event, Failure) and (first.event.sample is None or call.request.samples == 1):
            await self._wait_until(first, began)
            raise _failed(first)
        return _Try(began, played)

    def _play(self, call: PreparedCall, seconds: float, *, streamed: bool) -> Play:
        script = script_of(call.request.config.other)
        fault = script.fault if script.fault is not None and self._counts.happens(script.fault) else None
        return play(call, script, fault, seconds, streamed=streamed)

    async def _wait_until(self, step: Step, began: float) -> None:
        passed = self._clock.monotonic() - began
        if step.due > passed:
            await self._sleep(step.due - passed)


def _total(call: PreparedCall) -> float:
    return (call.request.timeouts or Timeouts()).total


def _failed(step: Step) -> AttemptFailed:
    assert isinstance(step.event, Failure)  # noqa: S101 - the callers have looked
    return AttemptFailed(step.event.error, retryable=step.retried)


async def _at_once(_: float) -> None:
    """Waits for nothing."""
