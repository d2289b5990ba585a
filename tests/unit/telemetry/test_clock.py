import time

from everloop.ports.system import Clock
from everloop.telemetry.clock import SystemClock

CLOCK: Clock = SystemClock()


def test_now_is_unix_milliseconds():
    before = time.time()
    now = CLOCK.now()
    assert isinstance(now, int)
    assert before - 0.001 <= now / 1000 <= time.time()


def test_monotonic_is_seconds_that_never_go_back():
    readings = [CLOCK.monotonic() for _ in range(1000)]
    assert readings == sorted(readings)
    before = CLOCK.monotonic()
    time.sleep(0.02)
    assert 0.02 <= CLOCK.monotonic() - before < 10
