"""What the calls of limited keys and projects use: counted here, told to the other processes, and refused beyond."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from everloop.domain.ids import ApiKeyId, OrganisationId
from everloop.domain.limit import NOTHING, Limit, Period, Spent, Subject, SubjectKind, moment_words
from everloop.domain.log import Log
from everloop.domain.project import Project
from everloop.domain.scope import Scope
from everloop.domain.snapshot import OrganisationView
from everloop.domain.usage import PartialUsage
from everloop.domain.value import value
from everloop.errors import EverloopError, LimitReached
from everloop.ports.limits import Account, UsedStore
from everloop.ports.system import Clock
from everloop.services.directory import Directory

_log: Final = logging.getLogger(__name__)

# Seconds between two looks at what the others used. Twice this is how long a call may stay unknown to them.
INTERVAL: Final = 0.5
# Minutes and days that are over stay for a while: clocks differ, and calls end late.
_KEPT: Final = 2

Sleep = Callable[[float], Awaitable[None]]
_ONE_REQUEST: Final = Spent(requests=1.0)


@value
class Metered:
    """A call that counts: whose it is, and in which periods of which subjects."""

    organisation_id: OrganisationId
    places: tuple[tuple[Subject, Period], ...]


@dataclass(slots=True)
class _Counter:
    """`known` is the sum of all processes as last read, `telling` and `untold` what this one used beside it."""

    known: Spent = NOTHING
    telling: Spent = NOTHING
    untold: Spent = NOTHING

    @property
    def total(self) -> Spent:
        return self.known.plus(self.telling).plus(self.untold)


class UsageMeter:
    """One per process. A call of an organisation without limits costs a look-up in the snapshot."""

    def __init__(self, *, directory: Directory, used: UsedStore, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._directory = directory
        self._used = used
        self._clock = clock
        self._sleep = sleep
        self._counters: dict[Account, _Counter] = {}
        self._exchanging = asyncio.Lock()
        self._swept: dict[Period, int] = {}

    def admit(self, scope: Scope, project: Project) -> Metered | None:
        """Counts a call that begins, if anything limits it. Raises `LimitReached`: then it does not count."""
        view = self._directory.organisation(scope)
        if not view.limits:
            return None
        key, of_project = Subject(SubjectKind.API_KEY, ApiKeyId(scope.actor)), Subject(SubjectKind.PROJECT, project.id)
        limits = [*view.limits.get(key, ()), *view.limits.get(of_project, ())]
        if not limits:
            return None
        now = self._clock.now()
        over = [each for each in limits if self.used(scope, each) >= each.amount]
        if over:
            # The one that ends last: before that moment no call succeeds.
            raise _refusal(max(over, key=lambda each: each.ends_at(now)), view, now)
        metered = Metered(scope.organisation_id, tuple({(each.subject, each.period): None for each in limits}))
        self._count(metered, _ONE_REQUEST)
        return metered

    def spend(self, metered: Metered, logs: Sequence[Log]) -> None:
        """Counts the tokens and the cost of samples that have ended."""
        tokens = sum(_tokens(each) for each in logs)
        cost = sum((each.prompt_cost or 0.0) + (each.output_cost or 0.0) for each in logs)
        if tokens or cost:
            self._count(metered, Spent(0.0, float(tokens), cost))

    def used(self, scope: Scope, limit: Limit) -> float:
        """What is used of a limit in the present period, as far as this process knows."""
        begins_at = limit.period.begins_at(self._clock.now())
        counter = self._counters.get(Account(scope.organisation_id, limit.subject, limit.period, begins_at))
        return 0.0 if counter is None else counter.total.of(limit.measure)

    async def run(self) -> None:
        """Never ends. While the database is away counts are kept, and told later."""
        while True:
            await self._sleep(INTERVAL)
            await self._try(self.exchange)
            await self._try(self._sweep)

    async def tell(self) -> None:
        """Tells what is left, if the database lets it: when the server stops, and for who asks what is used."""
        await self._try(self.exchange)

    async def _try(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except (EverloopError, OSError) as error:
            _log.warning("what calls used cannot be told to other processes now: %s", error)

    async def exchange(self) -> None:
        """Tells what this process used and reads what all did. Raises `Unavailable`."""
        async with self._exchanging:
            used = [(account, each.untold) for account, each in self._counters.items() if each.untold is not NOTHING]
            if not used and not self._anybody_limited:
                self._counters.clear()
                return
            for account, spent in used:
                counter = self._counters[account]
                counter.telling, counter.untold = spent, NOTHING
            told = False
            try:
                sums = await self._used.exchange(used, self._windows())
                told = True
            finally:
                self._settle([account for account, _ in used], told=told)
            self._learn(sums)

    def _settle(self, accounts: Sequence[Account], *, told: bool) -> None:
        """What was told is part of what is known; what could not be told goes back."""
        for account in accounts:
            counter = self._counters[account]
            if told:
                counter.known = counter.known.plus(counter.telling)
            else:
                counter.untold = counter.untold.plus(counter.telling)
            counter.telling = NOTHING

    def _learn(self, sums: dict[Account, Spent]) -> None:
        for account, spent in sums.items():
            self._counters.setdefault(account, _Counter()).known = spent
        now = self._clock.now()
        for account in [each for each in self._counters if each.ends_at <= now and each not in sums]:
            if self._counters[account].untold is NOTHING:
                del self._counters[account]

    def _count(self, metered: Metered, spent: Spent) -> None:
        now = self._clock.now()
        for subject, period in metered.places:
            account = Account(metered.organisation_id, subject, period, period.begins_at(now))
            counter = self._counters.get(account)
            if counter is None:
                counter = self._counters[account] = _Counter()
            counter.untold = counter.untold.plus(spent)

    @property
    def _anybody_limited(self) -> bool:
        return any(view.limits for view in self._directory.snapshot.organisations.values())

    def _windows(self) -> list[tuple[Period, int]]:
        now = self._clock.now()
        return [(each, each.begins_at(now)) for each in Period]

    async def _sweep(self) -> None:
        """Once in each minute, and in each day, what is long over."""
        for period, begins_at in self._windows():
            if self._anybody_limited and self._swept.get(period) != begins_at:
                await self._used.sweep(period, begins_at - _KEPT * period.milliseconds)
                self._swept[period] = begins_at


def _tokens(log: Log) -> int:
    usage = log.usage
    if usage is None or isinstance(usage, PartialUsage):
        return 0
    return usage.prompt_tokens + usage.output_tokens


def _refusal(limit: Limit, view: OrganisationView, now: int) -> LimitReached:
    ends_at = limit.ends_at(now)
    return LimitReached(
        f"{_name(limit.subject, view)} has used up its limit of {limit.words}: the {limit.period.value} ends at"
        f" {moment_words(ends_at)}, and calls are taken again then. (Limit {limit.id}; see `/api/limits`.)",
        retry_after=(ends_at - now) / 1000,
    )


def _name(subject: Subject, view: OrganisationView) -> str:
    if subject.kind is SubjectKind.API_KEY:
        name = next((each.name for each in view.api_keys if each.id == subject.id), "")
        return f"The API key {name!r} ({subject.id})"
    found = next((each.project.name for each in view.projects.values() if each.project.id == subject.id), "")
    return f"The project {found!r} ({subject.id})"
