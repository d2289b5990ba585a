"""When a log writer folds: seldom enough to cost little for each log, often enough to leave little to the others."""

from collections.abc import Sequence
from typing import Final

from everloop.ports.system import Clock
from everloop.storage.log_batch import Rows

# Seconds between the folds of logs of experiments.
_SECONDS: Final = 1.0
# Logs of any kind after which it is time: whoever looks for those of experiments reads all that lie above the mark.
_LOGS: Final = 2_000


class FoldPace:
    """Counts what one writer has kept since it folded last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._logs = 0
        self._exposed = False
        self._not_before = 0.0

    def due_with(self, batch: Sequence[Rows]) -> bool:
        """Whether to fold in the transaction of this batch, which counts as kept."""
        self._logs += sum(len(rows.logs) for rows in batch)
        self._exposed = self._exposed or any(rows.exposures for rows in batch)
        return self._logs >= _LOGS or (self._exposed and self._clock.monotonic() >= self._not_before)

    def folded(self) -> None:
        """The transaction of a fold is on disk."""
        self._logs = 0
        self._exposed = False
        self._not_before = self._clock.monotonic() + _SECONDS
