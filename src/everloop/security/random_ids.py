"""Identifiers and API keys from the operating system's random numbers."""

import os
from functools import lru_cache
from typing import Final

from everloop.domain.ids import ALPHABET, LENGTH, TIME_WIDTH, LogId, Prefix, base62

API_KEY_PREFIX: Final = "hl_sk_"
_API_KEY_WIDTH: Final = 32
# Four bytes for each of the 62 digits; the eight bytes left over are thrown away, or some digits would come more often.
_DIGITS: Final = (ALPHABET.encode() * 5)[:256]
_LEFT_OVER: Final = bytes(range(256 // len(ALPHABET) * len(ALPHABET), 256))
# Of 62 bytes one or two are left over: as many more make a second draw a matter of ages.
_SPARE: Final = 12


class RandomIds:
    """`ports.system.Ids`.

    Each digit is one byte's, and all 62 are equally likely. For logs' ids they are drawn for hundreds at a time: asking
    the kernel lets go of the interpreter's lock, and with a log writer beside it a call then waits for it.
    """

    def new(self, prefix: Prefix) -> str:
        return f"{prefix.value}_{_digits(LENGTH)}"

    def log(self, milliseconds: int) -> LogId:
        return LogId(f"{_LOG}_{_time(milliseconds)}{_ahead()}")

    def api_key(self) -> str:
        return API_KEY_PREFIX + _digits(_API_KEY_WIDTH)


_LOG: Final = Prefix.LOG.value


_AHEAD_BYTES: Final = 4096
# Taking the last item is one step, which threads cannot share; a child process begins with none of its parent's.
_drawn: Final[list[str]] = []
os.register_at_fork(after_in_child=_drawn.clear)


def _ahead() -> str:
    """The random digits of a log's id."""
    try:
        return _drawn.pop()
    except IndexError:
        width = LENGTH - TIME_WIDTH
        digits = os.urandom(_AHEAD_BYTES).translate(_DIGITS, _LEFT_OVER).decode()
        first, *rest = [digits[place : place + width] for place in range(0, len(digits) - width + 1, width)]
        _drawn.extend(rest)
        return first


def _digits(width: int) -> str:
    while True:
        drawn = os.urandom(width + _SPARE).translate(_DIGITS, _LEFT_OVER)
        if len(drawn) >= width:
            return drawn[:width].decode()


@lru_cache(maxsize=8)
def _time(milliseconds: int) -> str:
    """The time in a log's id, as `domain.ids.time_ordered` writes it."""
    return base62(milliseconds, TIME_WIDTH)
