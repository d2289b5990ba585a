"""Several samples of a fallback whose provider gives one a request: each is a request of its own, at the same time.

Where such a provider is what is deployed, its samples are draws of their own from the beginning: see `fallback.apart`.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from everloop.domain.generation import Event, Failure, Finish, Retried
from everloop.domain.value import value
from everloop.errors import ProviderFailure
from everloop.services import generate
from everloop.services.generate import Drawn, Generated, ProviderCall

# Of the samples of one call, how many are asked for at once: the others wait.
AT_ONCE: Final = 8
# Events that may wait for a slow reader; then the provider waits, too.
_WAITING: Final = 16


async def complete(call: ProviderCall, drawn: list[Drawn]) -> Generated:
    """As `generate.complete`. Those that came are numbered as they came, so that those that failed are the last."""
    if _in_one(call):
        return await generate.complete(call, drawn)
    one, turns = _alone(call), asyncio.Semaphore(AT_ONCE)

    async def ask() -> Generated:
        async with turns:
            generated = await generate.complete(one, [])
        drawn.extend(replace(each, sample=replace(each.sample, index=len(drawn))) for each in generated.drawn)
        return generated

    found = [
        _raised(each) for each in await asyncio.gather(*(ask() for _ in range(call.wanted)), return_exceptions=True)
    ]
    return Generated(
        tuple(drawn),
        tuple(response for each in found for response in each.responses),
        max(each.latency for each in found),
        sum(each.attempts for each in found),
        next((each.failure for each in found if each.failure is not None), None),
    )


async def stream(call: ProviderCall) -> AsyncGenerator[Event, None]:
    """As `generate.stream`: raises when every sample failed before its first event. Each has a count of its own."""
    if _in_one(call):
        async with aclosing(generate.stream(call)) as events:
            async for event in events:
                yield event
        return
    arrived: asyncio.Queue[Event | _Ended] = asyncio.Queue(_WAITING)
    one, turns = _alone(call), asyncio.Semaphore(AT_ONCE)
    tasks = [asyncio.create_task(_send(one, index, arrived, turns)) for index in range(call.wanted)]
    try:
        async with aclosing(_told(arrived, len(tasks))) as told:
            async for event in told:
                yield event
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@value
class _Ended:
    """A sample's stream came to its end, or to an error before its own first event."""

    index: int
    error: Exception | None


async def _told(arrived: "asyncio.Queue[Event | _Ended]", running: int) -> AsyncGenerator[Event, None]:
    """What arrives; failures wait until somebody has said something, as long as there may be such."""
    begun, failures = False, list[Failure]()
    while running:
        item = await arrived.get()
        if not isinstance(item, _Ended):
            begun = begun or not isinstance(item, Retried)
            yield item
        else:
            running -= 1
            if isinstance(item.error, ProviderFailure):
                failures.append(Failure(item.index, item.error))
            elif item.error is not None:
                raise item.error
        while begun and failures:
            yield failures.pop(0)
    if failures:
        raise failures[0].error


async def _send(
    one: ProviderCall, index: int, arrived: "asyncio.Queue[Event | _Ended]", turns: asyncio.Semaphore
) -> None:
    error: Exception | None = None
    finish: Finish | None = None
    async with turns:
        try:
            async with aclosing(generate.stream(one)) as events:
                async for event in events:
                    if isinstance(event, Finish):
                        finish = replace(event, sample=index)  # its count comes after it, and is told before it
                    else:
                        await arrived.put(event if isinstance(event, Retried) else replace(event, sample=index))
        except Exception as failure:  # noqa: BLE001 - whoever reads the events raises it
            error = failure
    if finish is not None:
        await arrived.put(finish)
    await arrived.put(_Ended(index, error))


def _in_one(call: ProviderCall) -> bool:
    return call.wanted == 1 or call.provider.samples_together


def _alone(call: ProviderCall) -> ProviderCall:
    return replace(call, prepared=call.remaining(1))


def _raised(found: Generated | BaseException) -> Generated:
    if isinstance(found, BaseException):
        raise found
    return found
