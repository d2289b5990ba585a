"""The machine's clock."""

import time


class SystemClock:
    """`ports.system.Clock`."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()
