"""Numbers for the operator, in Prometheus' words."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

OTHER: Final = "other"
MOST_NAMES: Final = 200

# Calls of models take from milliseconds (a mock) to the total timeout of 600 s.
_CALL_SECONDS: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
)  # fmt: skip
# What is ours takes a millisecond or is a sign of trouble.
_OWN_SECONDS: Final = (
    0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30,
)  # fmt: skip
_ROWS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class _Outcomes:
    """A counter by (name, outcome) and a histogram by name.

    Children are kept, because looking one up by its labels costs more than counting. After 200 names the rest is
    counted as `other`, so that a name taken from a request by mistake cannot fill the memory.
    """

    def __init__(self, total: Counter, seconds: Histogram) -> None:
        self._total = total
        self._seconds = seconds
        self._counters: dict[tuple[str, str | int], Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def add(self, name: str, outcome: str | int, seconds: float) -> None:
        histogram = self._histograms.get(name)
        if histogram is None:
            name, histogram = self._admit(name)
        histogram.observe(max(seconds, 0.0))
        counter = self._counters.get((name, outcome))
        if counter is None:
            counter = self._counters[name, outcome] = self._total.labels(name, outcome)
        counter.inc()

    def _admit(self, name: str) -> tuple[str, Histogram]:
        if len(self._histograms) >= MOST_NAMES:
            name = OTHER
        histogram = self._histograms[name] = self._seconds.labels(name)
        return name, histogram


class PrometheusMetrics:
    """`ports.system.Metrics` of this process, in a registry of its own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = _Outcomes(
            Counter("everloop_requests", "HTTP requests answered.", ["route", "status"], registry=registry),
            Histogram(
                "everloop_request_seconds",
                "Time to answer an HTTP request, to the last byte.",
                ["route"],
                registry=registry,
                buckets=_CALL_SECONDS,
            ),
        )
        self._calls = _Outcomes(
            Counter(
                "everloop_provider_calls",
                "Calls of model providers that ended, by how they ended.",
                ["provider", "outcome"],
                registry=registry,
            ),
            Histogram(
                "everloop_provider_seconds",
                "Time of a call of a model provider, retries included.",
                ["provider"],
                registry=registry,
                buckets=_CALL_SECONDS,
            ),
        )
        self._added = Histogram(
            "everloop_added_latency_seconds",
            "Duration of a generating call less the provider's latency.",
            registry=registry,
            buckets=_OWN_SECONDS,
        )
        self._commit_seconds = Histogram(
            "everloop_commit_seconds",
            "Time to commit one batch of logs to disk.",
            registry=registry,
            buckets=_OWN_SECONDS,
        )
        self._commit_rows = Histogram(
            "everloop_commit_rows", "Rows in one batch of logs.", registry=registry, buckets=_ROWS
        )

    def request(self, route: str, status: int, seconds: float) -> None:
        self._requests.add(route, status, seconds)

    def provider_call(self, provider: str, outcome: str, seconds: float) -> None:
        self._calls.add(provider, outcome, seconds)

    def added_latency(self, seconds: float) -> None:
        # Two clocks' readings may put it below zero, and a sum that goes down reads as a restart.
        self._added.observe(max(seconds, 0.0))

    def commit(self, seconds: float, rows: int) -> None:
        self._commit_seconds.observe(max(seconds, 0.0))
        self._commit_rows.observe(rows)

    def render(self) -> tuple[bytes, str]:
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4
