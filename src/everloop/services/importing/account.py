"""The account of an import: what is kept now, what was there, what was left out and why, and what went wrong."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from everloop.domain.environment import Environment
from everloop.domain.imported import LeftOut, Problem, Remark
from everloop.domain.one_line import one_line

# Problems that are told one by one, and kinds of what is left out; of the others only how many there are.
_TOLD: Final = 100


@dataclass(slots=True)
class Account:
    """Counts by kind, such as `logs`. `left` is by what it is and why it has no place here."""

    kept: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    more_left: int = 0
    more_problems: int = 0
    environments: dict[str, Environment] = field(default_factory=dict)
    """Those that are made, or would be, by name."""

    def note(self, remarks: Iterable[Remark]) -> None:
        """Adds what was left out, and what went wrong."""
        for each in remarks:
            match each:
                case LeftOut(what, why, count):
                    self._leave((one_line(what), one_line(why)), count)
                case Problem(place, message):
                    self.fail(place, message)

    def fail(self, place: str, message: str) -> None:
        """Adds what went wrong in a place."""
        if len(self.problems) < _TOLD:
            self.problems.append(Problem(one_line(place), one_line(message)))
        else:
            self.more_problems += 1

    def _leave(self, kind: tuple[str, str], count: int) -> None:
        if kind in self.left or len(self.left) < _TOLD:
            self.left[kind] += count
        else:
            self.more_left += count

    @property
    def failed(self) -> bool:
        """Whether something was left out that should not have been."""
        return bool(self.problems)
