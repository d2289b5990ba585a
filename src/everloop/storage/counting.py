"""How many logs each project and config has in a SQLite database, kept as they are folded and as they are deleted.

A project's are counted by stretches of ids, so that a page far back is found without a walk over all logs before it: a
stretch is what ids begin with, for ids that carry a time four hours of it. Within a stretch they are counted by config
and source, with the times between which they lie, so that filters and orders of these find their page as well
(`log_cells`). A config's are counted with the time of the last one. All these times may reach further than the logs
that are left once others were deleted.
"""

from collections.abc import Sequence
from typing import Any, Final

from everloop.domain.ids import Prefix

# Of the seven characters of time in an id the first three.
STRETCH: Final = len(f"{Prefix.LOG}_") + 3

# Columns of a key cannot be empty: no config is the empty text, and a source stands behind a mark.
SOURCE_MARK: Final = "="
_BY_PROJECT: Final = (
    f"organisation_id, project_id, substr(id, 1, {STRETCH}), coalesce(config_id, ''),"
    f" coalesce('{SOURCE_MARK}' || source, '')"
)
_BY_CONFIG: Final = "organisation_id, config_id"
_ADD: Final = (
    (
        f"INSERT INTO project_logs SELECT {_BY_PROJECT}, {{sign}}count(*), min(created_at), max(created_at)"  # noqa: S608 - our own words
        f" FROM log {{which}} GROUP BY {_BY_PROJECT} ON CONFLICT DO UPDATE SET logs = logs + excluded.logs,"
        " first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)"
    ),
    (
        f"INSERT INTO config_logs SELECT {_BY_CONFIG}, {{sign}}count(*), max(created_at) FROM log {{which}}"  # noqa: S608 - as above
        f" AND config_id IS NOT NULL GROUP BY {_BY_CONFIG}"
        " ON CONFLICT DO UPDATE SET logs = logs + excluded.logs, last_at = max(last_at, excluded.last_at)"
    ),
)
# The indexes of `log` would be of no use in a few of its newest rows, and SQLite might think otherwise.
_FOLDED: Final = tuple(each.format(sign="", which="NOT INDEXED WHERE rowid > ? AND rowid <= ?") for each in _ADD)
_ALL: Final = tuple(each.format(sign="", which="WHERE true") for each in _ADD)


def count(execute: Any, after: int, last: int) -> None:  # noqa: ANN401 - `folding.Execute`
    """Counts the logs from one row id, not with it, to another, with it."""
    for statement in _FOLDED:
        execute(statement, (after, last))


def uncount(execute: Any, organisation_id: str, ids: Sequence[str]) -> None:  # noqa: ANN401 - as above
    """Takes logs out that are counted and about to be deleted."""
    which = f"WHERE organisation_id = ? AND id IN ({', '.join('?' * len(ids))})"
    for statement in _ADD:
        execute(statement.format(sign="-", which=which), (organisation_id, *ids))
    for table in ("project_logs", "config_logs"):
        execute(f"DELETE FROM {table} WHERE organisation_id = ? AND logs = 0", (organisation_id,))  # noqa: S608 - our own names


def recount(execute: Any) -> None:  # noqa: ANN401 - as above
    """Counts all logs anew."""
    for table, statement in zip(("project_logs", "config_logs"), _ALL, strict=True):
        execute(f"DELETE FROM {table}", ())  # noqa: S608 - our own names
        execute(statement, ())
