"""A vendor on loopback and providers that call it."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from everloop.domain.config import ModelConfig
from everloop.domain.generation import Event, Generation, GenerationRequest, Secret
from everloop.domain.policy import Timeouts
from everloop.ports.providers import Provider
from everloop.providers.client import HttpClient
from everloop.providers.known import KNOWN
from everloop.providers.openai.format import OpenAiFormat
from everloop.providers.retry import Retrier, RetryBudget
from everloop.providers.vendor import VendorProvider
from everloop.telemetry.clock import SystemClock
from tests.contract.providers.dialects.all import DIALECTS
from tests.contract.providers.dialects.dialect import Dialect
from tests.unit.providers.fakes import RecordedMetrics
from tests.upstream import Upstream

KEY = Secret("sk-canary-5f0c9d7b21e84a6f")


@pytest.fixture(scope="session")
def server() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture
def upstream(server: Upstream) -> Upstream:
    server.reset()
    return server


@pytest.fixture(params=DIALECTS, ids=lambda each: each.name)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Each format in its turn."""
    found: Dialect = request.param
    return found


@dataclass
class Caller:
    """An OpenAI provider with short time limits, whose waits between tries are noted and skipped."""

    base_url: str
    timeouts: Timeouts
    longest_answer: int = 1024 * 1024
    budget: RetryBudget = field(default_factory=lambda: RetryBudget(capacity=1000))
    waited: list[float] = field(default_factory=list)
    metrics: RecordedMetrics = field(default_factory=RecordedMetrics)

    def __post_init__(self) -> None:
        self.client = HttpClient(self.timeouts, longest_answer=self.longest_answer)
        self.provider = self.build()

    def build(self) -> Provider:
        clock = SystemClock()
        connection = KNOWN["openai"].connection(None, self.base_url)
        assert connection is not None
        retrier = Retrier(clock, budget=self.budget, sleep=self._wait, fraction=lambda: 0.0)
        return VendorProvider(connection, OpenAiFormat(), self.client, retrier, clock, self.metrics)

    async def plain(self, model: str = "gpt-4o", *, samples: int = 1, key: Secret | None = KEY) -> Generation:
        request = GenerationRequest(ModelConfig(model), "hello there", samples)
        return await self.provider.complete(self.provider.prepare(request), key)

    async def streamed(self, model: str = "gpt-4o", *, samples: int = 1, key: Secret | None = KEY) -> list[Event]:
        request = GenerationRequest(ModelConfig(model), "hello there", samples, streamed=True)
        return [event async for event in self.provider.stream(self.provider.prepare(request), key)]

    async def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)


@pytest.fixture
async def calling() -> AsyncIterator[Callable[..., Caller]]:
    """Makes callers, and closes them at the end."""
    made: list[Caller] = []

    def make(base_url: str, timeouts: Timeouts | None = None, **options: Any) -> Caller:
        made.append(Caller(base_url, timeouts or Timeouts(connect=2, first_byte=2, gap=2, total=4), **options))
        return made[-1]

    yield make
    for caller in made:
        await caller.client.close()


@pytest.fixture
def caller(upstream: Upstream, calling: Callable[..., Caller]) -> Caller:
    return calling(upstream.base_url)
