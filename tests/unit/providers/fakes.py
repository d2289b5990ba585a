"""A clock that only sleeping moves, and metrics that remember."""

from everloop.ports.system import Switch


class StillClock:
    """Starts at a round moment; `sleep` moves it and remembers."""

    def __init__(self, milliseconds: int = 1_700_000_000_000) -> None:
        self.milliseconds = milliseconds
        self.seconds = 100.0
        self.slept: list[float] = []

    def now(self) -> int:
        return self.milliseconds

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class RecordedMetrics:
    """Every provider call that was counted, as (provider, outcome)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.seconds: list[float] = []
        self.circuits: list[tuple[str, Switch]] = []

    def provider_call(self, provider: str, outcome: str, seconds: float) -> None:
        self.calls.append((provider, outcome))
        self.seconds.append(seconds)

    def watch(self, provider: str, circuit: Switch) -> None:
        self.circuits.append((provider, circuit))

    def request(self, route: str, status: int, seconds: float) -> None:
        raise AssertionError("a provider counts no requests")

    def added_latency(self, seconds: float) -> None:
        raise AssertionError("a provider adds no latency")

    def commit(self, seconds: float, rows: int) -> None:
        raise AssertionError("a provider commits nothing")

    def render(self) -> tuple[bytes, str]:
        raise AssertionError("a provider shows no metrics")
