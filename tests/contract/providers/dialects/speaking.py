"""A vendor's fake upstream and a provider that calls it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from everloop.domain.config import Endpoint, ModelConfig
from everloop.domain.generation import Event, Generation, GenerationRequest, Secret
from everloop.domain.policy import Timeouts
from everloop.providers.client import HttpClient
from everloop.providers.connection import Connection
from everloop.providers.formats import FORMATS
from everloop.providers.retry import Retrier, RetryBudget
from everloop.providers.vendor import VendorProvider
from everloop.telemetry.clock import SystemClock
from tests.contract.providers.dialects.dialect import Dialect, Said
from tests.unit.providers.fakes import RecordedMetrics
from tests.upstream import STREAM_END, Reply, Step, body, head, piece, raw

# AWS keys have two parts, and other vendors take any text.
KEY = Secret("AKCANARY5f0c9d7b:sk-canary-21e84a6fb3c0")
ADD = {
    "name": "add",
    "description": "Adds.",
    "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
}


@dataclass
class Speaker:
    """The provider of one dialect, with short time limits, whose waits between tries are noted and skipped."""

    dialect: Dialect
    base_url: str
    timeouts: Timeouts
    waited: list[float] = field(default_factory=list)
    metrics: RecordedMetrics = field(default_factory=RecordedMetrics)

    def __post_init__(self) -> None:
        clock = SystemClock()
        self.client = HttpClient(self.timeouts, longest_answer=1024 * 1024)
        connection = Connection("vendor", "The Vendor", self.base_url, None, "VENDOR_API_KEY")
        retrier = Retrier(clock, budget=RetryBudget(capacity=1000), sleep=self._wait, fraction=lambda: 0.0)
        wire = FORMATS[self.dialect.name]
        self.provider = VendorProvider(connection, wire, self.client, retrier, clock, self.metrics)

    def request(self, *, streamed: bool, **config: Any) -> GenerationRequest:
        """A chat with a tool."""
        made = ModelConfig(self.dialect.model, endpoint=Endpoint.CHAT, tools=(ADD,), **config)
        messages = ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "1 and 1?"})
        return GenerationRequest(made, "1 and 1?", streamed=streamed, messages=messages)

    async def plain(self, key: Secret | None = KEY) -> Generation:
        return await self.provider.complete(self.provider.prepare(self.request(streamed=False)), key)

    async def streamed(self, key: Secret | None = KEY) -> list[Event]:
        call = self.provider.prepare(self.request(streamed=True))
        return [event async for event in self.provider.stream(call, key)]

    async def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)


def says(dialect: Dialect, said: Said, *, streamed: bool) -> Reply:
    """The vendor's good answer."""
    if not streamed:
        return body(json.dumps(dialect.plain(said), ensure_ascii=False).encode())
    found = dialect.streamed(said)
    return flowing(dialect, [*found.body, *found.end], STREAM_END)


def flowing(dialect: Dialect, packets: Iterable[bytes], *end: Step) -> Reply:
    """A stream of these packets, which then goes on as told."""
    return raw(stream_head(dialect), *(piece(each) for each in packets), *end)


def stream_head(dialect: Dialect) -> bytes:
    """The head of the vendor's streams."""
    return head(200, {"content-type": dialect.content_type, "transfer-encoding": "chunked"})
