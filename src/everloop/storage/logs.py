"""Logs, once written."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import LogId, ProjectId, SessionId
from everloop.domain.log import Log, LogCompletion, LogLink
from everloop.domain.log_filter import LogFilter
from everloop.domain.page import Page, PageRequest
from everloop.domain.scope import Scope
from everloop.storage.log_changes import complete_log, delete_logs
from everloop.storage.log_counts import of_projects, place
from everloop.storage.log_rows import body_of, log_of
from everloop.storage.log_search import read_page
from everloop.storage.log_tables import log as table
from everloop.storage.log_tables import log_body
from everloop.storage.log_weights import weights
from everloop.storage.page_bytes import is_small_enough, too_large
from everloop.storage.projects import in_present
from everloop.storage.transactions import Transactions

_LINK: Final = select(table.c.id, table.c.project_id, table.c.session_id, table.c.session_reference_id)


class Logs:
    """`ports.logs.LogStore`."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    async def get(self, scope: Scope, log_id: LogId) -> Log | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(table).where(_with_id(scope, log_id)))).one_or_none()
            return None if row is None else (await _with_bodies(connection, scope, [row]))[0]

    async def some(self, scope: Scope, log_ids: Sequence[LogId]) -> dict[LogId, Log]:
        mine = and_(table.c.organisation_id == scope.organisation_id, table.c.id.in_(log_ids), in_present(table))
        async with self._database.read() as connection:
            rows = (await connection.execute(select(table).where(mine))).all()
            return {each.id: each for each in await _with_bodies(connection, scope, rows)}

    async def link(self, scope: Scope, log_id: LogId) -> LogLink | None:
        async with self._database.read() as connection:
            return _link_of((await connection.execute(_LINK.where(_with_id(scope, log_id)))).one_or_none())

    async def link_by_reference(self, scope: Scope, reference_id: str) -> LogLink | None:
        mine = and_(table.c.organisation_id == scope.organisation_id, table.c.reference_id == reference_id)
        mine = and_(mine, in_present(table))
        async with self._database.read() as connection:
            query = _LINK.where(mine).order_by(table.c.id.desc()).limit(1)
            return _link_of((await connection.execute(query)).one_or_none())

    async def page(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[Log]:
        mine = and_(table.c.organisation_id == scope.organisation_id, table.c.project_id == project_id)
        async with self._database.read() as connection:
            begin = await place(connection, scope.organisation_id, project_id, request.offset)
            below = mine if begin.below is None else and_(mine, table.c.id < begin.below)
            query = select(table).where(below).order_by(table.c.id.desc()).offset(begin.offset).limit(request.size)
            rows = (await connection.execute(query)).all()
            return Page(await _page(connection, scope, rows), begin.total)

    async def find(self, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest) -> Page[Log]:
        async with self._database.read() as connection:
            rows, total = await read_page(connection, scope, project_id, chosen, request)
            return Page(await _page(connection, scope, rows), total)

    async def count(self, scope: Scope, project_ids: Sequence[ProjectId]) -> dict[ProjectId, int]:
        async with self._database.read() as connection:
            return await of_projects(connection, scope.organisation_id, project_ids)

    async def update(self, scope: Scope, log_id: LogId, change: LogCompletion, now: int) -> bool:
        async with self._database.write(scope.organisation_id) as connection:
            return await complete_log(connection, scope, log_id, change, now)

    async def delete(self, scope: Scope, log_ids: Sequence[LogId]) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            await delete_logs(connection, scope, log_ids)


def _with_id(scope: Scope, log_id: LogId) -> ColumnElement[bool]:
    return and_(table.c.organisation_id == scope.organisation_id, table.c.id == log_id, in_present(table))


def _link_of(row: Row[str, str, str | None, str | None] | None) -> LogLink | None:
    if row is None:
        return None
    session_id = None if row.session_id is None else SessionId(row.session_id)
    return LogLink(LogId(row.id), ProjectId(row.project_id), session_id, row.session_reference_id)


async def _page(connection: AsyncConnection, scope: Scope, rows: Sequence[Row[Any]]) -> tuple[Log, ...]:
    """The logs of a page, which may hold too much. Raises `TooLarge`."""
    # One log has to be readable, whatever it holds.
    bound = is_small_enough(weights(scope, rows)) if len(rows) > 1 else None
    return await _with_bodies(connection, scope, rows, bound)


async def _with_bodies(
    connection: AsyncConnection, scope: Scope, rows: Sequence[Row[Any]], bound: ColumnElement[bool] | None = None
) -> tuple[Log, ...]:
    """The logs in the rows; their bodies are read after the page is cut, so that skipped ones cost nothing."""
    if not rows:
        return ()
    query = select(log_body).where(
        log_body.c.organisation_id == scope.organisation_id, log_body.c.log_id.in_([row.id for row in rows])
    )
    found = (await connection.execute(query if bound is None else query.where(bound))).all()
    if not found:
        raise too_large("logs")
    bodies = {row.log_id: body_of(row) for row in found}
    return tuple(log_of(row, bodies[row.id]) for row in rows)
