"""Numbers for the operator, in Prometheus' words.

Counting is ours, because every call counts a dozen times and the library's counters take a lock each; naming, text and
the process's own numbers are the library's. Each number is counted by one thread alone: the event loop, or for commits
the log writer.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from everloop.ports.system import Switch

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


def _text(bound: float) -> str:
    """A bound as Prometheus writes it."""
    return "+Inf" if bound == float("inf") else repr(float(bound))


class _Buckets:
    """How many values there were up to each bound and beyond the last, and their sum."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, amount: float) -> None:
        # Two clocks' readings may put it below zero, and a sum that goes down reads as a restart.
        amount = max(amount, 0.0)
        self._counts[bisect_left(self._bounds, amount)] += 1
        self._sum += amount

    def read(self) -> tuple[list[tuple[str, float]], float]:
        """The bounds with how many values were at or below each, and the sum, as the library wants them."""
        seen, buckets = 0, []
        for bound, count in zip([*self._bounds, float("inf")], self._counts, strict=True):
            seen += count
            buckets.append((_text(bound), float(seen)))
        return buckets, self._sum


class _Outcomes:
    """A counter by (name, outcome) and a histogram by name.

    After 200 names the rest is counted as `other`, so that a name taken from a request by mistake cannot fill the
    memory.
    """

    def __init__(self, total: tuple[str, str], seconds: tuple[str, str], labels: tuple[str, str]) -> None:
        self._total, self._seconds, self._labels = total, seconds, labels
        self._counts: defaultdict[tuple[str, str | int], int] = defaultdict(int)
        self._histograms: dict[str, _Buckets] = {}

    def add(self, name: str, outcome: str | int, seconds: float) -> None:
        histogram = self._histograms.get(name)
        if histogram is None:
            name, histogram = self._admit(name)
        histogram.add(seconds)
        self._counts[name, outcome] += 1

    def collect(self) -> Iterable[Metric]:
        name, outcome = self._labels
        total = CounterMetricFamily(*self._total, labels=[name, outcome])
        for (of, ended), count in self._counts.items():
            total.add_metric([of, str(ended)], count)
        yield total
        seconds = HistogramMetricFamily(*self._seconds, labels=[name])
        for of, histogram in self._histograms.items():
            seconds.add_metric([of], *histogram.read())
        yield seconds

    def _admit(self, name: str) -> tuple[str, _Buckets]:
        if name not in self._histograms and len(self._histograms) >= MOST_NAMES:
            name = OTHER
        return name, self._histograms.setdefault(name, _Buckets(_CALL_SECONDS))


class PrometheusMetrics(Collector):
    """`ports.system.Metrics` of this process, in a registry of its own."""

    def __init__(self) -> None:
        self._requests = _Outcomes(
            ("everloop_requests", "HTTP requests answered."),
            ("everloop_request_seconds", "Time to answer an HTTP request, to the last byte."),
            ("route", "status"),
        )
        self._calls = _Outcomes(
            ("everloop_provider_calls", "Calls of model providers that ended, by how they ended."),
            ("everloop_provider_seconds", "Time of a call of a model provider, retries included."),
            ("provider", "outcome"),
        )
        self._circuits: WeakKeyDictionary[Switch, str] = WeakKeyDictionary()
        self._added = _Buckets(_OWN_SECONDS)
        self._commit_seconds = _Buckets(_OWN_SECONDS)
        self._commit_rows = _Buckets(_ROWS)
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(self)

    def request(self, route: str, status: int, seconds: float) -> None:
        self._requests.add(route, status, seconds)

    def provider_call(self, provider: str, outcome: str, seconds: float) -> None:
        self._calls.add(provider, outcome, seconds)

    def watch(self, provider: str, circuit: Switch) -> None:
        self._circuits[circuit] = provider

    def added_latency(self, seconds: float) -> None:
        self._added.add(seconds)

    def commit(self, seconds: float, rows: int) -> None:
        self._commit_seconds.add(seconds)
        self._commit_rows.add(rows)

    def render(self) -> tuple[bytes, str]:
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4

    def collect(self) -> Iterable[Metric]:
        """Part of `prometheus_client.registry.Collector`: what was counted until now."""
        yield from self._requests.collect()
        yield from self._calls.collect()
        yield self._open_circuits()
        for name, words, buckets in (
            (
                "everloop_added_latency_seconds",
                "Duration of a generating call less the provider's latency.",
                self._added,
            ),
            ("everloop_commit_seconds", "Time to commit one batch of logs to disk.", self._commit_seconds),
            ("everloop_commit_rows", "Rows in one batch of logs.", self._commit_rows),
        ):
            family = HistogramMetricFamily(name, words)
            family.add_metric([], *buckets.read())
            yield family

    def _open_circuits(self) -> Metric:
        """0 for a provider whose connections are all called; of connections that share a name, how many are not."""
        counts: defaultdict[str, int] = defaultdict(int)
        for circuit, provider in list(self._circuits.items()):
            counts[provider] += circuit.is_open
        words = "Connections to model providers that are not called at the moment because their calls kept failing."
        family = GaugeMetricFamily("everloop_circuits_open", words, labels=["provider"])
        for provider, count in counts.items():
            family.add_metric([provider], count)
        return family
