"""Calls with a key: made once, by whoever comes first, and answered alike to all who ask.

A process that makes such a call claims its key in the database before, and renews the claim as long as the call takes.
So the claim of a process that was killed ends soon, and the next who asks makes the call.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from everloop.domain.idempotency import Claim, KeptAnswer, KeyedCall
from everloop.domain.ids import OrganisationId, Prefix
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.errors import Conflict, EverloopError, Unavailable
from everloop.ports.idempotency import IdempotencyStore
from everloop.ports.system import Clock, Ids

_log: Final = logging.getLogger(__name__)

# How long an answer is kept.
KEPT_MILLISECONDS: Final = 24 * 60 * 60 * 1000
# A claim outlives renewals that fail, an event loop that stalls, and clocks of several machines that differ a little.
LEASE_MILLISECONDS: Final = 20_000
_RENEWAL_SECONDS: Final = 5.0
# How often another process's call is looked for: at first soon, since most calls are short.
_FIRST_LOOK: Final = 0.05
_LAST_LOOK: Final = 1.0
_MOST_WAITING: Final = 1_000

Make = Callable[[], Awaitable[KeptAnswer]]
Sleep = Callable[[float], Awaitable[None]]


@value
class Told:
    """The answer to a call; `replayed` when it was made elsewhere or earlier."""

    answer: KeptAnswer
    replayed: bool


class IdempotencyService:
    """Makes each call once. Tests hand in a `sleep` of their own."""

    def __init__(
        self,
        *,
        store: IdempotencyStore,
        clock: Clock,
        ids: Ids,
        sleep: Sleep = asyncio.sleep,
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._sleep = sleep
        self._most_waiting = most_waiting
        self._waiting = 0
        self._running: dict[tuple[OrganisationId, KeyedCall], asyncio.Task[Told]] = {}
        self._owners: set[str] = set()

    def join(self, scope: Scope, call: KeyedCall, make: Make) -> tuple["asyncio.Task[Told]", bool]:
        """The task that gets this process the answer, and whether it was begun for this caller.

        `make` makes the call, unless it was made already: what it returns is kept, what it raises is not. The task
        raises that, `Conflict` when the key is another call's, and `Unavailable`.
        """
        place = (scope.organisation_id, call)
        task = self._running.get(place)
        if task is not None:
            return task, False
        task = asyncio.create_task(self._told(scope, call, make))
        self._running[place] = task
        task.add_done_callback(lambda _: self._running.pop(place))
        return task, True

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Counts one who waits for another's call. Raises `Unavailable` when too many do."""
        if self._waiting >= self._most_waiting:
            raise Unavailable("Too many calls wait here for another one with the same Idempotency-Key.")
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def keep_alive(self) -> None:
        """Renews the claims of this process; never ends."""
        while True:
            await self._sleep(_RENEWAL_SECONDS)
            if not self._owners:
                continue
            try:
                await self._store.renew(sorted(self._owners), self._clock.now() + LEASE_MILLISECONDS)
            except (EverloopError, OSError) as error:
                _log.warning("claims of idempotency keys could not be renewed: %s", error)

    async def _told(self, scope: Scope, call: KeyedCall, make: Make) -> Told:
        while True:
            owner, now = self._ids.new(Prefix.CLAIM), self._clock.now()
            claim = await self._store.claim(scope, call, owner, now, now + LEASE_MILLISECONDS)
            if claim.fingerprint != call.fingerprint:
                raise Conflict(
                    f"The Idempotency-Key {call.key!r} was used for a call with another body. Repeat that body, or give"
                    " this call a key of its own."
                )
            if claim.owner == owner:
                return Told(await self._made(scope, call, owner, make), replayed=False)
            answer = await self._followed(scope, call, claim)
            if answer is not None:
                return Told(answer, replayed=True)

    async def _made(self, scope: Scope, call: KeyedCall, owner: str, make: Make) -> KeptAnswer:
        self._owners.add(owner)
        try:
            answer = await make()
            kept = await self._store.keep(scope, call, owner, answer, self._clock.now() + KEPT_MILLISECONDS)
        except BaseException:
            await self._release(scope, call, owner)
            raise
        finally:
            self._owners.discard(owner)
        if not kept:
            raise Unavailable(
                "This server was thought to be gone, and the call was made by another one. The same call with the same"
                " Idempotency-Key gets that answer."
            )
        return answer

    async def _release(self, scope: Scope, call: KeyedCall, owner: str) -> None:
        try:
            await self._store.release(scope, call, owner)
        except (EverloopError, OSError) as error:
            _log.warning("an idempotency key stays claimed for some seconds: %s", error)

    async def _followed(self, scope: Scope, call: KeyedCall, claim: Claim | None) -> KeptAnswer | None:
        """The answer of who has the key, once it is there; None when the key is free before that."""
        pause = _FIRST_LOOK
        with self.waiting():
            while claim is not None and claim.until > self._clock.now():
                if claim.answered:
                    return await self._store.answer(scope, call)
                await self._sleep(pause)
                pause = min(pause * 1.5, _LAST_LOOK)
                claim = await self._store.holding(scope, call)
        return None
