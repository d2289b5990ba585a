"""One batch of logs in PostgreSQL, in one statement: each column goes there as an array."""

from collections.abc import Iterable, Sequence
from itertools import chain
from math import isnan
from typing import Any, Final

from sqlalchemy import Column, Table

from everloop.storage.experiment_tables import arm_latency, arm_usage, trial
from everloop.storage.exposures import gathered
from everloop.storage.log_batch import Rows
from everloop.storage.log_rows import Values
from everloop.storage.log_tables import log, log_body, session
from everloop.storage.texts import escaped

# The columns of a trial that the log writer knows.
_TRIAL: Final = tuple(trial.columns)[:6]


async def write(connection: Any, batch: Sequence[Rows]) -> None:  # noqa: ANN401 - asyncpg has no types
    """Inserts everything into an open transaction, or in one of its own when there are no exposures.

    Raises the driver's errors. What several processes may write at once is in the order of its key, so that none of
    them waits for another that waits for it.
    """
    sessions = sorted(chain.from_iterable(rows.sessions for rows in batch), key=lambda row: row[:2])
    await connection.execute(
        _LOGS,
        *_arrays(session.columns, sessions),
        *_arrays(log.columns, chain.from_iterable(rows.logs for rows in batch)),
        *_arrays(log_body.columns, chain.from_iterable(rows.bodies for rows in batch)),
    )
    exposures = [each for rows in batch for each in rows.exposures]
    if exposures:
        found = gathered(exposures)
        new = await connection.fetch(_TRIALS, *_arrays(_TRIAL, sorted(found.trials.values())))
        found.count(tuple(row) for row in new)
        await connection.execute(_USAGE, *_arrays(arm_usage.columns, sorted(found.usage())))
        await connection.execute(_LATENCIES, *_arrays(arm_latency.columns, sorted(found.latencies())))


def _arrays(columns: Iterable[Column[Any]], rows: Iterable[Values]) -> list[list[Any]]:
    """An array for each column, none of them with a value that PostgreSQL cannot hold and SQLite can."""
    arrays = list(zip(*rows, strict=True))
    return [[_storable(value) for value in array] for array in (arrays or [()] * len(tuple(columns)))]


def _storable(value: str | float | None) -> str | float | None:
    if isinstance(value, str):
        return escaped(value)
    # SQLite has no number that is none.
    return None if isinstance(value, float) and isnan(value) else value


def _insert(table: Table, columns: Sequence[Column[Any]], first: int = 1) -> str:
    """An INSERT whose values are arrays, one for each column, from that parameter on."""
    names = ", ".join(f'"{column.name}"' for column in columns)
    arrays = ", ".join(f"${number}::{_type(column)}[]" for number, column in enumerate(columns, first))
    return f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({arrays})'  # noqa: S608 - our own names


def _type(column: Column[Any]) -> str:
    return {str: "text", int: "bigint", bool: "boolean", float: "double precision"}[column.type.python_type]


def _logs() -> str:
    # As in `storage.log_batch`.
    sessions = f"{_insert(session, tuple(session.columns))} ON CONFLICT DO NOTHING"
    first = len(session.columns) + 1
    logs = _insert(log, tuple(log.columns), first)
    bodies = _insert(log_body, tuple(log_body.columns), first + len(log.columns))
    return f"WITH sessions AS ({sessions}), logs AS ({logs}) {bodies}"


def _addition(table: Table) -> str:
    key = [column.name for column in table.primary_key.columns]
    sums = ", ".join(
        f"{column.name} = {table.name}.{column.name} + excluded.{column.name}"
        for column in table.columns
        if column.name not in key
    )
    return f"{_insert(table, tuple(table.columns))} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sums}"


_LOGS: Final = _logs()
_TRIALS: Final = (
    f"{_insert(trial, _TRIAL)} ON CONFLICT DO NOTHING"
    " RETURNING organisation_id, experiment_id, environment_id, config_id"
)
_USAGE: Final = _addition(arm_usage)
_LATENCIES: Final = _addition(arm_latency)
