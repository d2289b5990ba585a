"""How the calls of a place are made, beside what is live there."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from everloop.domain.ids import ConfigId
from everloop.domain.value import value

MOST_FALLBACKS: Final = 5
# The shortest that a limit may be, in seconds, and the longest of each. Nobody waits for an hour by mistake.
SHORTEST: Final = 0.1
LONGEST: Final[Mapping[str, float]] = {"connect": 60.0, "first_byte": 3600.0, "gap": 3600.0, "total": 3600.0}


@value
class Timeouts:
    """Seconds: until connected, until the answer begins, between two pieces of it, and in all.

    The total holds over everything that one call makes: retries, and the fallbacks after them.
    """

    connect: float = 5.0
    first_byte: float = 60.0
    gap: float = 60.0
    total: float = 600.0


DEFAULT_TIMEOUTS: Final = Timeouts()


class OnDisconnect(StrEnum):
    """What becomes of a call whose caller hung up: it ends, or it goes on to its end for the sake of its log."""

    CANCEL = "cancel"
    DRAIN = "drain"


@value
class Policy:
    """Belongs to a place, a project's environment, and stays when something else is deployed there.

    `fallbacks` are configurations of the same project that answer, in this order, when what is live does not.
    """

    timeouts: Timeouts = DEFAULT_TIMEOUTS
    fallbacks: tuple[ConfigId, ...] = ()
    on_disconnect: OnDisconnect = OnDisconnect.CANCEL


DEFAULT_POLICY: Final = Policy()
