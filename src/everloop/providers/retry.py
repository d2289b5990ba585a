"""When a call is tried again, after how long, and how much extra load that may make."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeVar

from everloop.domain.value import value
from everloop.errors import ProviderFailure
from everloop.ports.system import Clock
from everloop.providers.circuit import Turn

Result = TypeVar("Result")


@value
class RetryPolicy:
    """At most `retries` more tries, the k-th after a random part of `base` * 2^(k-1) seconds, or of `cap` if less.

    A provider that asks for more patience than `longest_wait` is not waited for: the caller is told at once.
    """

    retries: int = 2
    base: float = 0.5
    cap: float = 8.0
    longest_wait: float = 60.0


class RetryBudget:
    """A bucket of retries for one provider: each retry takes one, each success puts a fifth of one back.

    In an outage nothing comes back, so ten retries are all the extra load there is: a fifth of 50 calls, less of more.
    """

    def __init__(self, capacity: float = 10.0, earned: float = 0.2) -> None:
        self._capacity = capacity
        self._earned = earned
        self._left = capacity

    def take(self) -> bool:
        """Whether one more retry may be made; if so it is counted."""
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def earn(self) -> None:
        """A call succeeded."""
        self._left = min(self._capacity, self._left + self._earned)


class AttemptFailed(Exception):
    """One try failed; `retryable` tells whether the same call may succeed a moment later."""

    def __init__(self, failure: ProviderFailure, *, retryable: bool) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.retryable = retryable


class Retrier:
    """Tries a call, and tries it again where that makes sense. Sleeping and randomness can be replaced for tests."""

    def __init__(
        self,
        clock: Clock,
        policy: RetryPolicy | None = None,
        budget: RetryBudget | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        fraction: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._policy = policy or RetryPolicy()
        self._budget = budget or RetryBudget()
        self._sleep = sleep
        self._fraction = fraction

    async def run(
        self, attempt: Callable[[float], Awaitable[Result]], seconds: float, turn: Turn | None = None
    ) -> tuple[Result, int]:
        """The first success and the number of tries; `attempt` gets the seconds that are left.

        Raises the last try's ProviderFailure. `turn` is told of each failure, and may forbid another try.
        """
        deadline = self._clock.monotonic() + seconds
        left, tries = seconds, 0
        while True:
            tries += 1
            try:
                result = await attempt(left)
            except AttemptFailed as failed:
                failed.failure.tries = tries
                if turn is not None:
                    turn.failed(failed.failure)
                wait = self._wait(failed, tries)
                if wait is None or not self._may_retry(turn, deadline - wait) or not self._budget.take():
                    raise failed.failure from None
                await self._sleep(wait)
                if not self._may_retry(turn, deadline):
                    raise failed.failure from None
                left = deadline - self._clock.monotonic()
            except ProviderFailure as failure:  # an answer that cannot be read: asked for, too
                failure.tries = tries
                raise
            else:
                self._budget.earn()
                return result, tries

    def _may_retry(self, turn: Turn | None, deadline: float) -> bool:
        return self._clock.monotonic() < deadline and (turn is None or turn.may_retry)

    def _wait(self, failed: AttemptFailed, tries: int) -> float | None:
        """Seconds before the next try, or None when there shall be none."""
        policy = self._policy
        asked = failed.failure.retry_after
        if not failed.retryable or tries > policy.retries or (asked is not None and asked > policy.longest_wait):
            return None
        if asked is not None:
            return asked + self._fraction() * policy.base  # spread, or everybody comes back in the same instant
        return self._fraction() * min(policy.cap, policy.base * 2.0 ** (tries - 1))


def retry_after(value: str | None, clock: Clock) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or an HTTP date (RFC 9110, 10.2.3); else None."""
    if value is None:
        return None
    if value.strip().isdecimal() and value.isascii():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the second for a day or a time zone that no integer of C holds
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - clock.now() / 1000)
