"""Makes a whole answer for a caller who may hang up meanwhile."""

import asyncio
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from everloop.api.exchange import Exchange

Answer = TypeVar("Answer")

# Seconds that an answer may take before anybody looks after its caller: for the quick ones it would cost more than it
# is worth. Whoever hung up before that is found out then.
_UNATTENDED: Final = 0.1


class _Attendance:
    """Breaks a task off when the caller of an exchange hangs up."""

    __slots__ = ("_exchange", "_making", "_watching", "began")

    def __init__(self, exchange: Exchange, making: "asyncio.Task[Any]", began: float) -> None:
        self._exchange = exchange
        self._making = making
        self._watching: asyncio.Task[None] | None = None
        self.began = began

    def begin(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    def end(self) -> None:
        # Let go of: a task that was broken off leads to this by its traceback, and such rings stay for long.
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()

    async def _watch(self) -> None:
        await self._exchange.disconnected()
        self._making.cancel()


class _Attendants:
    """Look after all answers of one event loop that take longer: a timer for each would cost all of them more."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        # In the order in which they began.
        self._unattended: dict[_Attendance, None] = {}
        self._timer: TimerHandle | None = None

    def attend(self, exchange: Exchange, making: "asyncio.Task[Any]") -> _Attendance:
        attendance = _Attendance(exchange, making, self.loop.time())
        self._unattended[attendance] = None
        if self._timer is None:
            self._timer = self.loop.call_later(_UNATTENDED, self._look)
        return attendance

    def leave(self, attendance: _Attendance) -> None:
        self._unattended.pop(attendance, None)
        attendance.end()

    def _look(self) -> None:
        late = self.loop.time() - _UNATTENDED
        for each in [*self._unattended]:
            if each.began > late:
                break
            del self._unattended[each]
            each.begin()
        self._timer = self.loop.call_later(_UNATTENDED, self._look) if self._unattended else None


_attendants: _Attendants | None = None


def _present(loop: AbstractEventLoop) -> _Attendants:
    """Those of the loop that runs; a process has one, tests have many one after the other."""
    global _attendants  # noqa: PLW0603 - looked up in every call
    if _attendants is None or _attendants.loop is not loop:
        _attendants = _Attendants(loop)
    return _attendants


async def while_there(exchange: Exchange, making: Coroutine[Any, Any, Answer]) -> Answer | None:
    """The answer, or None when its caller hung up: then it is cancelled, and whatever that means for it has been done.

    The body has been read before.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task(loop)
    assert task is not None  # noqa: S101 - a coroutine that runs has a task
    attendants = _present(loop)
    attendance = attendants.attend(exchange, task)
    try:
        return await making
    except asyncio.CancelledError:
        if not exchange.gone:
            raise
        task.uncancel()
        return None
    finally:
        attendants.leave(attendance)
