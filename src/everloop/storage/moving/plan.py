"""Which tables are moved, and in which order."""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import Table

from everloop import errors
from everloop.storage.experiment_tables import folding
from everloop.storage.log_tables import config_logs, project_logs
from everloop.storage.said_tables import said_cell, said_log, said_value
from everloop.storage.tables import metadata, probe

# Tables whose rows are of no use on the other side, and why. All others are moved, also those that come later.
STAYS: Final[Mapping[str, str]] = {
    probe.name: "one row, overwritten to see whether the database takes writes",
    folding.name: "how far the sums of experiments have come on SQLite; on PostgreSQL each batch of logs has its own",
    project_logs.name: "how many of the folded logs each project has on SQLite; PostgreSQL counts the logs",
    config_logs.name: "the same of configs",
    **{each.name: "found anew there, out of the feedback" for each in (said_value, said_log, said_cell)},
}
# Written by the migrations of each side itself.
_REVISION: Final = "alembic_version"


def tables_to_move(there: Collection[str]) -> tuple[Table, ...]:
    """The tables to move, each after those that its foreign keys name; `there` are the names of the source's tables.

    Raises `errors.Unprocessable` for a table that is not known, whose rows would be left behind.
    """
    unknown = sorted(set(there) - metadata.tables.keys() - {_REVISION})
    if unknown:
        raise errors.Unprocessable(
            f"The SQLite database has tables that are not Everloop's and would be left behind: {', '.join(unknown)}."
            " Move them elsewhere first."
        )
    return tuple(table for table in metadata.sorted_tables if table.name not in STAYS)
