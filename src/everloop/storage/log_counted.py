"""Pages that are found by counts: logs are looked at where the page is.

On SQLite all logs are counted, on PostgreSQL those of which something was said.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, FromClause, Text, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import LogColumn, LogFilter, LogSort
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.counting import SOURCE_MARK
from everloop.storage.log_cells import cells, said_cells
from everloop.storage.log_looks import Found
from everloop.storage.log_orders import directed, models_of
from everloop.storage.log_places import MOST_UNITS, find_place, find_place_by_said
from everloop.storage.log_units import ids_by_said, ids_in
from everloop.storage.said_values import Said, asked_for, counted_values, in_order, is_one_each
from everloop.storage.text_functions import bytewise

# Columns whose values are few, so that those with one of them can be looked for after those with another.
_OF_CELLS: Final = (LogColumn.SOURCE, LogColumn.MODEL)


async def counted_page(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, chosen: LogFilter, request: PageRequest
) -> Found | None:
    """The ids on a page, and how many logs there are on all pages; None when counts do not tell."""
    reader = _Reader(connection, scope, project_id)
    if chosen.search or chosen.metadata_search or len(chosen.feedback) > 1:
        return None
    if any(each.feedback_type is not None for each in chosen.order):
        return await reader.by_said(chosen, request)
    if any(each.column not in _OF_CELLS for each in chosen.order[:-1]):
        return None
    if chosen.feedback:
        return await reader.with_said(chosen, request)
    return await reader.by_columns(chosen, None, request) if _counts_all(connection) else None


class _Reader:
    """Finds pages of one project's logs."""

    def __init__(self, connection: AsyncConnection, scope: Scope, project_id: ProjectId) -> None:
        self._connection = connection
        self._scope = scope
        self._project_id = project_id

    async def by_columns(self, chosen: LogFilter, said: Said | None, request: PageRequest) -> Found | None:
        """A page in an order of columns, with `said` of the logs of which that was said."""
        if len(chosen.order) > 1:
            return await self._part_by_part(chosen, said, request)
        here = (self._connection, self._scope, self._project_id, chosen, said)
        place = await find_place(*here, request)
        if len(place.units) > MOST_UNITS:
            return None
        return await ids_in(*here, place, request.size), place.total

    async def with_said(self, chosen: LogFilter, request: PageRequest) -> Found | None:
        """A page of the logs of which something of one type was said, in an order of columns."""
        (wanted,) = chosen.feedback
        values = await counted_values(self._connection, self._scope, self._project_id, wanted.type)
        numbers = () if values is None else asked_for(values, wanted)
        # A log of which both were said would be counted twice.
        if values is None or (len(numbers) > 1 and not await is_one_each(self._connection, self._scope, values)):
            return None
        if not numbers:
            return [], 0
        return await self.by_columns(replace(chosen, feedback=()), Said(numbers), request)

    async def by_said(self, chosen: LogFilter, request: PageRequest) -> Found | None:
        """A page in the order of what was said last."""
        sort, *others = chosen.order
        if others or chosen.feedback or not _counts_all(self._connection):
            return None
        values = await counted_values(self._connection, self._scope, self._project_id, sort.feedback_type or "")
        if values is None:
            return None
        ranked = in_order(values, sort)
        here = (self._connection, self._scope, self._project_id, chosen, ranked)
        place = await find_place_by_said(*here, request)
        return await ids_by_said(*here, place, request.size), place.total

    async def _part_by_part(self, chosen: LogFilter, said: Said | None, request: PageRequest) -> Found | None:
        """A page of logs that are ordered by one column first: those with one value of it after those with another."""
        sort, *others = chosen.order
        ids: list[str] = []
        total, begin = 0, request.offset
        for key, logs in await self._values(chosen, said, sort):
            total += logs
            if begin < logs and len(ids) < request.size:
                only = replace(_with(chosen, sort, key), order=tuple(others))
                found = await self.by_columns(only, said, PageRequest(begin, request.size - len(ids)))
                if found is None:
                    return None
                ids += found[0]
            begin = max(begin - logs, 0)
        return ids, total

    async def _values(self, chosen: LogFilter, said: Said | None, sort: LogSort) -> list[tuple[str | None, int]]:
        """The values of a column in order, each with the number of its logs."""
        here = (self._scope, self._project_id, chosen)
        counted = cells(*here) if said is None else said_cells(*here, said)
        place: FromClause = counted
        key: ColumnElement[str] = func.nullif(counted.c.source, "", type_=Text)
        if sort.column is LogColumn.MODEL:
            models = models_of(self._scope, self._project_id)
            place, key = counted.outerjoin(models, models.c.id == counted.c.config_id), models.c.model
        query = select(key, func.sum(counted.c.logs)).select_from(place).group_by(key)
        rows = (await self._connection.execute(query.order_by(directed(bytewise(key), sort)))).all()
        if sort.column is LogColumn.SOURCE:
            return [(key and key.removeprefix(SOURCE_MARK), int(logs)) for key, logs in rows]
        return [(key, int(logs)) for key, logs in rows]


def _with(chosen: LogFilter, sort: LogSort, key: str | None) -> LogFilter:
    """Those of the logs that have this value in the column."""
    if sort.column is LogColumn.SOURCE:
        return replace(chosen, sources=(key,))
    return replace(chosen, models=(key,))


def _counts_all(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "sqlite"
