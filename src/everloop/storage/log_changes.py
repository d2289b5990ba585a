"""Logs changed and deleted, each in a transaction of somebody else that writes.

The sums of experiments go on telling of a log as it was when it was made: so do those of logs whose time is over.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import LogId
from everloop.domain.log import REPORTED, LogCompletion
from everloop.domain.scope import Scope
from everloop.storage.counting import uncount
from everloop.storage.folded import fold_here
from everloop.storage.folding import mark_newest
from everloop.storage.log_tables import log, log_body
from everloop.storage.projects import in_present
from everloop.storage.said_rows import forget
from everloop.storage.tables import feedback


async def complete_log(
    connection: AsyncConnection, scope: Scope, log_id: LogId, change: LogCompletion, now: int
) -> bool:
    """Changes one log, and says whether it is there. A log that keeps no text gets none now either."""
    mine = and_(log.c.organisation_id == scope.organisation_id, log.c.id == log_id)
    kept = (await connection.execute(select(log.c.save, log.c.trial_id).where(mine, in_present(log)))).one_or_none()
    if kept is None:
        return False
    if kept.trial_id is not None:
        await fold_here(connection)
    await connection.execute(update(log).where(mine).values(_numbers(change, now)))
    texts = _texts(change)
    if kept.save and texts:
        body = and_(log_body.c.organisation_id == scope.organisation_id, log_body.c.log_id == log_id)
        await connection.execute(update(log_body).where(body).values(texts))
    return True


async def delete_logs(connection: AsyncConnection, scope: Scope, log_ids: Sequence[LogId]) -> None:
    """Deletes those of the logs that are there, with their feedback."""
    keeps_sums = connection.dialect.name == "sqlite"
    if keeps_sums:
        await fold_here(connection)
        await connection.run_sync(_uncount, scope, log_ids)
    await forget(connection, scope, log_ids)
    for table, owner in ((feedback, feedback.c.log_id), (log_body, log_body.c.log_id), (log, log.c.id)):
        mine = and_(table.c.organisation_id == scope.organisation_id, owner.in_(log_ids))
        await connection.execute(delete(table).where(mine))
    if keeps_sums:
        await connection.run_sync(lambda here: mark_newest(here.exec_driver_sql))


def _uncount(connection: Connection, scope: Scope, log_ids: Sequence[LogId]) -> None:
    uncount(connection.exec_driver_sql, scope.organisation_id, log_ids)


def _numbers(change: LogCompletion, now: int) -> dict[str, Any]:
    values: dict[str, Any] = {"updated_at": now}
    if change.duration is not None:
        values["duration"] = change.duration
    if change.error:
        values["error_kind"] = REPORTED
    return values


def _texts(change: LogCompletion) -> dict[str, str]:
    said = {"output": change.output, "raw_output": change.output, "error": change.error}
    return {name: text for name, text in said.items() if text is not None}
