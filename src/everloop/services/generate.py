"""Generate: as many samples as were asked for, from one provider, whole or as they come."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from everloop.domain.generation import (
    Event,
    Failure,
    Finish,
    Generation,
    PreparedCall,
    Retried,
    Sample,
    Secret,
    Usage,
    UsageReport,
)
from everloop.domain.usage import credible, per_sample
from everloop.domain.value import value
from everloop.errors import FailureKind, ProviderFailure
from everloop.ports.providers import Provider


@value
class ProviderCall:
    """Whom to ask, what, and with which key."""

    provider: Provider
    prepared: PreparedCall
    key: Secret | None

    @property
    def wanted(self) -> int:
        """How many samples were asked for."""
        return self.prepared.request.samples

    def remaining(self, count: int) -> PreparedCall:
        """The same question for the samples that a provider left out."""
        if count == self.wanted:
            return self.prepared
        return self.provider.prepare(replace(self.prepared.request, samples=count))


@value
class Drawn:
    """One sample, what it used, and the provider's body that it came in."""

    sample: Sample
    usage: Usage
    response: bytes


@value
class Generated:
    """What came back, in order of index. `failure` is set when not all samples came.

    `responses` are the bodies of all calls. `latency` is in seconds; `attempts` counts every try of every call, also of
    one that failed.
    """

    drawn: tuple[Drawn, ...]
    responses: tuple[bytes, ...]
    latency: float
    attempts: int
    failure: ProviderFailure | None


async def complete(call: ProviderCall, drawn: list[Drawn]) -> Generated:
    """All samples, whole. A provider that gives fewer than asked (many ignore `n`) is asked again for the rest.

    `drawn` is empty, and gets each sample when it is there: for a caller who breaks the call off.
    """
    answers: list[Generation] = []
    failure = None
    while len(drawn) < call.wanted and failure is None:
        try:
            answer = await call.provider.complete(call.remaining(call.wanted - len(drawn)), call.key)
        except ProviderFailure as error:
            failure = error
        else:
            answers.append(answer)
            drawn += _drawn(call, answer, len(drawn))
            failure = None if answer.samples else _nothing(call)
    if len(answers) == 1 and failure is None:
        (answer,) = answers
        return Generated(tuple(drawn[: call.wanted]), (answer.response,), answer.latency, answer.attempts, None)
    return Generated(
        tuple(drawn[: call.wanted]),
        tuple(answer.response for answer in answers),
        sum(answer.latency for answer in answers) + (failure.latency or 0.0 if failure else 0.0),
        sum(answer.attempts for answer in answers) + (failure.tries if failure else 0),
        failure,
    )


def _drawn(call: ProviderCall, answer: Generation, first: int) -> list[Drawn]:
    usage = credible(answer.usage)
    if usage is not None and len(answer.samples) == 1:
        return [Drawn(_placed(answer.samples[0], first), usage, answer.response)]
    usages = per_sample(usage, call.prepared.request.prompt, [sample.spoken for sample in answer.samples])
    return [
        Drawn(_placed(sample, first + place), usage, answer.response)
        for place, (sample, usage) in enumerate(zip(answer.samples, usages, strict=True))
    ]


def _placed(sample: Sample, index: int) -> Sample:
    """The sample with its number in the whole call."""
    return sample if sample.index == index else replace(sample, index=index)


async def stream(call: ProviderCall) -> AsyncGenerator[Event, None]:
    """The events of all samples as they come; a provider that left samples out is asked again for those.

    Raises `ProviderFailure` before the first event only; later failures are events, and one of all samples is the
    last event.
    """
    done = 0
    while done < call.wanted:
        ended = 0
        if done:
            yield Retried(1)
        events = call.provider.stream(call.remaining(call.wanted - done), call.key)
        try:
            async with aclosing(events):
                async for event in events:
                    ended += _ends_a_sample(event)
                    yield _shifted(event, done)
                    if isinstance(event, Failure) and event.sample is None:
                        return
        except ProviderFailure as error:
            if not done:
                raise
            yield Failure(None, error)
            return
        if not ended:
            yield Failure(None, _nothing(call))
            return
        done += ended


def _ends_a_sample(event: Event) -> bool:
    return isinstance(event, Finish) or (isinstance(event, Failure) and event.sample is not None)


def _shifted(event: Event, by: int) -> Event:
    """The event with the sample's number in the whole call."""
    if not by or isinstance(event, UsageReport | Retried) or event.sample is None:
        return event
    return replace(event, sample=event.sample + by)


def _nothing(call: ProviderCall) -> ProviderFailure:
    return ProviderFailure(
        FailureKind.MALFORMED, "The provider answered without a single sample.", origin=call.provider.origin
    )
