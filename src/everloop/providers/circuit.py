"""Whether a server is worth asking: after failures in a row nobody does for a while, and then one call alone.

A circuit belongs to one connection in one process. Closed, it lets every call pass. Open, it answers in the server's
place, at once. When its pause is over the next call goes out as a probe, one at a time, and decides.
"""

import math
from types import TracebackType
from typing import Final, Self

from everloop.domain.value import value
from everloop.errors import FailureKind, ProviderFailure
from everloop.ports.system import Clock

# What tells of a server in trouble. A rate limit belongs to somebody's key, and other keys are not to suffer for it.
_TROUBLE: Final = frozenset(
    {FailureKind.OVERLOADED, FailureKind.SERVER_ERROR, FailureKind.TIMEOUT, FailureKind.CONNECTION}
)
_WHILE_PROBING: Final = 1.0


@value
class CircuitPolicy:
    """Opens when `row` tries in a row have failed, and with them `share` of all tries in a window of `window` seconds.

    One of the row must have begun after the first of it had failed: calls, or samples of one call, that met the same
    bad moment together are tried again first. A window begins with its first failure. The pause is `pause` seconds, or
    what the server asked for if that is more, and twice as long after each probe that failed; never more than
    `longest`.
    """

    row: int = 5
    share: float = 0.5
    window: float = 10.0
    pause: float = 5.0
    longest: float = 60.0


class Circuit:
    """The circuit of one connection; `origin` is the display name for errors."""

    def __init__(self, origin: str, clock: Clock, policy: CircuitPolicy | None = None) -> None:
        self._origin = origin
        self._clock = clock
        self._policy = policy or CircuitPolicy()
        self._row = self._failures = self._successes = 0
        self._rows = 0
        self._lasting = False
        self._since = 0.0
        self._pause = self._policy.pause
        self._until: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls are answered in the server's place, but for probes."""
        return self._until is not None

    def turn(self, *, patient: bool = True) -> "Turn":
        """Lets a call pass. Raises `errors.ProviderFailure` when it shall not, with the seconds to wait.

        `patient` is false for a call that waits less than is usual: then a timeout says nothing about the server.
        """
        if self._until is None:
            return Turn(self, patient=patient, probe=False)
        wait = self._until - self._clock.monotonic()
        if wait > 0 or self._probing:
            raise self._refusal(wait)
        self._probing = True
        return Turn(self, patient=True, probe=True)

    # For turns.

    @property
    def rows(self) -> int:
        """How many rows of failures have begun."""
        return self._rows

    def succeeded(self, *, probe: bool) -> None:
        """A try was answered."""
        if probe:
            self._until, self._pause = None, self._policy.pause
            self._row = self._failures = self._successes = 0
            self._lasting = False
        elif self._until is None:
            self._row = 0
            self._lasting = False
            self._successes += 1

    def failed(self, failure: ProviderFailure, *, probe: bool, rows: int) -> None:
        """A try met a server in trouble; `rows` is what `rows` was when it began."""
        if probe:
            self._pause = min(2 * self._pause, self._policy.longest)
            self._open(failure)
        elif self._until is None:
            self._count(failure, rows)

    def probed(self) -> None:
        """The probe is back, whatever it found; the next one may go."""
        self._probing = False

    def _count(self, failure: ProviderFailure, rows: int) -> None:
        now, policy = self._clock.monotonic(), self._policy
        if not self._failures or now - self._since > policy.window:
            self._since, self._failures, self._successes = now, 0, 0
        self._failures += 1
        self._lasting = self._lasting or (self._row > 0 and rows == self._rows)
        self._rows += not self._row
        self._row += 1
        many = self._row >= policy.row and self._failures >= policy.share * (self._failures + self._successes)
        if many and self._lasting:
            self._open(failure)

    def _open(self, failure: ProviderFailure) -> None:
        asked = failure.retry_after or 0.0
        self._until = self._clock.monotonic() + max(self._pause, min(asked, self._policy.longest))

    def _refusal(self, wait: float) -> ProviderFailure:
        if wait > 0:
            when = f"the next call goes out in {math.ceil(wait)} s"
        else:
            wait, when = _WHILE_PROBING, "a call is out to see whether it is well again"
        message = f"{self._origin} has failed several times in a row and is not called at the moment: {when}."
        return ProviderFailure(FailureKind.OVERLOADED, message, origin=self._origin, retry_after=wait)


class Turn:
    """One call that was let pass, with its retries; a context manager around it."""

    __slots__ = ("_circuit", "_patient", "_probe", "_rows", "_told")

    def __init__(self, circuit: Circuit, *, patient: bool, probe: bool) -> None:
        self._circuit = circuit
        self._patient = patient
        self._probe = probe
        self._rows = circuit.rows
        self._told = False

    @property
    def may_retry(self) -> bool:
        """Whether another try would be let pass: a probe is one try, and the circuit may have opened meanwhile."""
        return not self._probe and not self._circuit.is_open

    def answered(self) -> None:
        """The server answered, well or not. Only the first word of a call counts."""
        if not self._told:
            self._told = True
            self._circuit.succeeded(probe=self._probe)
            self._judged()

    def failed(self, failure: ProviderFailure) -> None:
        """A try failed; what kind of failure it was decides what that says about the server."""
        if failure.kind not in _TROUBLE:
            self.answered()
        elif self._patient or failure.kind is not FailureKind.TIMEOUT:
            self._circuit.failed(failure, probe=self._probe, rows=self._rows)
            self._rows = self._circuit.rows
            self._judged()

    def _judged(self) -> None:
        """What comes after a probe's verdict is like any other call's."""
        if self._probe:
            self._probe = False
            self._circuit.probed()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._probe and isinstance(error, ProviderFailure):
            self.failed(error)
        self._judged()
