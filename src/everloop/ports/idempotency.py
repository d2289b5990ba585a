"""The port to calls that are made once."""

from collections.abc import Sequence
from typing import Protocol

from everloop.domain.idempotency import Claim, KeptAnswer, KeyedCall
from everloop.domain.scope import Scope


class IdempotencyStore(Protocol):
    """Calls that are made once, and their answers. Times are in Unix milliseconds; what is over may be swept away."""

    async def claim(self, scope: Scope, call: KeyedCall, owner: str, now: int, until: int) -> Claim:
        """Gives the call's key to `owner` until then, unless something holds it `now`; what holds it afterwards."""
        ...

    async def holding(self, scope: Scope, call: KeyedCall) -> Claim | None:
        """What holds the call's key, or held it last: one indexed read."""
        ...

    async def answer(self, scope: Scope, call: KeyedCall) -> KeptAnswer | None:
        """The kept answer to the call."""
        ...

    async def keep(self, scope: Scope, call: KeyedCall, owner: str, answer: KeptAnswer, until: int) -> bool:
        """Keeps the answer, unless the key is no longer the owner's; whether it did."""
        ...

    async def release(self, scope: Scope, call: KeyedCall, owner: str) -> None:
        """Frees the key, if it is still the owner's and there is no answer."""
        ...

    async def renew(self, owners: Sequence[str], until: int) -> None:
        """Puts off the end of the claims of these owners, in any organisation."""
        ...

    async def sweep(self, now: int, most: int) -> int:
        """Deletes at most so many rows that are over, in any organisation; how many, 0 when there are no more."""
        ...
