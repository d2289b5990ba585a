from concurrent.futures import ThreadPoolExecutor

import prometheus_client
import pytest
from prometheus_client.parser import text_string_to_metric_families

from everloop.ports.system import Metrics
from everloop.telemetry.metrics import MOST_NAMES, PrometheusMetrics

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(metrics: Metrics) -> Samples:
    text, content_type = metrics.render()
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return samples(metrics).get((name, frozenset(labels.items())))


def test_every_metric_has_its_name_and_labels():
    metrics: Metrics = PrometheusMetrics()
    metrics.request("/v4/logs/{id}", 200, 0.004)
    metrics.request("/v4/logs/{id}", 200, 0.006)
    metrics.request("/v4/logs/{id}", 404, 0.001)
    metrics.provider_call("openai", "ok", 1.5)
    metrics.provider_call("openai", "rate_limit", 0.5)
    metrics.added_latency(0.002)
    metrics.commit(0.0008, 12)

    assert value(metrics, "everloop_requests_total", route="/v4/logs/{id}", status="200") == 2
    assert value(metrics, "everloop_requests_total", route="/v4/logs/{id}", status="404") == 1
    assert value(metrics, "everloop_request_seconds_count", route="/v4/logs/{id}") == 3
    assert value(metrics, "everloop_request_seconds_sum", route="/v4/logs/{id}") == pytest.approx(0.011)
    assert value(metrics, "everloop_request_seconds_bucket", route="/v4/logs/{id}", le="0.005") == 2
    assert value(metrics, "everloop_provider_calls_total", provider="openai", outcome="ok") == 1
    assert value(metrics, "everloop_provider_calls_total", provider="openai", outcome="rate_limit") == 1
    assert value(metrics, "everloop_provider_seconds_sum", provider="openai") == 2
    assert value(metrics, "everloop_added_latency_seconds_sum") == 0.002
    assert value(metrics, "everloop_commit_seconds_sum") == 0.0008
    assert value(metrics, "everloop_commit_rows_sum") == 12
    assert value(metrics, "everloop_commit_rows_bucket", le="8.0") == 0
    assert value(metrics, "everloop_commit_rows_bucket", le="16.0") == 1
    assert (value(metrics, "process_resident_memory_bytes") or 0) > 1e6


@pytest.mark.parametrize("seconds", [0.0004, 599.0, 601.0])
def test_calls_from_half_a_millisecond_to_ten_minutes_are_told_apart(seconds: float):
    metrics = PrometheusMetrics()
    metrics.request("/a", 200, seconds)
    fastest = value(metrics, "everloop_request_seconds_bucket", route="/a", le="0.0005")
    slowest = value(metrics, "everloop_request_seconds_bucket", route="/a", le="600.0")
    assert (fastest, slowest) == (seconds <= 0.0005, seconds <= 600)


def test_names_beyond_the_limit_are_counted_together():
    metrics = PrometheusMetrics()
    for number in range(MOST_NAMES + 50):
        metrics.request(f"/{number}", 200, 0.001)
        metrics.provider_call(f"vendor {number}", "ok", 0.001)
    metrics.request("/0", 200, 0.001)
    counted = [name for name, _ in samples(metrics)]
    assert counted.count("everloop_requests_total") == MOST_NAMES + 1
    assert counted.count("everloop_request_seconds_sum") == MOST_NAMES + 1
    assert counted.count("everloop_provider_seconds_sum") == MOST_NAMES + 1
    assert value(metrics, "everloop_requests_total", route="other", status="200") == 50
    assert value(metrics, "everloop_requests_total", route="/0", status="200") == 2
    assert value(metrics, "everloop_provider_calls_total", provider="other", outcome="ok") == 50


def test_a_duration_below_zero_counts_as_zero():
    metrics = PrometheusMetrics()
    metrics.added_latency(-0.5)
    metrics.request("/a", 200, -0.5)
    assert value(metrics, "everloop_added_latency_seconds_sum") == 0
    assert value(metrics, "everloop_added_latency_seconds_count") == 1
    assert value(metrics, "everloop_request_seconds_sum", route="/a") == 0


def test_threads_lose_no_counts():
    metrics = PrometheusMetrics()

    def work(_: int) -> None:
        for _ in range(2000):
            metrics.commit(0.001, 3)
            metrics.request("/a", 200, 0.001)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert value(metrics, "everloop_commit_rows_sum") == 24_000
    assert value(metrics, "everloop_requests_total", route="/a", status="200") == 8000


def test_nothing_is_shared_between_two_of_them_or_with_the_library():
    metrics, other = PrometheusMetrics(), PrometheusMetrics()
    metrics.added_latency(1)
    assert value(other, "everloop_added_latency_seconds_count") == 0
    assert b"everloop" not in prometheus_client.generate_latest()


def test_a_strange_name_does_not_break_the_page():
    metrics = PrometheusMetrics()
    metrics.request('/a"\n\\{b}', 200, 0.001)
    assert value(metrics, "everloop_requests_total", route='/a"\n\\{b}', status="200") == 1


class _Switch:
    def __init__(self, *, is_open: bool) -> None:
        self.is_open = is_open


def test_circuits_that_are_open_are_counted_for_as_long_as_they_are_there():
    metrics = PrometheusMetrics()
    circuits = [_Switch(is_open=True), _Switch(is_open=True), _Switch(is_open=False)]
    for name, circuit in zip(("own", "own", "openai"), circuits, strict=True):
        metrics.watch(name, circuit)
    text = metrics.render()[0].decode()
    assert 'everloop_circuits_open{provider="own"} 2.0' in text
    assert 'everloop_circuits_open{provider="openai"} 0.0' in text
    circuits[0].is_open = False
    circuits[2].is_open = True
    text = metrics.render()[0].decode()
    assert 'everloop_circuits_open{provider="own"} 1.0' in text
    assert 'everloop_circuits_open{provider="openai"} 1.0' in text
    del circuits[:], circuit
    assert "everloop_circuits_open{" not in metrics.render()[0].decode()
