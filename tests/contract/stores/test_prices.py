from dataclasses import replace

import pytest

from everloop import errors
from everloop.domain.ids import PriceId
from everloop.domain.price import Price
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.conftest import Opener
from tests.contract.stores.samples import a_price


async def seen(storage: Storage, scope: Scope) -> dict[tuple[str, str], Price]:
    view = await storage.feed.organisation(scope.organisation_id)
    assert view is not None
    assert (await storage.feed.load()).organisations[scope.organisation_id].prices == view.prices
    return dict(view.prices)


async def test_what_is_kept_comes_back_by_provider_and_model(storage: Storage, scope: Scope, other: Scope):
    prices = [a_price("price_2", "b", 0.0), a_price("price_3", "a", 0.075, "openai"), a_price("price_1", "a", 1e6)]
    for each in prices:
        assert await storage.prices.put(scope, each) == each
    assert await storage.prices.all(scope) == (prices[2], prices[0], prices[1])
    assert await seen(storage, scope) == {(each.provider, each.model): each for each in prices}
    assert await seen(storage, other) == {}


async def test_another_price_of_the_same_model_takes_its_place(storage: Storage, scope: Scope):
    first = await storage.prices.put(scope, a_price())
    second = await storage.prices.put(scope, a_price("price_2", prompt_price=5.0, at=99))
    assert second == replace(first, prompt_price=5.0, output_price=10.0, updated_at=99)
    assert await storage.prices.all(scope) == (second,)


async def test_the_longest_names_have_room(storage: Storage, scope: Scope):
    provider, model = ("".join(chr(first + 7 * each) for each in range(255)) for first in (0x20000, 0x21000))
    price = a_price("price_1", model, 1.0, provider)
    assert await storage.prices.put(scope, price) == price
    assert await seen(storage, scope) == {(provider, model): price}


async def test_deleting(storage: Storage, scope: Scope, other: Scope):
    for each in (scope, other):
        await storage.prices.put(each, a_price())
    await storage.prices.delete(scope, PriceId("price_1"))
    assert (await seen(storage, scope), len(await seen(storage, other))) == ({}, 1)
    with pytest.raises(errors.NotFound, match="price_1"):
        await storage.prices.delete(scope, PriceId("price_1"))


async def test_an_id_is_taken_once(storage: Storage, scope: Scope):
    await storage.prices.put(scope, a_price())
    with pytest.raises(errors.Conflict, match="price_1"):
        await storage.prices.put(scope, a_price(model="other"))


async def test_every_write_is_told_to_other_processes(open_named: Opener, storage: Storage, scope: Scope):
    elsewhere = await open_named("main")
    epoch = (await elsewhere.feed.load()).epoch
    await storage.prices.put(scope, a_price())
    await storage.prices.put(scope, a_price(prompt_price=3.0))
    await storage.prices.delete(scope, PriceId("price_1"))
    changes = await elsewhere.feed.changes_since(epoch)
    assert [(each.organisation_id, each.project_id) for each in changes] == [(scope.organisation_id, None)] * 3
