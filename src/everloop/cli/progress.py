"""How far a long command is: a bar on a terminal, lines elsewhere; on stderr both."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import typer


class Watcher(Protocol):
    """Whom the command tells."""

    def begins(self, total: int) -> None:
        """How much there is to do."""
        ...

    def moved(self, what: str, amount: int) -> None:
        """So much more of it is done, and what that is."""
        ...


@contextmanager
def progress(doing: str, line: str, every: int) -> Iterator[Watcher]:
    """A watcher for a while.

    `doing` is a word such as "Moving". `line` is what a line says, with `{what}`, `{done}` and `{total}` in it; there
    is one whenever something else begins, and after each `every` of the same.
    """
    if not sys.stderr.isatty():
        yield Lines(line, every)
        return
    with typer.progressbar(length=1, label=doing, file=sys.stderr) as bar:
        yield _Bar(doing, bar)


class _Bar:
    def __init__(self, doing: str, bar: Any) -> None:  # noqa: ANN401 - typer does not name its type
        self._doing = doing
        self._bar = bar

    def begins(self, total: int) -> None:
        self._bar.length = max(total, 1)

    def moved(self, what: str, amount: int) -> None:
        self._bar.label = f"{self._doing} {what:14}"
        self._bar.update(amount)


class Lines:
    """A line for each thing, and more of them for large ones."""

    def __init__(self, line: str, every: int) -> None:
        self._line = line
        self._every = every
        self._total = self._done = self._said = 0
        self._what = ""

    def begins(self, total: int) -> None:
        """How much there is to do."""
        self._total = total

    def moved(self, what: str, amount: int) -> None:
        """So much more of it is done."""
        self._done += amount
        if what != self._what or self._done - self._said >= self._every:
            self._what, self._said = what, self._done
            typer.echo(self._line.format(what=what, done=f"{self._done:,}", total=f"{self._total:,}"), err=True)
