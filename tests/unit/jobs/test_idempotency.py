"""When kept answers go, in what portions, and what happens when they cannot."""

import logging

import pytest

from everloop import errors
from everloop.jobs.idempotency import IdempotencySweep
from tests.contract.stores.samples import StillClock


class Store:
    """`sweep` of `ports.idempotency.IdempotencyStore`, counting down."""

    def __init__(self, rows: int = 0, failure: Exception | None = None) -> None:
        self.rows = rows
        self.failure = failure
        self.calls: list[tuple[int, int]] = []

    async def sweep(self, now: int, most: int) -> int:
        if self.failure:
            raise self.failure
        self.calls.append((now, most))
        count = min(most, self.rows)
        self.rows -= count
        return count


class Enough(Exception):
    """Ends what never ends."""


class Naps:
    """Sleeps at once; after so many long sleeps it has had enough."""

    def __init__(self, rounds: int = 1) -> None:
        self.rounds = rounds
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if self.seconds.count(600) == self.rounds:
            raise Enough


def sweep_of(store: Store, naps: Naps) -> IdempotencySweep:
    return IdempotencySweep(store, StillClock(), sleep=naps)  # type: ignore[arg-type]


async def test_all_that_is_over_goes_a_few_at_a_time_with_pauses():
    store, naps = Store(rows=120), Naps()
    assert await sweep_of(store, naps).sweep() == 120
    assert store.calls == [(StillClock().now(), 50)] * 4
    assert naps.seconds == [0.1] * 3


async def test_it_runs_at_start_and_then_every_ten_minutes():
    store, naps = Store(), Naps(rounds=3)
    with pytest.raises(Enough):
        await sweep_of(store, naps).run()
    assert naps.seconds == [600] * 3
    assert len(store.calls) == 3


@pytest.mark.parametrize("failure", [errors.Unavailable("The database's disk is full."), OSError(30, "Read-only")])
async def test_a_failure_is_told_and_tried_again(caplog: pytest.LogCaptureFixture, failure: Exception):
    caplog.set_level(logging.WARNING)
    with pytest.raises(Enough):
        await sweep_of(Store(failure=failure), Naps(rounds=2)).run()
    assert [str(failure) in record.getMessage() for record in caplog.records] == [True] * 2
