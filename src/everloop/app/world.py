"""What a process has of the machine it runs on."""

from everloop.security.random_ids import RandomIds
from everloop.telemetry.clock import SystemClock
from everloop.telemetry.metrics import PrometheusMetrics
from everloop.telemetry.pricing import PublishedPrices
from everloop.templating.engine import JinjaEngine


class World:
    """The machine: time, randomness, measurements, the list of prices, processes that render templates."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.ids = RandomIds()
        self.metrics = PrometheusMetrics()
        self.prices = PublishedPrices(self.clock)
        self.templates = JinjaEngine()
