"""When old logs go, in what portions, and what happens when they cannot."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from everloop import errors
from everloop.app.house import retention_of
from everloop.jobs.retention import Retention
from everloop.settings import Settings
from tests.contract.stores.samples import StillClock

DAY = 86_400_000


class Store:
    """`ports.logs.OldLogStore` that counts down; a batch takes `cost` milliseconds a row."""

    def __init__(self, clock: StillClock, logs: int = 0, sessions: int = 0) -> None:
        self.clock, self.logs, self.sessions = clock, logs, sessions
        self.whole = 0
        self.cost = 0.0
        self.taken = False
        self.inside = False
        self.failure: Exception | None = None
        self.calls: list[tuple[str, int, int]] = []

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        self.inside = not self.taken
        yield self.inside
        self.inside = False

    async def drop_logs(self, before: int) -> int:
        return self._delete("whole", before, self.whole, self.whole)

    async def delete_logs(self, before: int, most: int) -> int:
        count = self._delete("logs", before, most, self.logs)
        self.logs -= count
        return count

    async def delete_sessions(self, before: int, most: int) -> int:
        count = self._delete("sessions", before, most, self.sessions)
        self.sessions -= count
        return count

    def _delete(self, what: str, before: int, most: int, there: int) -> int:
        assert self.inside, "only while nobody else does"
        if self.failure is not None:
            raise self.failure
        self.calls.append((what, before, most))
        count = min(most, there)
        self.clock.milliseconds += int(count * self.cost)
        return count


class Enough(Exception):
    """Ends what never ends."""


class Naps:
    """Sleeps at once, and notes for how long; after so many hours it has had enough."""

    def __init__(self, hours: int = 1) -> None:
        self.hours = hours
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if seconds == 3600 and self.seconds.count(3600) == self.hours:
            raise Enough


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


async def test_all_that_is_old_goes(clock: StillClock):
    store, naps = Store(clock, logs=1_000, sessions=300), Naps()
    before = clock.now() - 30 * DAY
    assert await Retention(store, clock, 30, sleep=naps).sweep() == 1_000
    assert (store.logs, store.sessions) == (0, 0)
    assert {moment for _, moment, _ in store.calls} == {before}
    batches = [each for each in store.calls if each[0] != "whole"]
    assert len(naps.seconds) == len(batches) - 2, "a pause after each batch that found something"
    assert min(naps.seconds) > 0


async def test_batches_grow_while_they_are_fast_and_shrink_when_they_are_not(clock: StillClock):
    store = Store(clock, logs=2_000)
    await Retention(store, clock, 30, sleep=Naps()).sweep()
    assert [most for what, _, most in store.calls if what == "logs"][:5] == [25, 50, 100, 200, 200]

    store, naps = Store(clock, logs=100), Naps()
    store.cost = 2
    await Retention(store, clock, 30, sleep=naps).sweep()
    assert {most for what, _, most in store.calls if what == "logs"} == {25}
    assert naps.seconds == pytest.approx([0.2] * 4, abs=0.001), "four times what the batch took is left to others"


async def test_no_time_is_before_the_first(clock: StillClock):
    store = Store(clock, logs=1)
    await Retention(store, clock, 1_000_000, sleep=Naps()).sweep()
    assert {moment for _, moment, _ in store.calls} == {0}


async def test_who_is_not_alone_does_nothing(clock: StillClock):
    store = Store(clock, logs=10)
    store.taken = True
    assert await Retention(store, clock, 30, sleep=Naps()).sweep() == 0
    assert store.calls == []


async def test_it_runs_at_start_and_then_every_hour(clock: StillClock):
    store, naps = Store(clock), Naps(hours=3)
    with pytest.raises(Enough):
        await Retention(store, clock, 30, sleep=naps).run()
    assert naps.seconds == [3600] * 3
    assert [what for what, _, _ in store.calls] == ["whole", "logs", "sessions"] * 3


@pytest.mark.parametrize("failure", [errors.Unavailable("The database's disk is full."), OSError(30, "Read-only")])
async def test_a_failure_is_told_and_tried_again(
    clock: StillClock, caplog: pytest.LogCaptureFixture, failure: Exception
):
    store, naps = Store(clock, logs=10), Naps(hours=2)
    store.failure = failure
    with pytest.raises(Enough):
        await Retention(store, clock, 30, sleep=naps).run()
    assert naps.seconds == [3600] * 2
    assert [str(failure) in record.getMessage() for record in caplog.records] == [True] * 2


async def test_what_went_is_told(clock: StillClock, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    store = Store(clock, logs=70, sessions=3)
    store.whole = 1_000
    retention = Retention(store, clock, 30, sleep=Naps())
    await retention.sweep()
    store.whole = 0
    await retention.sweep()
    (record,) = caplog.records
    assert record.getMessage() == "deleted 1070 logs older than 30 days, and 3 sessions without logs"


@pytest.mark.parametrize(("environment", "wanted"), [({}, False), ({"EVERLOOP_LOG_RETENTION_DAYS": "1"}, True)])
def test_nothing_goes_unless_it_was_asked_for(clock: StillClock, environment: dict[str, str], wanted: bool):
    storage: Any = SimpleNamespace(old_logs=Store(clock))
    world: Any = SimpleNamespace(clock=clock)
    assert (retention_of(Settings.read(environment), storage, world) is not None) is wanted
