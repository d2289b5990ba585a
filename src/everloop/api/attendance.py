"""Makes a whole answer for a caller who may hang up meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from everloop.api.exchange import Exchange

Answer = TypeVar("Answer")

# Seconds that an answer may take before anybody looks after its caller: for the quick ones it would cost more than it
# is worth. Whoever hung up before that is found out then.
_UNATTENDED: Final = 0.1


class _Attendance:
    """Breaks a task off when the caller of an exchange hangs up."""

    __slots__ = ("_exchange", "_making", "_watching")

    def __init__(self, exchange: Exchange, making: "asyncio.Task[Any]") -> None:
        self._exchange = exchange
        self._making = making
        self._watching: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    def end(self) -> None:
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self) -> None:
        await self._exchange.disconnected()
        self._making.cancel()


async def while_there(exchange: Exchange, making: Coroutine[Any, Any, Answer]) -> Answer | None:
    """The answer, or None when its caller hung up: then it is cancelled, and whatever that means for it has been done.

    The body has been read before.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine that runs has a task
    attendance = _Attendance(exchange, task)
    timer = asyncio.get_running_loop().call_later(_UNATTENDED, attendance.begin)
    try:
        return await making
    except asyncio.CancelledError:
        if not exchange.gone:
            raise
        task.uncancel()
        return None
    finally:
        timer.cancel()
        attendance.end()
