"""The mock provider on a clock of its own, and what its answers say."""

from typing import Any

from everloop.domain.config import ModelConfig
from everloop.domain.generation import (
    Event,
    Failure,
    Generation,
    GenerationRequest,
    PreparedCall,
)
from everloop.errors import FailureKind
from everloop.providers.mock import MockProvider
from tests.unit.providers.fakes import RecordedMetrics, StillClock


class Stage:
    """A mock on a clock that stands still unless the mock sleeps."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.metrics = RecordedMetrics()
        self.provider = MockProvider(self.clock, self.metrics, sleep=self.clock.sleep)

    def prepare(self, script: Any = None, /, *, call: dict[str, Any] | None = None, **config: Any) -> PreparedCall:
        other = {} if script is None else {"mock": script}
        model = ModelConfig(config.pop("model", "gpt-4o"), "mock", other=other, **config)
        return self.provider.prepare(GenerationRequest(model, "hello there", **(call or {})))

    async def plain(self, script: Any = None, /, **config: Any) -> Generation:
        return await self.provider.complete(self.prepare(script, **config), None)

    async def streamed(self, script: Any = None, /, **config: Any) -> list[Event]:
        call = self.prepare(script, **config)
        return [event async for event in self.provider.stream(call, None)]


def texts(generation: Generation) -> list[str]:
    return [sample.text for sample in generation.samples]


def failures(events: list[Event]) -> list[tuple[int | None, FailureKind]]:
    return [(event.sample, event.error.kind) for event in events if isinstance(event, Failure)]
