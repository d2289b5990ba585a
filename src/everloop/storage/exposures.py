"""What the logs of experiments bring with them: their trials, and what they add to the usage of their arms.

Written by the log writer in the transaction of the logs themselves; sums are put together over the whole batch first.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

from sqlalchemy import Table, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import OrganisationId
from everloop.domain.latency import bucket_of
from everloop.domain.log import Log
from everloop.domain.scope import Scope
from everloop.domain.trial import Trial
from everloop.storage.experiment_tables import arm_latency, arm_usage
from everloop.storage.experiment_tables import trial as trial_table

Value = str | int | float
# Organisation, experiment, environment, arm.
Arm = tuple[str, str, str, str]
# Organisation, id, experiment, environment, arm, time; and of each log: failed, prompt tokens, output tokens, cost,
# priced, bucket of its latency.
TrialRow = tuple[str, str, str, str, str, int]
Taken = tuple[Arm, int, int, int, float, int, int | None]

# A caller who went away is no failure of the arm (`services.record.CANCELLED`).
_CANCELLED: Final = "cancelled"
# Rows of one statement, as in `log_batch`.
_CHUNK: Final = 64
_TRIALS: Final = "INSERT INTO trial (organisation_id, id, experiment_id, environment_id, config_id, created_at) VALUES "
_NEW: Final = " ON CONFLICT DO NOTHING RETURNING organisation_id, experiment_id, environment_id, config_id"


class Exposures:
    """The trials of some logs and what each log took."""

    __slots__ = ("taken", "trials")

    def __init__(self, trials: Sequence[TrialRow], taken: Sequence[Taken]) -> None:
        self.trials = trials
        self.taken = taken


def exposures_of(organisation_id: OrganisationId, logs: Sequence[Log]) -> Exposures | None:
    """Of the logs that belong to an experiment; None when none does."""
    trials: dict[str, TrialRow] = {}
    taken: list[Taken] = []
    for each in logs:
        if each.experiment_id is None or each.trial_id is None or each.environment_id is None or each.config_id is None:
            continue
        arm = (organisation_id, each.experiment_id, each.environment_id, each.config_id)
        trials[each.trial_id] = (organisation_id, each.trial_id, *arm[1:], each.created_at)
        taken.append((arm, *_taken(each)))
    return Exposures(list(trials.values()), taken) if taken else None


def _taken(each: Log) -> tuple[int, int, int, float, int, int | None]:
    usage, failed = each.usage, each.error_kind is not None
    priced = each.prompt_cost is not None or each.output_cost is not None
    return (
        int(failed and each.error_kind != _CANCELLED),
        usage.prompt_tokens if usage else 0,
        usage.output_tokens if usage else 0,
        (each.prompt_cost or 0.0) + (each.output_cost or 0.0),
        int(priced),
        None if failed or each.duration is None else bucket_of(each.duration),
    )


async def expose(connection: AsyncConnection, scope: Scope, trial: Trial) -> None:
    """Keeps one trial in a transaction of the configuration's side, unless it is known, and counts it."""
    place = {
        "organisation_id": scope.organisation_id,
        "experiment_id": trial.experiment_id,
        "environment_id": trial.environment_id,
        "config_id": trial.config_id,
    }
    known = select(trial_table.c.id).where(
        trial_table.c.organisation_id == scope.organisation_id, trial_table.c.id == trial.id
    )
    if (await connection.execute(known)).first() is not None:
        return
    await connection.execute(insert(trial_table).values(**place, id=trial.id, created_at=trial.created_at))
    mine = and_(*(arm_usage.c[name] == value for name, value in place.items()))
    counted = await connection.execute(update(arm_usage).where(mine).values(trials=arm_usage.c.trials + 1))
    if counted.rowcount == 0:
        sums = {column.name: 0 for column in arm_usage.columns}
        await connection.execute(insert(arm_usage).values({**sums, **place, "trials": 1}))


def write_exposures(connection: sqlite3.Connection, exposures: Sequence[Exposures]) -> None:
    """Writes them into an open transaction. Raises `sqlite3.Error`."""
    usage: dict[Arm, list[float]] = defaultdict(lambda: [0, 0, 0, 0, 0, 0.0, 0])
    latency: dict[tuple[str | int, ...], int] = defaultdict(int)
    for arm in _new_trials(connection, chain.from_iterable(each.trials for each in exposures)):
        usage[arm][0] += 1
    for arm, *took, bucket in chain.from_iterable(each.taken for each in exposures):
        sums = usage[arm]
        sums[1] += 1
        for place, amount in enumerate(took, 2):
            sums[place] += amount
        if bucket is not None:
            latency[(*arm, bucket)] += 1
    _add(connection, arm_usage, [(*arm, *sums) for arm, sums in usage.items()])
    _add(connection, arm_latency, [(*place, count) for place, count in latency.items()])


def _new_trials(connection: sqlite3.Connection, rows: Iterable[TrialRow]) -> list[Arm]:
    """Keeps the trials that are not known yet; the arms of those."""
    waiting = list(rows)
    new: list[Arm] = []
    for start in range(0, len(waiting), _CHUNK):
        chunk = waiting[start : start + _CHUNK]
        statement = _TRIALS + ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(chunk)) + _NEW
        new += connection.execute(statement, list(chain.from_iterable(chunk))).fetchall()
    return new


def _add(connection: sqlite3.Connection, table: Table, rows: Sequence[tuple[Value, ...]]) -> None:
    """Adds to the sums, beginning those that are not there."""
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        connection.execute(_addition(table, len(chunk)), list(chain.from_iterable(chunk)))


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
