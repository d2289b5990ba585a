"""The ports to limits, and to what was used of them."""

from collections.abc import Sequence
from typing import Protocol

from everloop.domain.ids import LimitId, OrganisationId
from everloop.domain.limit import Limit, Period, Spent, Subject
from everloop.domain.scope import Scope
from everloop.domain.value import value


class LimitStore(Protocol):
    """Limits. Those of a key go when it is revoked, those of a project when it is deleted."""

    async def create(self, scope: Scope, limit: Limit) -> None:
        """Raises `errors.NotFound` for a subject that is not there, `errors.Conflict` for a second one of its kind."""
        ...

    async def all(self, scope: Scope) -> tuple[Limit, ...]:
        """Oldest first."""
        ...

    async def change(self, scope: Scope, limit_id: LimitId, amount: float, now: int) -> Limit:
        """Gives it another amount. Raises `errors.NotFound`."""
        ...

    async def delete(self, scope: Scope, limit_id: LimitId) -> None:
        """Raises `errors.NotFound`."""
        ...


@value
class Account:
    """What is counted together: the calls of a subject in one minute or day. `begins_at` is in Unix milliseconds."""

    organisation_id: OrganisationId
    subject: Subject
    period: Period
    begins_at: int

    @property
    def ends_at(self) -> int:
        """When it ends, in Unix milliseconds."""
        return self.begins_at + self.period.milliseconds


class UsedStore(Protocol):
    """What the calls of all processes used together, of every organisation."""

    async def exchange(
        self, used: Sequence[tuple[Account, Spent]], windows: Sequence[tuple[Period, int]]
    ) -> dict[Account, Spent]:
        """Adds what this process used, and gives the sums of the windows (each a period and when it begins).

        All of it in one transaction: either everything is added, or nothing is.
        """
        ...

    async def sweep(self, period: Period, before: int) -> int:
        """Forgets what began before that; how many accounts those were."""
        ...
