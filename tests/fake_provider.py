"""A provider that says what it was told."""

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from everloop.domain.capabilities import ALL, Capabilities, without
from everloop.domain.connection import KnownConnection, OwnConnection
from everloop.domain.generation import (
    Event,
    Generation,
    GenerationRequest,
    PreparedCall,
    Sample,
    Secret,
    Usage,
)
from everloop.errors import InvalidFields, ProviderFailure, UnknownProvider, Unprocessable
from everloop.ports.providers import NO_CONNECTIONS

Said = Generation | ProviderFailure | Callable[[], Awaitable[Generation | ProviderFailure]]
Act = Event | ProviderFailure | Callable[[], Awaitable[Any]]


def generation(*texts: str, usage: Usage | None = None, latency: float = 0.0, attempts: int = 1) -> Generation:
    """A whole answer of these samples."""
    samples = tuple(Sample(index, text, "stop") for index, text in enumerate(texts))
    body = repr(list(texts)).encode()
    return Generation(samples, usage, body, latency, attempts)


@dataclass
class FakeProvider:
    """Call by call: whole answers, or streams of events, failures to raise, and things to await."""

    origin: str = "Fake"
    needs_key: bool = False
    samples_together: bool = True
    calls: list[tuple[PreparedCall, Secret | None]] = field(default_factory=list)
    closed: int = 0
    refuses: str | None = None
    _answers: deque[Said] = field(default_factory=deque)
    _streams: deque[Sequence[Act]] = field(default_factory=deque)

    def answers(self, *answers: Said) -> None:
        self._answers.extend(answers)

    def streams(self, *streams: Sequence[Act]) -> None:
        self._streams.extend(streams)

    def prepare(self, request: GenerationRequest) -> PreparedCall:
        if self.refuses:
            raise Unprocessable(self.refuses)
        return PreparedCall(request, "/fake", b'{"samples":%d}' % request.samples)

    async def complete(self, call: PreparedCall, key: Secret | None) -> Generation:
        self.calls.append((call, key))
        answer = self._answers.popleft()
        if callable(answer):
            answer = await answer()
        if isinstance(answer, ProviderFailure):
            raise answer
        return answer

    async def stream(self, call: PreparedCall, key: Secret | None) -> AsyncGenerator[Event, None]:
        self.calls.append((call, key))
        try:
            for act in self._streams.popleft():
                if isinstance(act, ProviderFailure):
                    raise act
                if callable(act):
                    await act()
                else:
                    yield act
        finally:
            self.closed += 1


@dataclass
class FakeProviders:
    providers: dict[str, FakeProvider]
    operator_keys: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, FakeProvider] = field(default_factory=dict)

    def get(self, name: str, own: Mapping[str, OwnConnection] = NO_CONNECTIONS) -> FakeProvider:
        if name in own:
            return FakeProvider(origin=f"{name} at {own[name].base_url}", needs_key=own[name].needs_key)
        if name not in self.providers:
            raise UnknownProvider(f"There is no provider {name!r}.")
        return self.providers[name]

    def at(self, name: str, endpoint: str) -> FakeProvider:
        if endpoint not in self.elsewhere:
            raise Unprocessable(f"Calls do not go to {endpoint}.")
        return self.elsewhere[endpoint]

    def names(self) -> tuple[str, ...]:
        return tuple(self.providers)

    def operator_key(self, name: str) -> Secret | None:
        key = self.operator_keys.get(name)
        return Secret(key) if key else None

    def environment_variable(self, name: str) -> str:
        return f"{name.upper()}_API_KEY"

    def formats(self) -> Mapping[str, Capabilities]:
        return {"fake": ALL, "small": without("tools", "seed")}

    def known(self) -> tuple[KnownConnection, ...]:
        return tuple(
            KnownConnection(name, each.origin, "fake", None, each.needs_key, ALL, None)
            for name, each in self.providers.items()
            if name != "mock"
        )

    def check_destination(self, base_url: str) -> None:
        if "127.0.0.1" in base_url:
            raise InvalidFields.one(("body", "base_url"), "No call goes there.")
