"""Logs that pass a filter, in an order."""

from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import LogFilter
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.log_counted import counted_page
from everloop.storage.log_looks import looked_at
from everloop.storage.log_tables import log


async def read_page(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest
) -> tuple[list[Row[Any]], int]:
    """The rows of `log` on a page, and how many there are on all pages."""
    found = await counted_page(connection, scope, project_id, chosen, request)
    ids, total = found or await looked_at(connection, scope, project_id, chosen, request)
    mine = and_(log.c.organisation_id == scope.organisation_id, log.c.id.in_(ids))
    rows = {row.id: row for row in (await connection.execute(select(log).where(mine))).all()} if ids else {}
    return [rows[each] for each in ids], total
