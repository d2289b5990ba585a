"""Fallbacks: who answers in the place of a configuration that did not, and what the log tells of it."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Final

from everloop.domain.attempt import PASSED_OVER, Attempt
from everloop.domain.config import ConfigVersion, Endpoint
from everloop.domain.policy import Timeouts
from everloop.domain.value import value
from everloop.errors import EverloopError, FailureKind, ProviderFailure, Unprocessable
from everloop.ports.system import Clock
from everloop.services.generate import ProviderCall
from everloop.services.record import Context

# What another provider may do better. The others are about the call itself, and their words are for its maker.
_FALLS_BACK: Final = frozenset(
    {
        FailureKind.RATE_LIMIT,
        FailureKind.OVERLOADED,
        FailureKind.SERVER_ERROR,
        FailureKind.TIMEOUT,
        FailureKind.CONNECTION,
    }
)
# With less time than this left, in seconds, nobody is asked any more.
_LEAST: Final = 0.05

# Makes the call of a version, for so many samples, within these limits. Raises `EverloopError`.
Prepare = Callable[[ConfigVersion, int, Timeouts], Awaitable[ProviderCall]]


class Fallbacks:
    """Those of one draw, each prepared when its turn comes. All of them together have the place's total time."""

    def __init__(
        self, versions: Iterable[ConfigVersion], endpoint: Endpoint, timeouts: Timeouts, prepare: Prepare, clock: Clock
    ) -> None:
        self._versions = deque(versions)
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._prepare = prepare
        self._clock = clock
        self._ends_at = clock.monotonic() + timeouts.total
        self._attempts: list[Attempt] = []
        self._fell_back = False

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All that were tried, or passed over, beside the one that the log is of."""
        return tuple(self._attempts)

    async def after(self, failure: ProviderFailure, context: Context) -> tuple[ProviderCall, Context] | None:
        """Who is asked next for the samples of `context`, and the context of the answer; None when nobody is.

        Whatever a fallback fails with, the next one is asked: it was asked for want of anything better.
        """
        if not self._fell_back and failure.kind not in _FALLS_BACK:
            return None
        failed = _attempt(context.resolved.version, failure)
        passed: list[Attempt] = []
        while self._versions and (left := self._ends_at - self._clock.monotonic()) > _LEAST:
            version = self._versions.popleft()
            if version.id == context.resolved.version.id:
                continue  # the arm of an experiment that failed, or what was deployed after it was made a fallback
            try:
                call = await self._call(version, len(context.indices), left)
            except EverloopError as error:
                passed.append(_passed_over(version, error))
                continue
            self._attempts += [failed, *passed]
            self._fell_back = True
            resolved = replace(context.resolved, version=version)
            return call, replace(context, resolved=resolved, prepared=call.prepared, attempts=self.attempts)
        self._attempts += passed
        return None

    async def _call(self, version: ConfigVersion, samples: int, left: float) -> ProviderCall:
        if version.config.endpoint is not self._endpoint:
            raise Unprocessable(
                f"It is a {version.config.endpoint.value} config, which cannot answer a {self._endpoint.value} call."
            )
        return await self._prepare(version, samples, replace(self._timeouts, total=left))


@value
class Asking:
    """One draw on its way: what is asked, whose logs come of it, and who is asked when that fails."""

    call: ProviderCall
    context: Context
    fallbacks: Fallbacks | None = None


def apart(asking: Asking) -> list[Asking]:
    """A draw for each sample, when its provider gives one a request: they are asked for side by side."""
    call, context = asking.call, asking.context
    if call.wanted == 1 or call.provider.samples_together:
        return [asking]
    one = replace(call, prepared=call.remaining(1))
    alone = [context.rest(place).first(1) for place in range(call.wanted)]
    return [Asking(one, replace(each, prepared=one.prepared)) for each in alone]


def _attempt(version: ConfigVersion, failure: ProviderFailure) -> Attempt:
    config = version.config
    return Attempt(
        version.id,
        config.provider,
        config.model,
        failure.kind.value,
        failure.upstream_code,
        failure.tries,
        failure.latency or 0.0,
        failure.message,
    )


def _passed_over(version: ConfigVersion, error: EverloopError) -> Attempt:
    config = version.config
    return Attempt(version.id, config.provider, config.model, PASSED_OVER, None, 0, 0.0, error.message)
