"""Sums in a SQLite database, of experiments above all: folded out of the rows of `log`, a stretch of rows at a time.

One transaction writes at a time, so that row ids are given in the order of commits, and one log can tell how far the
sums reach: the *mark*. It is named by its id, not by its row id, which rewriting the database may change. Logs
above it are in no sum yet.

PostgreSQL gives no such order and keeps its sums with each batch (`postgres.log_batch`).
"""

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final, Protocol

from sqlalchemy import Table

from everloop.domain.latency import buckets_of
from everloop.storage import counting
from everloop.storage.experiment_tables import arm_latency, arm_usage
from everloop.storage.exposures import CANCELLED, MOST_DOLLARS, MOST_TOKENS, Arm, SumRow

_log: Final = logging.getLogger(__name__)

# Row ids that one step goes over: some ten milliseconds, for which others who write wait.
STEP: Final = 4096
# Rows of one statement, and how many statements that makes of two tables.
_CHUNK: Final = 64
STATEMENTS: Final = 2 * _CHUNK + 10


class Answer(Protocol):
    """What a statement gave: a cursor of the `sqlite3` module, or a result of SQLAlchemy."""

    @property
    def rowcount(self) -> int:
        """How many rows it wrote."""
        ...

    def fetchall(self) -> Sequence[Any]:
        """The rows that it found."""
        ...


# How a statement is executed in somebody's transaction. Raises the errors of whoever executes it.
Execute = Callable[[str, SumRow], Answer]


def fold(execute: Execute, most: int = STEP) -> int:
    """Adds the logs above the mark to the sums, in an open transaction that writes; how many row ids it went over.

    It goes over `most` of them. The database does what it can: each row that it hands out makes the interpreter's lock
    change hands.
    """
    after = _mark(execute)
    if after is None:
        _log.warning("the newest log that experiments have counted was deleted by others: they go on from here")
        mark_newest(execute)
        counting.recount(execute)
        return 0
    found = execute(_LAST, (after, most)).fetchall()
    if not found:
        return 0
    ((last, organisation_id, log_id),) = found
    _fold_stretch(execute, after, last)
    counting.count(execute, after, last)
    execute(_SET_MARK, (organisation_id, log_id))
    return int(last) - after


def fold_all(execute: Execute) -> None:
    """Folds everything; for transactions in which something rests on it, or deletes logs."""
    while fold(execute):
        pass


def is_behind(execute: Execute) -> bool:
    """Whether a log of an experiment is in no sum yet; for this a transaction to read in is enough."""
    after = _mark(execute)
    return after is None or bool(execute(_EXPOSED, (after,)).fetchall())


def mark_newest(execute: Execute) -> None:
    """Says that all logs are in the sums. Whoever deletes logs must, since SQLite may give their row ids again."""
    execute(_UNMARK, ())
    execute(_MARK_NEWEST, ())


def _mark(execute: Execute) -> int | None:
    """The row id of the mark, 0 when no log is in the sums; None when the log has gone."""
    found = execute(_MARK, ()).fetchall()
    return found[0][0] if found else 0


def _fold_stretch(execute: Execute, after: int, last: int) -> None:
    usage: list[SumRow] = []
    latencies: list[SumRow] = []
    for row in execute(_TAKEN, (after, last)).fetchall():
        arm: Arm = tuple(row[:4])
        # The first log of a trial makes it, so that two arms never count one.
        trials = execute(_TRIALS, (after, last, *arm)).rowcount
        usage.append((*arm, trials, *row[4:-1]))
        latencies += ((*arm, bucket, logs) for bucket, logs in buckets_of(_numbers(row[-1])).items())
    _add(execute, arm_usage, usage)
    _add(execute, arm_latency, latencies)


def _numbers(durations: str | None) -> list[float]:
    return [float(each) for each in durations.split(",")] if durations else []


def _add(execute: Execute, table: Table, rows: Sequence[SumRow]) -> None:
    """Adds to the sums, beginning those that are not there."""
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        execute(_addition(table, len(chunk)), tuple(chain.from_iterable(chunk)))


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


_OF_MARK: Final = "log.organisation_id = folding.organisation_id AND log.id = folding.log_id"
_MARK: Final = f"SELECT log.rowid FROM folding LEFT JOIN log ON {_OF_MARK} WHERE folding.id = 1"  # noqa: S608 - our own words
_SET_MARK: Final = "INSERT OR REPLACE INTO folding (id, organisation_id, log_id) VALUES (1, ?, ?)"
_UNMARK: Final = "DELETE FROM folding"
_MARK_NEWEST: Final = (
    "INSERT INTO folding (id, organisation_id, log_id) SELECT 1, organisation_id, id FROM log"
    " ORDER BY rowid DESC LIMIT 1"
)
_LAST: Final = (
    "SELECT rowid, organisation_id, id FROM log"
    " WHERE rowid < (SELECT min(rowid) FROM log WHERE rowid > ?) + ? ORDER BY rowid DESC LIMIT 1"
)
# The indexes of `log` would be of no use in a stretch of it, and SQLite might think otherwise.
_EXPOSED: Final = "SELECT 1 FROM log NOT INDEXED WHERE rowid > ? AND trial_id IS NOT NULL LIMIT 1"
_STRETCH: Final = "FROM log NOT INDEXED WHERE rowid > ? AND rowid <= ? AND trial_id IS NOT NULL"
_ARM: Final = "organisation_id, experiment_id, environment_id, config_id"
# A log is counted for its arm, also when a fallback answered in the place of that.
_ARM_OF_LOG: Final = "organisation_id, experiment_id, environment_id, coalesce(arm_id, config_id)"
_COST: Final = (
    "CASE WHEN coalesce(prompt_cost, output_cost) IS NOT NULL"
    " THEN coalesce(prompt_cost, 0.0) + coalesce(output_cost, 0.0) END"
)
_CREDIBLE: Final = f"BETWEEN 0 AND {MOST_TOKENS}"
_PRICED: Final = f"WHERE cost BETWEEN {-MOST_DOLLARS} AND {MOST_DOLLARS}"
# In the order of the columns of `arm_usage` after `trials`, then the durations, in digits enough to be the same again.
_TAKEN: Final = (
    f"SELECT {_ARM_OF_LOG}, count(*), count(nullif(error_kind, '{CANCELLED}')),"  # noqa: S608 - our own words
    f" coalesce(sum(prompt_tokens) FILTER (WHERE prompt_tokens {_CREDIBLE}), 0),"
    f" coalesce(sum(output_tokens) FILTER (WHERE output_tokens {_CREDIBLE}), 0),"
    f" total(cost) FILTER ({_PRICED}), count(cost) FILTER ({_PRICED}),"
    " group_concat(printf('%!.20g', duration)) FILTER (WHERE error_kind IS NULL AND duration IS NOT NULL)"
    f" FROM (SELECT *, {_COST} AS cost {_STRETCH}"
    " AND experiment_id IS NOT NULL AND environment_id IS NOT NULL AND config_id IS NOT NULL)"
    f" GROUP BY {_ARM_OF_LOG}"
)
_TRIALS: Final = (
    f"INSERT INTO trial ({_ARM}, id, created_at) SELECT {_ARM_OF_LOG}, trial_id, created_at {_STRETCH}"
    " AND organisation_id = ? AND experiment_id = ? AND environment_id = ? AND coalesce(arm_id, config_id) = ?"
    " ORDER BY rowid ON CONFLICT DO NOTHING"
)
