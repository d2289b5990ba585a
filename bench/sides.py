"""Who takes part in a run: the proxy and Everloop always, the others when they are wanted and there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.answers import WrongAnswerError
from bench.peers import gateways
from bench.processes import Server, ServerFailedError
from bench.targets import Side, Start, bare, everloop, everloop_experiment, everloop_trials, everloop_workers

ALWAYS: Mapping[str, Start] = {"bare": bare, "everloop": everloop}
VARIANTS: Mapping[str, Start] = {
    "everloop-experiment": everloop_experiment,
    "everloop-trials": everloop_trials,
    "everloop-workers": everloop_workers,
}
PEERS: Mapping[str, Start] = {peer.name: peer.start for peer in gateways.PEERS}
OTHERS = (*VARIANTS, *PEERS)


@dataclass(slots=True)
class Lineup:
    """The sides of a run by name, and why other gateways are absent."""

    starts: dict[str, Start]
    absent: dict[str, str] = field(default_factory=dict)

    def leave_out(self, name: str, reason: str) -> None:
        """Do without a gateway from now on."""
        self.starts.pop(name, None)
        self.absent[name] = reason

    @property
    def killed(self) -> dict[str, Start]:
        """Return those that are killed in a burst: one Everloop with a configuration, one with an experiment."""
        return {name: start for name, start in self.starts.items() if name in {"everloop", "everloop-experiment"}}

    @property
    def started_cold(self) -> dict[str, Start]:
        """Return those whose start is timed: every kind of server once."""
        return {name: start for name, start in self.starts.items() if name not in VARIANTS}


def line_up(others: Sequence[str], *, install: bool) -> Lineup:
    """Choose the sides; with `install`, gateways that are missing are installed first."""
    wanted = [peer for peer in gateways.PEERS if peer.name in others]
    trouble = gateways.install() if install and not all(peer.installed for peer in wanted) else ""
    known = {**ALWAYS, **VARIANTS, **PEERS}
    lineup = Lineup({name: start for name, start in known.items() if name in ALWAYS or name in others})
    for peer in wanted:
        if not peer.installed:
            lineup.leave_out(peer.name, f"it could not be installed: {trouble}" if trouble else NOT_INSTALLED)
    return lineup


NOT_INSTALLED = "it is not installed here (`make peers`)"


@contextmanager
def open_sides(work: Path, upstream: Server, lineup: Lineup) -> Iterator[list[Side]]:
    """Start all sides; a gateway of others that does not start or answer as it must is left out of the line-up."""
    with ExitStack() as stack:
        sides = []
        for name, start in list(lineup.starts.items()):
            place = work / name
            place.mkdir(parents=True)
            if name not in PEERS:
                sides.append(stack.enter_context(start(place, upstream)))
                continue
            try:
                sides.append(_tried(stack, start(place, upstream)))
            except (ServerFailedError, WrongAnswerError, OSError) as error:
                lineup.leave_out(name, f"it did not start or answer: {str(error)[:300]}")
        yield sides


def _tried(stack: ExitStack, starting: AbstractContextManager[Side]) -> Side:
    side = stack.enter_context(starting)
    side.ask_once()
    return side
