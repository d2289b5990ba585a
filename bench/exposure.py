"""What an experiment kept beside the logs, by SQL: the trials and the sums of its arms must tell of the same calls."""

import sqlite3
from dataclasses import dataclass

from everloop.storage.folding import fold_all


@dataclass(frozen=True, slots=True)
class Exposure:
    """Rows and sums after a kill. `units` are those that the logs name: a user each, or one for each log of nobody."""

    logs_with_trial: int
    units: int
    trials: int
    arm_logs: int
    arm_trials: int
    smallest_arm: float  # share of the trials

    def failures(self, rows: int) -> list[str]:
        """Say what does not agree with the logs and with itself."""
        agree = {
            f"{self.logs_with_trial} of {rows} logs have a trial": self.logs_with_trial == rows,
            f"the arms counted {self.arm_logs} logs of {rows}": self.arm_logs == rows,
            f"{self.trials} trials for {self.units} units": self.trials == self.units,
            f"the arms counted {self.arm_trials} trials of {self.trials}": self.arm_trials == self.trials,
            # Two arms of equal weight; thousands of units do not fall like this by chance.
            f"an arm got only {self.smallest_arm:.0%} of the trials": self.smallest_arm > 0.4,
        }
        return [what for what, does in agree.items() if not does]


def count(database: sqlite3.Connection) -> Exposure:
    """Count, in a database whose logs are all of one experiment, but for that of the first start.

    What a server that was killed had not folded yet is folded first, as the next one would.
    """
    with database:
        database.execute("BEGIN IMMEDIATE")
        fold_all(database.execute)

    def number(sql: str) -> int:
        return int(database.execute(sql).fetchone()[0] or 0)

    trials = number("SELECT count(*) FROM trial")
    smallest = number("SELECT min(trials) FROM arm_usage")
    return Exposure(
        logs_with_trial=number("SELECT count(*) FROM log WHERE trial_id IN (SELECT id FROM trial)"),
        units=number('SELECT count(DISTINCT "user") + sum("user" IS NULL) FROM log WHERE trial_id IS NOT NULL'),
        trials=trials,
        arm_logs=number("SELECT sum(logs) FROM arm_usage"),
        arm_trials=number("SELECT sum(trials) FROM arm_usage"),
        smallest_arm=smallest / max(trials, 1),
    )
