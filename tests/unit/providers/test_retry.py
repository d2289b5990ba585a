"""Retries: how often, after how long, and never more than the budget allows."""

import asyncio
import math
from collections.abc import Callable, Iterator

import pytest

from everloop.errors import FailureKind, ProviderFailure
from everloop.providers.retry import AttemptFailed, Retrier, RetryBudget, RetryPolicy, retry_after
from tests.unit.providers.fakes import StillClock


def failed(*, retryable: bool = True, after: float | None = None) -> AttemptFailed:
    failure = ProviderFailure(FailureKind.OVERLOADED, "busy", origin="OpenAI", upstream_code=503, retry_after=after)
    return AttemptFailed(failure, retryable=retryable)


class Script:
    """Attempts that end as told: an exception is raised, anything else returned."""

    def __init__(self, *ends: object) -> None:
        self.ends = list(ends)
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> object:
        self.seconds.append(seconds)
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


def retrier(clock: StillClock, fraction: Callable[[], float] = lambda: 1.0, **options: object) -> Retrier:
    return Retrier(clock, sleep=clock.sleep, fraction=fraction, **options)  # type: ignore[arg-type]


async def test_a_success_is_not_tried_again():
    clock, script = StillClock(), Script("answer")
    assert await retrier(clock).run(script, 600) == ("answer", 1)
    assert clock.slept == []
    assert script.seconds == [600]


async def test_two_more_tries_with_growing_random_waits():
    clock, script = StillClock(), Script(failed(), failed(), "answer")
    fractions: Iterator[float] = iter([0.5, 0.25])
    assert await retrier(clock, lambda: next(fractions)).run(script, 600) == ("answer", 3)
    assert clock.slept == [0.25, 0.25]
    assert script.seconds == [600, 599.75, 599.5]


async def test_the_third_failure_is_final():
    clock, last = StillClock(), failed()
    script = Script(failed(), failed(), last, "never reached")
    with pytest.raises(ProviderFailure) as caught:
        await retrier(clock).run(script, 600)
    assert caught.value is last.failure
    assert caught.value.tries == 3
    assert script.ends == ["never reached"]
    assert clock.slept == [0.5, 1.0]


async def test_an_answer_that_cannot_be_read_counts_as_a_try():
    clock, unreadable = StillClock(), ProviderFailure(FailureKind.MALFORMED, "what?", origin="OpenAI")
    with pytest.raises(ProviderFailure) as caught:
        await retrier(clock).run(Script(failed(), unreadable, "never reached"), 600)
    assert caught.value is unreadable
    assert caught.value.tries == 2


async def test_waits_are_capped():
    clock, script = StillClock(), Script(*[failed() for _ in range(8)], "answer")
    await retrier(clock, policy=RetryPolicy(retries=8)).run(script, 600)
    assert clock.slept == [0.5, 1, 2, 4, 8, 8, 8, 8]


async def test_what_cannot_succeed_is_not_tried_again():
    clock, script = StillClock(), Script(failed(retryable=False), "never reached")
    with pytest.raises(ProviderFailure):
        await retrier(clock).run(script, 600)
    assert clock.slept == []


async def test_the_provider_says_when():
    clock, script = StillClock(), Script(failed(after=7), failed(after=0), "answer")
    fractions = iter([0.5, 0.25])
    await retrier(clock, lambda: next(fractions)).run(script, 600)
    assert clock.slept == [7.25, 0.125]


@pytest.mark.parametrize(("after", "seconds"), [(61, 600), (30, 20), (None, 0.5)])
async def test_no_wait_beyond_patience_or_deadline(after: float | None, seconds: float):
    clock, script = StillClock(), Script(failed(after=after), "never reached")
    with pytest.raises(ProviderFailure):
        await retrier(clock).run(script, seconds)
    assert clock.slept == []


async def test_other_errors_pass_through():
    clock, script = StillClock(), Script(ZeroDivisionError(), "never reached")
    with pytest.raises(ZeroDivisionError):
        await retrier(clock).run(script, 600)


@pytest.mark.parametrize("calls", [50, 200, 1000])
async def test_an_outage_makes_at_most_a_fifth_more_load(calls: int):
    clock, tries = StillClock(), 0

    async def down(_: float) -> None:
        nonlocal tries
        tries += 1
        raise failed()

    ours = retrier(clock)
    results = await asyncio.gather(*(ours.run(down, 600) for _ in range(calls)), return_exceptions=True)
    assert all(isinstance(result, ProviderFailure) for result in results)
    assert calls < tries <= calls * 1.2


async def test_successes_earn_retries_back():
    budget = RetryBudget(capacity=1, earned=0.5)
    assert budget.take()
    assert not budget.take()
    budget.earn()
    assert not budget.take()
    budget.earn()
    assert budget.take()
    for _ in range(10):
        budget.earn()
    assert budget.take()
    assert not budget.take()


async def test_a_success_is_earned_by_the_call_that_had_it():
    clock, budget = StillClock(), RetryBudget(capacity=1, earned=1)
    assert await retrier(clock, budget=budget).run(Script(failed(), 1), 600) == (1, 2)
    assert await retrier(clock, budget=budget).run(Script(failed(), 2), 600) == (2, 2)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("12", 12.0),
        (" 12 ", 12.0),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        ("Tue, 14 Nov 2023 23:13:30 +0100", 10.0),
        ("Tuesday, 14-Nov-23 22:13:30 GMT", 10.0),
        ("Tue Nov 14 22:13:30 2023", 10.0),
        ("Tue, 14 Nov 2023 22:13:10 GMT", 0.0),
        ("-1", None),
        ("1e9", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Tue, 99 Nov 2023 22:13:30 GMT", None),
        (f"Tue, {'9' * 30} Nov 2023 22:13:30 GMT", None),
        (f"Tue, 14 Nov 2023 22:13:30 +{'9' * 20}", None),
        ("9" * 400, math.inf),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None):
    assert retry_after(value, StillClock()) == seconds
