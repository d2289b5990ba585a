"""The logs of a page, read out of the stretches that it lies in. On SQLite."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, Text, column, literal, select, values
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import LogColumn, LogFilter, LogSort
from everloop.domain.scope import Scope
from everloop.storage.log_cells import SOURCE_OF_LOG, in_stretch
from everloop.storage.log_conditions import conditions
from everloop.storage.log_orders import directed, model_ranks
from everloop.storage.log_places import Place
from everloop.storage.log_tables import log

# Units that are read one after the other until the page is full. Of many, each has few of the logs that are looked for.
_FEW: Final = 4


async def ids_in(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, chosen: LogFilter, place: Place, size: int
) -> Sequence[str]:
    """The ids of the logs on a page of this size."""
    if not place.units:
        return []
    sort = chosen.order[0] if chosen.order else LogSort()
    mine = select(log.c.id).where(*conditions(scope, project_id, chosen))
    if sort.column is LogColumn.TIMESTAMP or len(place.units) > _FEW:
        together = _together(mine, place, sort, scope, project_id)
        return await _some(connection, together, place.offset, size)
    ids: list[str] = []
    for unit in place.units:
        source, key = _key(log, sort, scope, project_id)
        query = mine.select_from(source).where(in_stretch(literal(unit.stretch, Text)))
        if key is not None:
            query = query.where(key.is_not_distinct_from(unit.key))
        # Only the first unit has logs before the page.
        skipped = 0 if ids else place.offset
        ids += await _some(connection, query.order_by(log.c.id.desc()), skipped, size - len(ids))
    return ids


def _together(mine: Select[Any], place: Place, sort: LogSort, scope: Scope, project_id: ProjectId) -> Select[Any]:
    """The logs of all units, sorted."""
    rows = [(each.stretch, each.key) for each in place.units]
    units = values(column("stretch", Text), column("key"), name="units").data(rows).cte("units")
    source, key = _key(units.join(log, in_stretch(units.c.stretch)), sort, scope, project_id)
    query = mine.select_from(source)
    if key is None:
        return query.order_by(log.c.id.desc())
    if sort.column is not LogColumn.TIMESTAMP:
        query = query.where(key.is_not_distinct_from(units.c.key))
    return query.order_by(directed(key, sort), log.c.id.desc())


def _key(
    source: FromClause, sort: LogSort, scope: Scope, project_id: ProjectId
) -> tuple[FromClause, ColumnElement[Any] | None]:
    """What logs are read from, and their key (`log_places.Unit`) or time."""
    match sort.column:
        case LogColumn.SOURCE:
            return source, SOURCE_OF_LOG
        case LogColumn.MODEL:
            ranks = model_ranks(scope, project_id)
            return source.outerjoin(ranks, ranks.c.id == log.c.config_id), ranks.c.rank
        case LogColumn.TIMESTAMP:
            return source, log.c.created_at
        case None:
            return source, None


async def _some(connection: AsyncConnection, query: Select[Any], offset: int, size: int) -> Sequence[str]:
    found: Sequence[str] = (await connection.execute(query.offset(offset).limit(size))).scalars().all()
    return found
