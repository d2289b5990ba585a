"""How calls are counted."""

import asyncio
from contextlib import nullcontext

import pytest

from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.measured import Measured
from tests.unit.providers.fakes import RecordedMetrics, StillClock


async def measured(error: BaseException | None = None, outcome: str | None = None) -> RecordedMetrics:
    clock, metrics = StillClock(), RecordedMetrics()
    expected = pytest.raises(type(error)) if error is not None else nullcontext()
    with expected, Measured("openai", clock, metrics) as call:
        await clock.sleep(2)
        assert call.seconds == 2
        call.outcome = outcome
        if error is not None:
            raise error
    return metrics


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"),
        (ProviderFailure(FailureKind.RATE_LIMIT, "busy", origin="OpenAI"), "rate_limit"),
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), "cancelled"),
    ],
)
async def test_every_end_is_counted_once(error: BaseException | None, outcome: str):
    metrics = await measured(error)
    assert metrics.calls == [("openai", outcome)]
    assert metrics.seconds == [2]


async def test_an_outcome_may_be_known_better():
    assert (await measured(None, "malformed")).calls == [("openai", "malformed")]
    assert (await measured(GeneratorExit(), "ok")).calls == [("openai", "ok")]


async def test_our_own_mistakes_are_not_the_providers():
    assert (await measured(ZeroDivisionError())).calls == []


async def test_a_failure_is_told_how_long_the_call_took():
    failure = ProviderFailure(FailureKind.TIMEOUT, "slow", origin="OpenAI")
    assert failure.latency is None
    await measured(failure)
    assert failure.latency == 2
