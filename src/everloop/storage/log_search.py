"""Logs that pass a filter, in an order."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import FromClause, Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import LogFilter
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.log_conditions import BODY, conditions
from everloop.storage.log_orders import ordered
from everloop.storage.log_places import MOST_UNITS, find_place
from everloop.storage.log_said import ids_by_said
from everloop.storage.log_tables import log, log_body
from everloop.storage.log_units import ids_in


async def read_page(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest
) -> tuple[list[Row[Any]], int]:
    """The rows of `log` on a page, and how many there are on all pages."""
    if connection.dialect.name == "sqlite" and _is_of_columns(chosen):
        ids, total = await _counted(connection, scope, project_id, chosen, request)
    else:
        ids, total = await _looked_at(connection, scope, project_id, chosen, request)
    mine = and_(log.c.organisation_id == scope.organisation_id, log.c.id.in_(ids))
    rows = {row.id: row for row in (await connection.execute(select(log).where(mine))).all()} if ids else {}
    return [rows[each] for each in ids], total


def _is_of_columns(chosen: LogFilter) -> bool:
    """Whether counts by column tell where the page is."""
    texts = chosen.search or chosen.metadata_search
    return not (texts or chosen.feedback or len(chosen.order) > 1 or any(each.feedback_type for each in chosen.order))


async def _counted(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest
) -> tuple[Sequence[str], int]:
    """The ids on a page and the total, by the counts that are kept: logs are looked at where the page is."""
    place = await find_place(connection, scope, project_id, chosen, request)
    if len(place.units) > MOST_UNITS:
        return await _ids(connection, scope, project_id, chosen, request), place.total
    return await ids_in(connection, scope, project_id, chosen, place, request.size), place.total


async def _looked_at(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest
) -> tuple[Sequence[str], int]:
    """The same by a look at each log of the project."""
    ids = await _ids(connection, scope, project_id, chosen, request)
    total = request.offset + len(ids)
    if len(ids) == request.size or (not ids and request.offset):
        count = select(func.count()).select_from(_tables(chosen)).where(*conditions(scope, project_id, chosen))
        total = (await connection.execute(count)).scalar_one()
    return ids, total


async def _ids(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest
) -> Sequence[str]:
    if chosen == LogFilter(order=chosen.order[:1]) and chosen.order and chosen.order[0].feedback_type is not None:
        return await ids_by_said(connection, scope, project_id, chosen.order[0], request)
    # Sorted by themselves: whole rows would be carried along for all that is found.
    query = select(log.c.id).where(*conditions(scope, project_id, chosen))
    query = ordered(query, _tables(chosen), chosen.order, scope, project_id)
    return (await connection.execute(query.offset(request.offset).limit(request.size))).scalars().all()


def _tables(chosen: LogFilter) -> FromClause:
    return log.join(log_body, BODY) if chosen.search or chosen.metadata_search else log
