"""The limits and prices of a `FakeHouse`, and what was used of the limits."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from everloop.domain.ids import LimitId, PriceId
from everloop.domain.limit import NOTHING, Limit, Period, Spent
from everloop.domain.price import Price
from everloop.domain.scope import Scope
from everloop.errors import Conflict, NotFound, Unavailable
from everloop.ports.limits import Account
from tests.fake_stores import Memory


@dataclass
class FakeLimitStore:
    memory: Memory

    async def create(self, scope: Scope, limit: Limit) -> None:
        kind = (limit.subject, limit.measure, limit.period)
        if any((each.subject, each.measure, each.period) == kind for each in await self.all(scope)):
            raise Conflict("there is such a limit")
        self._put(scope, limit)

    async def all(self, scope: Scope) -> tuple[Limit, ...]:
        return tuple(each for (owner, _), each in self.memory.limits.items() if owner == scope.organisation_id)

    async def change(self, scope: Scope, limit_id: LimitId, amount: float, now: int) -> Limit:
        before = self.memory.limits.get((scope.organisation_id, limit_id))
        if before is None:
            raise NotFound("there is no such limit")
        changed = replace(before, amount=amount, updated_at=now)
        self._put(scope, changed)
        return changed

    async def delete(self, scope: Scope, limit_id: LimitId) -> None:
        if self.memory.limits.pop((scope.organisation_id, limit_id), None) is None:
            raise NotFound("there is no such limit")
        self.memory.changed(scope.organisation_id)

    def _put(self, scope: Scope, limit: Limit) -> None:
        self.memory.limits[scope.organisation_id, limit.id] = limit
        self.memory.changed(scope.organisation_id)


@dataclass
class FakeUsedStore:
    """`away` says that the database cannot be written; `exchanges` counts the questions."""

    memory: Memory
    away: bool = False
    exchanges: int = 0
    swept: list[tuple[Period, int]] = field(default_factory=list)

    async def exchange(
        self, used: Sequence[tuple[Account, Spent]], windows: Sequence[tuple[Period, int]]
    ) -> dict[Account, Spent]:
        self.exchanges += 1
        if self.away:
            raise Unavailable("the database is away")
        for account, spent in used:
            self.memory.used[account] = self.memory.used.get(account, NOTHING).plus(spent)
        return {each: spent for each, spent in self.memory.used.items() if (each.period, each.begins_at) in windows}

    async def sweep(self, period: Period, before: int) -> int:
        self.swept.append((period, before))
        gone = [each for each in self.memory.used if each.period is period and each.begins_at < before]
        for each in gone:
            del self.memory.used[each]
        return len(gone)


@dataclass
class FakePriceStore:
    memory: Memory

    async def put(self, scope: Scope, price: Price) -> Price:
        self.memory.prices[scope.organisation_id, price.id] = price
        self.memory.changed(scope.organisation_id)
        return price

    async def all(self, scope: Scope) -> tuple[Price, ...]:
        return tuple(each for (owner, _), each in self.memory.prices.items() if owner == scope.organisation_id)

    async def delete(self, scope: Scope, price_id: PriceId) -> None:
        if self.memory.prices.pop((scope.organisation_id, price_id), None) is None:
            raise NotFound("there is no such price")
        self.memory.changed(scope.organisation_id)
