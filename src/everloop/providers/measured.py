"""The measurement of one provider call, from its first byte out to its last byte in."""

from asyncio import CancelledError
from types import TracebackType
from typing import Self

from everloop.errors import ProviderFailure
from everloop.ports.system import Clock, Metrics


class Measured:
    """Counts the call it is wrapped around: how it ended and how long it took, retries included; a failure is told so.

    `outcome` may be set inside, for what shows in no exception.
    """

    __slots__ = ("_clock", "_metrics", "_provider", "_started", "outcome")

    def __init__(self, provider: str, clock: Clock, metrics: Metrics) -> None:
        self._provider = provider
        self._clock = clock
        self._metrics = metrics
        self._started = clock.monotonic()
        self.outcome: str | None = None

    @property
    def seconds(self) -> float:
        """How long it has taken up to now."""
        return self._clock.monotonic() - self._started

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, ProviderFailure):
            error.latency = self.seconds
        outcome = self.outcome or _outcome(error)
        if outcome is not None:
            self._metrics.provider_call(self._provider, outcome, self.seconds)


def _outcome(error: BaseException | None) -> str | None:
    match error:
        case None:
            return "ok"
        case ProviderFailure():
            return error.kind
        case CancelledError() | GeneratorExit():
            return "cancelled"
        case _:
            return None  # a mistake of ours says nothing about the provider
