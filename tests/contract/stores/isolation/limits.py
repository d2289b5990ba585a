"""What the stores of limits and prices show of another organisation: nothing."""

from everloop import errors
from everloop.domain.ids import LimitId, PriceId
from everloop.domain.scope import Scope
from everloop.storage.opening import Storage
from tests.contract.stores.isolation.things import LIMIT, PRICE, Making, Seeing, Steps, Touching
from tests.contract.stores.samples import a_limit, a_price, an_api_key, of_key, of_project


async def _limit_of_own_key(storage: Storage, who: Scope) -> None:
    await storage.keys.add_api_key(who, an_api_key("key_1", who.organisation_id))
    await storage.limits.create(who, a_limit(subject=of_key()))


SEEING_NOTHING: Seeing = {
    "LimitStore.all": (lambda s, who: s.limits.all(who), ()),
    "PriceStore.all": (lambda s, who: s.prices.all(who), ()),
}

TOUCHING_NOTHING: Touching = {
    "LimitStore.change": (lambda s, who: s.limits.change(who, LIMIT, 99.0, 99), errors.NotFound),
    "LimitStore.delete": (lambda s, who: s.limits.delete(who, LIMIT), errors.NotFound),
    "PriceStore.delete": (lambda s, who: s.prices.delete(who, PRICE), errors.NotFound),
}

MAKING_OWN: Making = {
    "LimitStore.create": _limit_of_own_key,
    "PriceStore.put": lambda s, who: s.prices.put(who, a_price(prompt_price=9.0)),
}

# Sums of all organisations are told and read at once, each under its organisation.
OF_NO_ORGANISATION = {"UsedStore.exchange", "UsedStore.sweep"}

STEPS: Steps = {
    "limit": lambda s, who, pick: s.limits.create(
        who, a_limit(f"lim_{pick.one}", of_project(pick.project), created_at=pick.now)
    ),
    "change limit": lambda s, who, pick: s.limits.change(who, LimitId(f"lim_{pick.one}"), float(pick.two), pick.now),
    "delete limit": lambda s, who, pick: s.limits.delete(who, LimitId(f"lim_{pick.one}")),
    "price": lambda s, who, pick: s.prices.put(
        who, a_price(f"price_{pick.one}", f"m{pick.two}", float(pick.one), at=pick.now)
    ),
    "delete price": lambda s, who, pick: s.prices.delete(who, PriceId(f"price_{pick.one}")),
}
