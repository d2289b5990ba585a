import asyncio

import pytest

from everloop import errors
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import an_environment, an_organisation


async def test_the_oldest_comes_first(storage: Storage):
    await storage.organisations.create(an_organisation("late", created_at=9), an_environment("env_1"))
    await storage.organisations.create(an_organisation("early", created_at=2), an_environment("env_1"))
    await storage.organisations.create(an_organisation("also late", created_at=9), an_environment("env_1"))
    assert [each.name for each in await storage.organisations.all()] == ["early", "late", "also late"]
    assert (await storage.organisations.all())[0] == an_organisation("early", created_at=2)


async def test_it_comes_with_its_environment(storage: Storage):
    await storage.organisations.create(an_organisation("a"), an_environment("env_7"))
    assert await storage.environments.names(Scope(an_organisation("a").id, "me")) == {"env_7": "production"}
    view = await storage.feed.organisation(an_organisation("a").id)
    assert view is not None
    assert view.default_environment == an_environment("env_7")


async def test_a_taken_name_is_a_conflict_and_leaves_nothing(storage: Storage):
    await storage.organisations.create(an_organisation("a"), an_environment())
    twin = an_organisation("b")
    with pytest.raises(errors.Conflict, match="`a` exists"):
        await storage.organisations.create(type(twin)(twin.id, "a", 3), an_environment())
    assert await storage.organisations.all() == (an_organisation("a"),)
    assert await storage.environments.names(Scope(twin.id, "me")) == {}


async def test_one_of_many_processes_makes_the_first(open_named: Opener):
    houses = [await open_named("same") for _ in range(4)]
    made = await asyncio.gather(
        *(
            house.organisations.create_first(an_organisation(str(number)), an_environment())
            for number, house in enumerate(houses)
        )
    )
    assert sorted(made) == [False, False, False, True]
    assert [each.name for each in await houses[0].organisations.all()] == [str(made.index(True))]
