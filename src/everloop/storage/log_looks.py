"""Pages that are found by a look at each log of the project."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, FromClause, Text, false, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import LogFilter
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.log_cells import cells, has_times
from everloop.storage.log_conditions import BODY, conditions
from everloop.storage.log_orders import ordered
from everloop.storage.log_said import ids_by_said
from everloop.storage.log_tables import log, log_body
from everloop.storage.text_functions import last_text

Found = tuple[Sequence[str], int]


async def looked_at(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest
) -> Found:
    """The ids on a page, and how many logs there are on all pages."""
    passing = conditions(scope, project_id, chosen) + await _in_time(connection, scope, project_id, chosen)
    place: FromClause = log.join(log_body, BODY) if chosen.search or chosen.metadata_search else log
    if chosen == LogFilter(order=chosen.order[:1]) and chosen.order and chosen.order[0].feedback_type is not None:
        ids = await ids_by_said(connection, scope, project_id, chosen.order[0], request)
    else:
        # Sorted by themselves: whole rows would be carried along for all that is found.
        query = ordered(select(log.c.id).where(*passing), place, chosen.order, scope, project_id)
        ids = (await connection.execute(query.offset(request.offset).limit(request.size))).scalars().all()
    total = request.offset + len(ids)
    if len(ids) == request.size or (not ids and request.offset):
        total = (await connection.execute(select(func.count()).select_from(place).where(*passing))).scalar_one()
    return ids, total


async def _in_time(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, chosen: LogFilter
) -> list[ColumnElement[bool]]:
    """Between which ids the logs lie that were made in the time that is asked for, where counts tell it."""
    if not has_times(chosen) or connection.dialect.name != "sqlite":
        return []
    counted = cells(scope, project_id, replace(chosen, search=None, metadata_search=None, feedback=()))
    first, last = (await connection.execute(select(func.min(counted.c.stretch), func.max(counted.c.stretch)))).one()
    if first is None:
        return [false()]
    return [log.c.id >= first, log.c.id < literal(last, Text) + last_text()]
