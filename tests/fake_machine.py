"""The machine around a `FakeHouse`: time that stands still, ids that count up, secrets that are no secrets."""

from dataclasses import dataclass, field

from everloop.domain.generation import (
    Usage,
)
from everloop.domain.ids import (
    LogId,
    Prefix,
    identifier,
    time_ordered,
)
from everloop.errors import Unprocessable
from everloop.ports.system import Cost, Switch


@dataclass
class FakeClock:
    milliseconds: int = 1_700_000_000_000
    seconds: float = 0.0

    def now(self) -> int:
        return self.milliseconds

    def monotonic(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds
        self.milliseconds += round(seconds * 1000)


@dataclass
class FakeIds:
    count: int = 0

    def _next(self) -> int:
        self.count += 1
        return self.count

    def new(self, prefix: Prefix) -> str:
        return identifier(prefix, self._next())

    def log(self, milliseconds: int) -> LogId:
        return LogId(time_ordered(Prefix.LOG, milliseconds, self._next()))

    def api_key(self) -> str:
        return f"hl_sk_{self._next():040d}"


class FakeSecretBox:
    """Seals by reversing; opens only where it was sealed."""

    def seal(self, plaintext: str, context: bytes) -> bytes:
        return context + b"|" + plaintext[::-1].encode()

    def open(self, sealed: bytes, context: bytes) -> str:
        place, _, secret = sealed.rpartition(b"|")
        if place != context:
            raise Unprocessable("sealed for another place")
        return secret.decode()[::-1]


class FakePrices:
    """A dollar a token of a prompt, two of an output; `unpriced` models have no price."""

    def cost(self, provider: str, model: str, usage: Usage) -> Cost | None:
        return None if model == "unpriced" else Cost(usage.prompt_tokens, 2 * usage.output_tokens)


@dataclass
class FakeMetrics:
    added: list[float] = field(default_factory=list)
    requests: list[tuple[str, int]] = field(default_factory=list)

    def request(self, route: str, status: int, seconds: float) -> None:
        self.requests.append((route, status))

    def provider_call(self, provider: str, outcome: str, seconds: float) -> None: ...

    def watch(self, provider: str, circuit: Switch) -> None: ...

    def added_latency(self, seconds: float) -> None:
        self.added.append(seconds)

    def commit(self, seconds: float, rows: int) -> None: ...

    def render(self) -> tuple[bytes, str]:
        return b"", "text/plain"


@dataclass
class FakeKeyFile:
    key: str | None = None
    place: str = "memory"

    def read(self) -> str | None:
        return self.key

    def write(self, key: str) -> str:
        self.key = self.key or key
        return self.key
