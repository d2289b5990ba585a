"""Ports to the machine: time, randomness, secrets, prices, measurements."""

from typing import Protocol

from everloop.domain.generation import Usage
from everloop.domain.ids import LogId, Prefix
from everloop.domain.value import value


class Clock(Protocol):
    """Time, so that tests can hold it still."""

    def now(self) -> int:
        """Unix milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds from some fixed point, never going back."""
        ...


class Ids(Protocol):
    """Randomness, so that tests are exact."""

    def new(self, prefix: Prefix) -> str:
        """A fresh identifier."""
        ...

    def log(self, milliseconds: int) -> LogId:
        """A fresh log id that carries the time."""
        ...

    def api_key(self) -> str:
        """A fresh API key with at least 160 random bits."""
        ...


class SecretBox(Protocol):
    """Encryption of secrets at rest, bound to the place where they are kept."""

    def seal(self, plaintext: str, context: bytes) -> bytes:
        """What may be written to a database."""
        ...

    def open(self, sealed: bytes, context: bytes) -> str:
        """The plaintext. Raises `errors.Unprocessable` when the secret key or the context is another one."""
        ...


@value
class Cost:
    """US dollars."""

    prompt: float
    output: float


class Pricing(Protocol):
    """What tokens cost."""

    def cost(self, provider: str, model: str, usage: Usage) -> Cost | None:
        """The cost of one sample, or None when the price of the model is not known."""
        ...


class Switch(Protocol):
    """What is open or not."""

    @property
    def is_open(self) -> bool:
        """Whether it is open now."""
        ...


class Metrics(Protocol):
    """Numbers for the operator."""

    def request(self, route: str, status: int, seconds: float) -> None:
        """One HTTP request was answered. `route` is a route's pattern, never a path with ids in it."""
        ...

    def provider_call(self, provider: str, outcome: str, seconds: float) -> None:
        """One call of a provider ended; `outcome` is `ok` or a word of `errors.FailureKind`, or `cancelled`."""
        ...

    def watch(self, provider: str, circuit: Switch) -> None:
        """Shows from now on, for as long as there is the circuit, whether a provider is not called for being down."""
        ...

    def added_latency(self, seconds: float) -> None:
        """What Everloop added to one generating call: its duration less the provider's latency."""
        ...

    def commit(self, seconds: float, rows: int) -> None:
        """One batch of logs was committed. Called from the writer's thread as well as from the loop."""
        ...

    def render(self) -> tuple[bytes, str]:
        """All of it in the Prometheus text format, and its content type."""
        ...


class KeyFile(Protocol):
    """Where the first API key is kept so that it can be shown again."""

    def read(self) -> str | None:
        """The key, if there is one."""
        ...

    def write(self, key: str) -> str:
        """Keeps the key unless another process was faster; returns the one that is kept."""
        ...
