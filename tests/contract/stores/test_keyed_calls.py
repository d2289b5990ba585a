"""Two processes that make calls with keys on one database, as their clock goes."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from everloop import errors
from everloop.domain.idempotency import KeptAnswer, KeyedCall
from everloop.domain.scope import Scope
from everloop.jobs.idempotency import IdempotencySweep
from everloop.security.random_ids import RandomIds
from everloop.services.idempotency import KEPT_MILLISECONDS, LEASE_MILLISECONDS, IdempotencyService, Told
from everloop.storage.opening import Storage
from tests.contract.stores.samples import StillClock

CALL = KeyedCall("op", "key", b"body")


class Maker:
    """Makes calls that end when they are told to, and counts them."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.made = 0
        self.began, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> KeptAnswer:
        self.made += 1
        number = self.made
        self.began.set()
        await self.go.wait()
        if self.error:
            raise self.error
        return KeptAnswer(b"head", f"answer {number}".encode())


class Naps:
    """Sleeps that take no time, but for the one before a renewal: `renew` ends it and waits for the next."""

    def __init__(self) -> None:
        self._renewals: asyncio.Queue[None] = asyncio.Queue()
        self._asleep: asyncio.Queue[None] = asyncio.Queue()

    async def __call__(self, seconds: float) -> None:
        if seconds == 5.0:
            self._asleep.put_nowait(None)
            await self._renewals.get()
        await asyncio.sleep(0)

    async def renew(self) -> None:
        await self._asleep.get()
        self._renewals.put_nowait(None)
        await self._asleep.get()
        self._asleep.put_nowait(None)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
async def two(
    storage: Storage, scope: Scope, open_named: Callable[[str], Awaitable[Storage]], clock: StillClock, naps: Naps
) -> list[IdempotencyService]:
    return [
        IdempotencyService(store=each.idempotency, clock=clock, ids=RandomIds(), sleep=naps)
        for each in (storage, await open_named("main"))
    ]


async def outcome(task: "asyncio.Task[Told]") -> Told:
    async with asyncio.timeout(20):
        return await task


async def test_one_makes_it_and_the_other_gets_it(two: list[IdempotencyService], scope: Scope, maker: Maker):
    here, first = two[0].join(scope, CALL, maker)
    await maker.began.wait()
    same, second = two[0].join(scope, CALL, maker)
    there, third = two[1].join(scope, CALL, maker)
    assert (first, second, third) == (True, False, True)
    assert same is here
    maker.go.set()
    answer = KeptAnswer(b"head", b"answer 1")
    assert [await outcome(here), await outcome(there)] == [Told(answer, False), Told(answer, True)]
    assert await outcome(two[0].join(scope, CALL, maker)[0]) == Told(answer, True)
    assert maker.made == 1


async def test_after_a_day_it_is_made_again(
    two: list[IdempotencyService], scope: Scope, maker: Maker, clock: StillClock, storage: Storage
):
    maker.go.set()
    await outcome(two[0].join(scope, CALL, maker)[0])
    sweep = IdempotencySweep(storage.idempotency, clock, sleep=Naps())
    clock.milliseconds += KEPT_MILLISECONDS - 1
    assert await sweep.sweep() == 0
    assert (await outcome(two[1].join(scope, CALL, maker)[0])).replayed
    clock.milliseconds += 1
    told = await outcome(two[1].join(scope, CALL, maker)[0])
    assert (told.answer.body, told.replayed, maker.made) == (b"answer 2", False, 2)
    clock.milliseconds += KEPT_MILLISECONDS
    assert await sweep.sweep() == 1
    assert await storage.idempotency.holding(scope, CALL) is None


async def test_what_was_refused_leaves_the_key_free(two: list[IdempotencyService], scope: Scope):
    refused, made = Maker(errors.BadRequest("nothing is deployed")), Maker()
    task, _ = two[0].join(scope, CALL, refused)
    await refused.began.wait()
    waits, _ = two[1].join(scope, KeyedCall("op", "key", b"body"), made)
    for each in (refused, made):
        each.go.set()
    with pytest.raises(errors.BadRequest, match="nothing is deployed"):
        await outcome(task)
    assert not (await outcome(waits)).replayed, "the other one makes it"
    assert (await outcome(two[0].join(scope, CALL, made)[0])).replayed


async def test_a_call_that_is_broken_off_leaves_the_key_free(two: list[IdempotencyService], scope: Scope, maker: Maker):
    task, _ = two[0].join(scope, CALL, maker)
    await maker.began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outcome(task)
    maker.go.set()
    assert not (await outcome(two[1].join(scope, CALL, maker)[0])).replayed


async def test_another_body_is_refused_by_every_process(two: list[IdempotencyService], scope: Scope, maker: Maker):
    task, _ = two[0].join(scope, CALL, maker)
    await maker.began.wait()
    another = KeyedCall(CALL.operation, CALL.key, b"another")
    for service in two:
        with pytest.raises(errors.Conflict, match="'key'"):
            await outcome(service.join(scope, another, maker)[0])
    maker.go.set()
    await outcome(task)
    with pytest.raises(errors.Conflict):
        await outcome(two[1].join(scope, another, maker)[0])


async def test_a_process_that_is_gone_is_followed_by_another(
    two: list[IdempotencyService], scope: Scope, maker: Maker, clock: StillClock
):
    lost = Maker()
    gone, _ = two[0].join(scope, CALL, lost)
    await lost.began.wait()
    maker.go.set()
    clock.milliseconds += LEASE_MILLISECONDS
    told = await outcome(two[1].join(scope, CALL, maker)[0])
    assert (told.replayed, maker.made) == (False, 1)
    lost.go.set()
    with pytest.raises(errors.Unavailable, match="made by another one"):
        await outcome(gone)
    assert (await outcome(two[0].join(scope, CALL, maker)[0])) == Told(told.answer, True)


async def test_a_process_that_lives_keeps_its_claim(
    two: list[IdempotencyService], scope: Scope, maker: Maker, clock: StillClock, naps: Naps, storage: Storage
):
    alive = asyncio.create_task(two[0].keep_alive())
    task, _ = two[0].join(scope, CALL, maker)
    await maker.began.wait()
    for _ in range(3):
        clock.milliseconds += LEASE_MILLISECONDS - 1
        async with asyncio.timeout(10):
            await naps.renew()
        claim = await storage.idempotency.holding(scope, CALL)
        assert claim is not None
        assert claim.until == clock.now() + LEASE_MILLISECONDS
    waits, _ = two[1].join(scope, CALL, Maker())
    maker.go.set()
    assert [(await outcome(each)).replayed for each in (task, waits)] == [False, True]
    alive.cancel()
    with pytest.raises(asyncio.CancelledError):
        await alive


async def test_only_so_many_wait(storage: Storage, scope: Scope, clock: StillClock, maker: Maker):
    service = IdempotencyService(store=storage.idempotency, clock=clock, ids=RandomIds(), most_waiting=2)
    with service.waiting(), service.waiting(), pytest.raises(errors.Unavailable, match="Too many"), service.waiting():
        pass
    with service.waiting():
        pass


async def test_organisations_make_calls_of_their_own(
    two: list[IdempotencyService], scope: Scope, other: Scope, maker: Maker
):
    maker.go.set()
    told = [await outcome(two[0].join(each, CALL, maker)[0]) for each in (scope, other)]
    assert [each.answer.body for each in told] == [b"answer 1", b"answer 2"]
    assert not any(each.replayed for each in told)
