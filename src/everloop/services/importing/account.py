"""The account of an import: what is kept now, what was there, what was left out and why, and what went wrong."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from everloop.domain.environment import Environment
from everloop.domain.imported import LeftOut, Problem, Remark

# Problems that are told one by one, and kinds of what is left out; of the others only how many there are.
_TOLD: Final = 100
_LONGEST: Final = 500


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
                    self._leave((_shown(what), _shown(why)), count)
                case Problem(place, message):
                    self.fail(place, message)

    def fail(self, place: str, message: str) -> None:
        """Adds what went wrong in a place."""
        if len(self.problems) < _TOLD:
            self.problems.append(Problem(_shown(place), _shown(message)))
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


def _shown(text: str) -> str:
    """The text in one line that is not too long, without what a terminal would obey: names come from elsewhere."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)
