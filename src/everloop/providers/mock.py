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
            "kind": "rate_limit",      bad_request, authentication, permission, not_found, too_large, unprocessable,
                                       rate_limit, overloaded, server_error, timeout, connection or malformed
            "after_chunks": 3,         how many words come before it; without it the call fails before any comes
            "retry_after": 2.5,        the seconds that the provider asks to wait
            "sample": 1                which sample (from 0) fails while the others go on; without it all of them
        }
    }}

A list that is shorter than the number of samples begins anew. A `tool_choice` goes before the script: `none` gives
text, the name of a tool gives a call of it, `required` the scripted calls, or one of the first tool. Pieces of tool
calls count as words for a fault, and one that is to come after more words than there are comes instead of the end.
Plain calls take as long as the stream would, and a fault fails them whichever sample it hits.

Whoever may call may bring a script, so that none can keep the server from other calls: a script says 100,000 characters
at most; all samples of a call together have 100,000 words, then they end with `length`; and the first words have
`logprobs`, as many as give 10,000 of them.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from everloop.domain.generation import (
    Event,
    Failure,
    Finish,
    Generation,
    GenerationRequest,
    PreparedCall,
    Secret,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from everloop.domain.value import value
from everloop.ports.system import Clock, Metrics
from everloop.providers import mock_answer
from everloop.providers.measured import Measured
from everloop.providers.mock_answer import MockSample
from everloop.providers.mock_script import Script, script_of
from everloop.providers.openai import request as openai_request
from everloop.providers.openai.facts import Api

_NAME: Final = "mock"
_ORIGIN: Final = "Mock"


@value
class _Step:
    """An event and the seconds after the call at which it is due."""

    due: float
    event: Event


class MockProvider:
    """See the module's docstring, which is its manual."""

    def __init__(
        self, clock: Clock, metrics: Metrics, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._sleep = sleep

    @property
    def origin(self) -> str:
        """The display name for errors."""
        return _ORIGIN

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
            samples, usage, steps = _play(call)
            failure = next((step for step in steps if isinstance(step.event, Failure)), None)
            await self._wait_until((failure or steps[-1]).due, measured)
            if failure is not None and isinstance(failure.event, Failure):
                raise failure.event.error
            body = mock_answer.body(call, samples, usage)
            return Generation(tuple(each.sample for each in samples), usage, body, measured.seconds)

    async def stream(self, call: PreparedCall, key: Secret | None) -> AsyncGenerator[Event, None]:  # noqa: ARG002
        """The answer word by word. Raises `errors.ProviderFailure` for a fault of all of it before the first word."""
        with Measured(_NAME, self._clock, self._metrics) as measured:
            _, _, steps = _play(call)
            last = max(place for place, step in enumerate(steps) if not isinstance(step.event, UsageReport))
            for position, step in enumerate(steps):
                await self._wait_until(step.due, measured)
                if isinstance(step.event, Failure):
                    measured.outcome = step.event.error.kind
                    if position == 0 and (step.event.sample is None or call.request.samples == 1):
                        raise step.event.error
                elif position == last and measured.outcome is None:
                    measured.outcome = "ok"  # what follows is a count: hanging up now cancels nothing
                yield step.event

    async def _wait_until(self, due: float, measured: Measured) -> None:
        if due > measured.seconds:
            await self._sleep(due - measured.seconds)


def _play(call: PreparedCall) -> tuple[list[MockSample], Usage, list[_Step]]:
    """The samples, what they use, and the events in the order in which they are due."""
    request = call.request
    script = script_of(request.config.other)
    samples = [mock_answer.sample(request, script, index) for index in range(request.samples)]
    steps = [step for sample in samples for step in _steps(call, sample, script)]
    steps.sort(key=lambda step: step.due)  # stable: at the same moment the lower sample comes first
    usage = mock_answer.usage(request, samples)
    if script.fault is not None and script.fault.sample is None:
        failure = Failure(None, script.fault.failure(_ORIGIN))
        return samples, usage, _broken_off(steps, script.fault.after_chunks, failure)
    return samples, usage, [*steps, _Step(steps[-1].due, UsageReport(usage))]


def _steps(call: PreparedCall, sample: MockSample, script: Script) -> list[_Step]:
    """The events of one sample, its own fault included."""
    start, pace = script.delay_ms / 1000, script.chunk_delay(sample.index)
    steps = [_Step(start + place * pace, event) for place, event in enumerate(_pieces(sample))]
    body = mock_answer.body(call, [sample], None)
    end = _Step(steps[-1].due if steps else start, Finish(sample.index, sample.finish_reason, body))
    steps.append(end)
    fault = script.fault
    if fault is None or fault.sample != sample.index:
        return steps
    return _broken_off(steps, fault.after_chunks, Failure(sample.index, fault.failure(_ORIGIN)))


def _pieces(sample: MockSample) -> list[Event]:
    """The words, then each call: its name first, its arguments in two pieces, as models write them."""
    pieces: list[Event] = [TextDelta(sample.index, word) for word in sample.words]
    for place, call in enumerate(sample.tool_calls):
        half = len(call.arguments) // 2
        pieces.append(ToolCallDelta(sample.index, place, "", call.id, call.name))
        pieces += [
            ToolCallDelta(sample.index, place, each) for each in (call.arguments[:half], call.arguments[half:]) if each
        ]
    return pieces


def _broken_off(steps: Sequence[_Step], chunks: int | None, failure: Failure) -> list[_Step]:
    """The steps up to so many chunks, and the failure in place of the next one."""
    words = [place for place, step in enumerate(steps) if isinstance(step.event, TextDelta | ToolCallDelta)]
    place = words[chunks or 0] if (chunks or 0) < len(words) else len(steps) - 1
    return [*steps[:place], _Step(steps[place].due, failure)]
