"""Which logs have a value of feedback, and how many: kept in the transaction in which feedback or logs change.

Whoever changes the feedback of logs, or deletes them, takes them out before (`forget`) and has those that are left
counted after it (`remember`). One organisation's writers take turns, so that nobody counts between the two.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.feedback import FeedbackClass
from everloop.domain.ids import LogId
from everloop.domain.scope import Scope
from everloop.storage.counting import SOURCE_MARK, STRETCH
from everloop.storage.texts import escaped

# Logs of one statement: SQLite takes 32,766 values.
_MOST: Final = 10_000
# Characters of a value that are in an index.
HEAD: Final = 100

_LOG: Final = "organisation_id, id, config_id, source, created_at"
_SAME_VALUE: Final = (
    "said_value.organisation_id = feedback.organisation_id AND said_value.project_id = feedback.project_id"
    f" AND said_value.type = feedback.type AND said_value.head = substr(feedback.value, 1, {HEAD})"
    " AND said_value.value = feedback.value"
)
_OF_THESE: Final = (
    "these JOIN feedback ON feedback.organisation_id = these.organisation_id AND feedback.log_id = these.id"
)
_TOUCHED: Final = (
    "WITH these AS ({these}),"  # noqa: S608 - our own words
    " touched AS (SELECT DISTINCT these.organisation_id, said_value.number AS said, these.id,"
    f" substr(these.id, 1, {STRETCH}) AS stretch, coalesce(these.config_id, '') AS config_id,"
    f" coalesce('{SOURCE_MARK}' || these.source, '') AS source, these.created_at, said_value.type, said_value.value"
    f" FROM {_OF_THESE} JOIN said_value ON {_SAME_VALUE})"
)
_CELL: Final = "organisation_id, said, stretch, config_id, source"
_COUNTED: Final = (
    f"{_TOUCHED}, counted AS (SELECT touched.organisation_id, touched.said, stretch, config_id, source,"  # noqa: S608 - as above
    " count(*) AS logs, sum(newest) AS newest_logs, min(created_at) AS first_at, max(created_at) AS last_at"
    " FROM touched JOIN said_log ON said_log.organisation_id = touched.organisation_id"
    " AND said_log.said = touched.said AND said_log.log_id = touched.id"
    " GROUP BY touched.organisation_id, touched.said, stretch, config_id, source)"
)
_SAME_CELL: Final = " AND ".join(f"said_cell.{name} = counted.{name}" for name in _CELL.split(", "))
_FORGET: Final = (
    (
        f"{_COUNTED} UPDATE said_cell SET logs = said_cell.logs - counted.logs,"  # noqa: S608 - our own words
        f" newest_logs = said_cell.newest_logs - counted.newest_logs FROM counted WHERE {_SAME_CELL}"
    ),
    (
        f"{_TOUCHED} DELETE FROM said_log WHERE (organisation_id, said, log_id)"  # noqa: S608 - as above
        " IN (SELECT organisation_id, said, id FROM touched)"
    ),
    (
        f"{_TOUCHED} DELETE FROM said_cell WHERE logs = 0"  # noqa: S608 - as above
        " AND (organisation_id, said, stretch) IN (SELECT organisation_id, said, stretch FROM touched)"
    ),
)
_NEWEST: Final = (
    "SELECT value FROM feedback WHERE feedback.organisation_id = touched.organisation_id"
    " AND feedback.log_id = touched.id AND feedback.type = touched.type ORDER BY created_at DESC, number DESC LIMIT 1"
)
_BEGIN: Final = (
    (
        # Found first: to have them in order SQLite would go through all feedback of the organisation.
        "WITH these AS ({these}), feedback_of_these AS MATERIALIZED"  # noqa: S608 - as above
        f" (SELECT feedback.organisation_id, feedback.project_id, feedback.type, feedback.value FROM {_OF_THESE})"
        " INSERT INTO said_value (organisation_id, project_id, type, head, value)"
        " SELECT DISTINCT feedback.organisation_id, feedback.project_id, feedback.type,"
        f" substr(feedback.value, 1, {HEAD}), feedback.value FROM feedback_of_these AS feedback"
        " JOIN feedback_type ON feedback_type.organisation_id = feedback.organisation_id"
        " AND feedback_type.project_id = feedback.project_id AND feedback_type.name = feedback.type"
        f" WHERE feedback_type.kind <> '{FeedbackClass.TEXT}'"
        f" AND NOT EXISTS (SELECT 1 FROM said_value WHERE {_SAME_VALUE})"
    ),
    (
        f"{_TOUCHED} INSERT INTO said_log (organisation_id, said, log_id, newest)"  # noqa: S608 - as above
        f" SELECT organisation_id, said, id, CASE WHEN value = ({_NEWEST}) THEN 1 ELSE 0 END FROM touched"
    ),
)
_ADD: Final = (
    f"{_COUNTED} UPDATE said_cell SET logs = said_cell.logs + counted.logs,"  # noqa: S608 - as above
    " newest_logs = said_cell.newest_logs + counted.newest_logs,"
    " first_at = CASE WHEN counted.first_at < said_cell.first_at THEN counted.first_at ELSE said_cell.first_at END,"
    " last_at = CASE WHEN counted.last_at > said_cell.last_at THEN counted.last_at ELSE said_cell.last_at END"
    f" FROM counted WHERE {_SAME_CELL}"
)
_NEW: Final = (
    f"{_COUNTED} INSERT INTO said_cell ({_CELL}, logs, newest_logs, first_at, last_at)"  # noqa: S608 - as above
    f" SELECT {_CELL}, logs, newest_logs, first_at, last_at FROM counted"
    f" WHERE NOT EXISTS (SELECT 1 FROM said_cell WHERE {_SAME_CELL})"
)
_REMEMBER: Final = (*_BEGIN, _ADD, _NEW)

# Of all logs, for those who wrote feedback by other means: everything is found anew.
FILL: Final = (
    "DELETE FROM said_cell",
    "DELETE FROM said_log",
    "DELETE FROM said_value",
    *(each.format(these=f"SELECT {_LOG} FROM log") for each in (*_BEGIN, _NEW)),  # noqa: S608 - as above
)


def forgetting(these: str) -> tuple[str, ...]:
    """The statements that take logs out; `these` is a query of them with the columns of `log`."""
    return tuple(each.format(these=f"SELECT {_LOG} FROM ({these}) logs") for each in _FORGET)  # noqa: S608 - as above


@asynccontextmanager
async def counting_said(connection: AsyncConnection, scope: Scope, log_ids: Collection[LogId]) -> AsyncIterator[None]:
    """Has the feedback of these logs counted as it is after the block, in a transaction that writes."""
    await connection.run_sync(partial(_each, _FORGET, scope, log_ids))
    yield
    await connection.run_sync(partial(_each, _REMEMBER, scope, log_ids))


async def forget(connection: AsyncConnection, scope: Scope, log_ids: Collection[LogId]) -> None:
    """Takes logs out that are about to be deleted, before their feedback is."""
    await connection.run_sync(partial(_each, _FORGET, scope, log_ids))


def forget_here(execute: Any, organisation_id: str, ids: Sequence[str]) -> None:  # noqa: ANN401 - `folding.Execute`
    """The same in a SQLite database, without SQLAlchemy."""
    for statement in _FORGET:
        execute(statement.format(these=_some_here(len(ids))), (organisation_id, *ids))


def _each(statements: Sequence[str], scope: Scope, log_ids: Collection[LogId], connection: Connection) -> None:
    ids = sorted(log_ids)
    for start in range(0, len(ids), _MOST):
        some = ids[start : start + _MOST]
        values: tuple[Any, ...] = (scope.organisation_id, *some)
        these = _some_here(len(some))
        if connection.dialect.name == "postgresql":
            these, values = SOME, (scope.organisation_id, [escaped(each) for each in some])
        for statement in statements:
            connection.exec_driver_sql(statement.format(these=these), values)


# The same for asyncpg: an organisation, and an array of ids.
SOME: Final = f"SELECT {_LOG} FROM log WHERE organisation_id = $1 AND id = ANY($2)"  # noqa: S608 - as above


def _some_here(number: int) -> str:
    return f"SELECT {_LOG} FROM log WHERE organisation_id = ? AND id IN ({', '.join('?' * number)})"  # noqa: S608 - as above
