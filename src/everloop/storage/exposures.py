"""What the logs of experiments bring with them: their trials, and what they add to the usage of their arms.

Written by the log writer in the transaction of the logs themselves; sums are put together over the whole batch first.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import isnan
from typing import Final

from sqlalchemy import Table

from everloop.domain.ids import ConfigId, EnvironmentId, ExperimentId, OrganisationId, TrialId
from everloop.domain.latency import bucket_of
from everloop.domain.log import Log
from everloop.storage.experiment_tables import arm_latency, arm_usage
from everloop.storage.experiment_tables import trial as trial_table

# A log of an experiment, and whose it is.
Exposure = tuple[OrganisationId, Log]
Arm = tuple[OrganisationId, ExperimentId, EnvironmentId, ConfigId]
Trial = tuple[OrganisationId, TrialId]
SumRow = tuple[str | int | float, ...]

# A caller who went away is no failure of the arm (`services.record.CANCELLED`).
_CANCELLED: Final = "cancelled"
# What a caller may report is not always true, and a sum that left the numbers of the database could not come back:
# tokens and dollars of one log beyond these do not count.
_MOST_TOKENS: Final = 10**9
_MOST_DOLLARS: Final = 1e6
# Trials that a writer remembers: some three megabytes.
_REMEMBERED: Final = 20_000
# Rows of one statement, as in `log_batch`, and how many statements there are: every size of three tables.
_CHUNK: Final = 64
STATEMENTS: Final = 3 * _CHUNK


class _Taken:
    """What the logs of one arm in one batch took: `domain.results.ArmUsage`, on its way there."""

    __slots__ = ("cost", "errors", "latencies", "logs", "output_tokens", "priced", "prompt_tokens", "trials")

    def __init__(self) -> None:
        self.trials = self.logs = self.errors = self.prompt_tokens = self.output_tokens = self.priced = 0
        self.cost = 0.0
        self.latencies: dict[int, int] = {}

    def add(self, each: Log) -> None:
        self.logs += 1
        if each.error_kind is not None:
            self.errors += each.error_kind != _CANCELLED
        elif each.duration is not None and not isnan(each.duration):
            bucket = bucket_of(each.duration)
            self.latencies[bucket] = self.latencies.get(bucket, 0) + 1
        usage = each.usage
        if usage is not None:
            self.prompt_tokens += _credible(usage.prompt_tokens)
            self.output_tokens += _credible(usage.output_tokens)
        if each.prompt_cost is not None or each.output_cost is not None:
            cost = (each.prompt_cost or 0.0) + (each.output_cost or 0.0)
            if -_MOST_DOLLARS <= cost <= _MOST_DOLLARS:
                self.cost += cost
                self.priced += 1


def _credible(tokens: int) -> int:
    return tokens if 0 <= tokens <= _MOST_TOKENS else 0


@dataclass(frozen=True, slots=True)
class Gathered:
    """The exposures of one batch: a row for each trial, and what each arm took."""

    trials: dict[Trial, SumRow]
    arms: dict[Arm, _Taken]

    def count(self, new: Iterable[Arm]) -> None:
        """Adds the trials that were not known before to their arms."""
        for arm in new:
            self.arms[arm].trials += 1

    def usage(self) -> list[SumRow]:
        """The rows to add to `arm_usage`."""
        return [(*arm, *_sums(taken)) for arm, taken in self.arms.items()]

    def latencies(self) -> list[SumRow]:
        """The rows to add to `arm_latency`."""
        return [(*arm, bucket, logs) for arm, taken in self.arms.items() for bucket, logs in taken.latencies.items()]


def gathered(exposures: Iterable[Exposure]) -> Gathered:
    """Puts the exposures of a batch together."""
    arms: dict[Arm, _Taken] = {}
    trials: dict[Trial, SumRow] = {}
    for organisation_id, each in exposures:
        experiment_id, environment_id, config_id = each.experiment_id, each.environment_id, each.config_id
        if experiment_id is None or environment_id is None or config_id is None or each.trial_id is None:
            continue
        arm = (organisation_id, experiment_id, environment_id, config_id)
        trial = (organisation_id, each.trial_id)
        if trial not in trials:
            trials[trial] = (*trial, experiment_id, environment_id, config_id, each.created_at)
        taken = arms.get(arm)
        if taken is None:
            taken = arms[arm] = _Taken()
        taken.add(each)
    return Gathered(trials, arms)


class KnownTrials:
    """The trials that a writer has lately seen on disk, so that they need not be looked for with every log."""

    def __init__(self) -> None:
        self._seen: set[Trial] = set()
        self._written: list[Trial] = []

    def begin(self) -> None:
        """A transaction begins; if the last one failed, what it wrote is not known."""
        self._written = []

    def unknown(self, trials: dict[Trial, SumRow]) -> list[SumRow]:
        """The rows of those that may be new; they are known once the transaction that writes them is on disk."""
        self._written = [trial for trial in trials if trial not in self._seen]
        return [trials[trial] for trial in self._written]

    def committed(self) -> None:
        """The transaction is on disk."""
        if len(self._seen) + len(self._written) > _REMEMBERED:
            self._seen.clear()
        self._seen.update(self._written)

    def forget(self) -> None:
        """For a new connection, which may find anything."""
        self._seen.clear()


def write_exposures(connection: sqlite3.Connection, exposures: Iterable[Exposure], known: KnownTrials) -> None:
    """Writes them into an open transaction. Raises `sqlite3.Error`, and `UnicodeEncodeError` for half a character."""
    batch = gathered(exposures)
    batch.count(_new(connection, known.unknown(batch.trials)))
    _add(connection, arm_usage, batch.usage())
    _add(connection, arm_latency, batch.latencies())


def _sums(taken: _Taken) -> SumRow:
    """In the order of the columns of `arm_usage`."""
    return (
        taken.trials,
        taken.logs,
        taken.errors,
        taken.prompt_tokens,
        taken.output_tokens,
        taken.cost,
        taken.priced,
    )


def _new(connection: sqlite3.Connection, rows: Sequence[SumRow]) -> list[Arm]:
    """Keeps the trials that are not known yet; the arm of each of those."""
    new: list[Arm] = []
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        new += connection.execute(_trials(len(chunk)), list(chain.from_iterable(chunk))).fetchall()
    return new


def _add(connection: sqlite3.Connection, table: Table, rows: Sequence[SumRow]) -> None:
    """Adds to the sums, beginning those that are not there."""
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        connection.execute(_addition(table, len(chunk)), list(chain.from_iterable(chunk)))


@lru_cache(maxsize=_CHUNK)
def _trials(rows: int) -> str:
    return (
        f"INSERT INTO {trial_table.name} (organisation_id, id, experiment_id, environment_id, config_id, created_at)"  # noqa: S608 - our own table
        f" VALUES {', '.join(['(?, ?, ?, ?, ?, ?)'] * rows)} ON CONFLICT DO NOTHING"
        " RETURNING organisation_id, experiment_id, environment_id, config_id"
    )


@lru_cache(maxsize=2 * _CHUNK)
def _addition(table: Table, rows: int) -> str:
    names = [column.name for column in table.columns]
    key = [column.name for column in table.primary_key.columns]
    places = "(" + ", ".join("?" * len(names)) + ")"
    sums = ", ".join(f"{name} = {name} + excluded.{name}" for name in names if name not in key)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {', '.join([places] * rows)}"  # noqa: S608 - our own names
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sums}"
    )
