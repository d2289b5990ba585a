"""Limits: made, changed, deleted, and shown with what is used of them."""

from everloop.domain.ids import LimitId, Prefix
from everloop.domain.limit import Limit, Measure, Period, Subject
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.errors import InvalidFields, NotFound
from everloop.ports.limits import LimitStore
from everloop.ports.system import Clock, Ids
from everloop.services.directory import Directory
from everloop.services.metering import UsageMeter


@value
class LimitState:
    """A limit, and what is used of it in the minute or day that ends at `ends_at` (Unix milliseconds)."""

    limit: Limit
    used: float
    ends_at: int


class LimitService:
    """The use cases of limits. Calls read them from the snapshot, people from the database."""

    def __init__(self, *, directory: Directory, limits: LimitStore, meter: UsageMeter, clock: Clock, ids: Ids) -> None:
        self._directory = directory
        self._limits = limits
        self._meter = meter
        self._clock = clock
        self._ids = ids

    async def all(self, scope: Scope) -> tuple[LimitState, ...]:
        """Oldest first. What other processes used in the last moments may be missing."""
        await self._meter.tell()
        return tuple(self._state(scope, each) for each in await self._limits.all(scope))

    async def get(self, scope: Scope, limit_id: str) -> LimitState:
        """One limit. Raises `NotFound`."""
        for each in await self.all(scope):
            if each.limit.id == limit_id:
                return each
        raise NotFound(f"There is no limit with the id {limit_id!r}.")

    async def create(
        self, scope: Scope, subject: Subject, measure: Measure, period: Period, amount: float
    ) -> LimitState:
        """Makes it; calls count from now on, unless another limit of the same period had them counted already.

        Raises `InvalidFields` for an amount that is none, `NotFound` for a subject that is not there, and `Conflict`
        when there is such a limit already.
        """
        _check(measure, amount)
        now = self._clock.now()
        limit = Limit(LimitId(self._ids.new(Prefix.LIMIT)), subject, measure, period, amount, now, now)
        await self._limits.create(scope, limit)
        await self._directory.refresh()
        return self._state(scope, limit)

    async def update(self, scope: Scope, limit_id: str, amount: float) -> LimitState:
        """Gives it another amount. Raises `InvalidFields`, `NotFound`."""
        _check((await self.get(scope, limit_id)).limit.measure, amount)
        limit = await self._limits.change(scope, LimitId(limit_id), amount, self._clock.now())
        await self._directory.refresh()
        return self._state(scope, limit)

    async def delete(self, scope: Scope, limit_id: str) -> None:
        """Takes it away. Raises `NotFound`."""
        await self._limits.delete(scope, LimitId(limit_id))
        await self._directory.refresh()

    def _state(self, scope: Scope, limit: Limit) -> LimitState:
        return LimitState(limit, self._meter.used(scope, limit), limit.ends_at(self._clock.now()))


def _check(measure: Measure, amount: float) -> None:
    if measure is not Measure.COST and not amount.is_integer():
        raise InvalidFields.one(("body", "amount"), f"A limit of {measure.value} is a whole number.")
