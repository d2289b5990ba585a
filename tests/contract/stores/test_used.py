import asyncio

import pytest

from everloop.domain.ids import ProjectId
from everloop.domain.limit import Period, Spent, Subject
from everloop.domain.scope import Scope
from everloop.ports.limits import Account
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import a_project, of_key, of_project

MINUTE, DAY = 60_000, 86_400_000
NOW = [(Period.MINUTE, 60_000), (Period.DAY, 0)]


def account(
    scope: Scope, subject: Subject | None = None, period: Period = Period.MINUTE, begins_at: int = 60_000
) -> Account:
    return Account(scope.organisation_id, subject or of_project(), period, begins_at)


async def test_what_is_told_adds_up(storage: Storage, scope: Scope):
    here = account(scope)
    assert await storage.used.exchange([], NOW) == {}
    assert await storage.used.exchange([(here, Spent(1, 20, 0.5))], NOW) == {here: Spent(1, 20, 0.5)}
    assert await storage.used.exchange([(here, Spent(0, 2, 0.25))], NOW) == {here: Spent(1, 22, 0.75)}
    assert await storage.used.exchange([], NOW) == {here: Spent(1, 22, 0.75)}


async def test_accounts_are_apart(storage: Storage, scope: Scope, other: Scope):
    accounts = [
        account(scope),
        account(scope, period=Period.DAY, begins_at=0),
        account(scope, of_project("pr_2")),
        account(scope, of_key("pr_1")),
        account(other),
    ]
    told = {each: Spent(number, number, number) for number, each in enumerate(accounts, 1)}
    assert await storage.used.exchange(list(told.items()), NOW) == told
    past = account(scope, begins_at=0)
    assert await storage.used.exchange([(past, Spent(1))], NOW) == told
    assert await storage.used.exchange([], [(Period.MINUTE, 0)]) == {past: Spent(1)}


async def test_many_at_once(storage: Storage, scope: Scope):
    told = {account(scope, of_project(f"pr_{number}")): Spent(number + 1) for number in range(2_500)}
    assert await storage.used.exchange(list(told.items()), NOW) == told


async def test_processes_that_tell_at_once_lose_nothing(open_named: Opener, storage: Storage, scope: Scope):
    stores = [storage, await open_named("main"), await open_named("main")]
    accounts = [account(scope, of_project(f"pr_{number}")) for number in range(5)]

    async def tell(number: int) -> None:
        ordered = accounts if number % 2 else accounts[::-1]
        for _ in range(8):
            await stores[number].used.exchange([(each, Spent(1, 2, 0.5)) for each in ordered], NOW)

    await asyncio.gather(*(tell(number) for number in range(3)))
    assert await storage.used.exchange([], NOW) == dict.fromkeys(accounts, Spent(24, 48, 12.0))


async def test_old_ones_are_swept(storage: Storage, scope: Scope):
    kept = [account(scope, begins_at=MINUTE), account(scope, period=Period.DAY, begins_at=0)]
    await storage.used.exchange([(each, Spent(1)) for each in (*kept, account(scope, begins_at=0))], NOW)
    assert await storage.used.sweep(Period.MINUTE, MINUTE) == 1
    assert await storage.used.sweep(Period.MINUTE, MINUTE) == 0
    assert set(await storage.used.exchange([], NOW)) == set(kept)
    assert await storage.used.sweep(Period.DAY, DAY) == 1


async def test_what_a_deleted_project_used_is_forgotten(storage: Storage, scope: Scope, other: Scope):
    for each in (scope, other):
        await storage.projects.create(each, a_project())
    await storage.used.exchange([(account(each), Spent(1)) for each in (scope, other)], NOW)
    await storage.projects.delete(scope, ProjectId("pr_1"), 90)
    assert set(await storage.used.exchange([], NOW)) == {account(other)}


@pytest.mark.parametrize("cost", [1e-9, 0.1 + 0.2, 1e15])
async def test_amounts_keep_their_precision(storage: Storage, scope: Scope, cost: float):
    here = account(scope)
    assert await storage.used.exchange([(here, Spent(0, 0, cost))], NOW) == {here: Spent(0, 0, cost)}
