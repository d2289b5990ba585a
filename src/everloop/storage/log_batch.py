"""One transaction of logs, in as few statements as there are tables."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final

from sqlalchemy import Table

from everloop.domain.ids import OrganisationId
from everloop.domain.log import Log
from everloop.storage.exposures import Exposure
from everloop.storage.folding import STATEMENTS
from everloop.storage.log_rows import Texts, Values, body_values, log_values, session_values
from everloop.storage.log_tables import log, log_body, session

# Rows of one statement. SQLite takes 32,766 values in one (https://www.sqlite.org/limits.html); a log has 32.
CHUNK: Final = 64
# A body with a text beyond this, in characters, has a statement to itself. A statement keeps what was bound to it until
# it is used again: long texts in statements of every size would stay in memory many times over.
LONG: Final = 16_384
# The statements of every chunk size of three tables, and those of `folding`.
CACHED_STATEMENTS: Final = 3 * CHUNK + STATEMENTS + 8


@dataclass(frozen=True, slots=True)
class Rows:
    """What one call brings: its logs as rows, kept all or none."""

    logs: list[Values]
    bodies: list[Texts]
    sessions: list[Values]
    exposures: list[Exposure]


def rows_of(organisation_id: OrganisationId, logs: Sequence[Log]) -> Rows:
    """The rows of some logs. Raises `UnicodeDecodeError` when JSON is not UTF-8."""
    return Rows(
        [log_values(organisation_id, each) for each in logs],
        [body_values(organisation_id, each) for each in logs],
        session_values(organisation_id, logs),
        [(organisation_id, each) for each in logs if each.experiment_id is not None],
    )


def write(connection: sqlite3.Connection, batch: Sequence[Rows]) -> None:
    """Inserts everything into an open transaction.

    Raises `sqlite3.Error`, and `UnicodeEncodeError` or `OverflowError` for a value that SQLite cannot hold.
    """
    _insert(connection, session, chain.from_iterable(rows.sessions for rows in batch))
    _insert(connection, log, chain.from_iterable(rows.logs for rows in batch))
    short: list[Values] = []
    for body in chain.from_iterable(rows.bodies for rows in batch):
        if max(map(len, filter(None, body))) > LONG:
            _insert(connection, log_body, [body])
        else:
            short.append(body)
    _insert(connection, log_body, short)


def _insert(connection: sqlite3.Connection, table: Table, rows: Iterable[Values]) -> None:
    """Many rows in a statement: after each row of `executemany` the interpreter's lock changes hands."""
    waiting = list(rows)
    for start in range(0, len(waiting), CHUNK):
        chunk = waiting[start : start + CHUNK]
        connection.execute(_statement(table, len(chunk)), list(chain.from_iterable(chunk)))


@lru_cache(maxsize=3 * CHUNK)
def _statement(table: Table, rows: int) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    places = "(" + ", ".join("?" * len(table.columns)) + ")"
    values = ", ".join([places] * rows)
    # The first log of a session makes it, or its caller did; the later ones find it there, unless it was deleted.
    known = " ON CONFLICT DO NOTHING" if table is session else ""
    return f'INSERT INTO "{table.name}" ({names}) VALUES {values}{known}'  # noqa: S608 - names of our own tables
