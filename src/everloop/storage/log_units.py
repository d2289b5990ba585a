"""The logs of a page, read out of the stretches that it lies in."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, Text, and_, column, exists, func, literal, select, values
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import LogColumn, LogFilter, LogSort
from everloop.domain.scope import Scope
from everloop.storage.counting import STRETCH
from everloop.storage.log_cells import SOURCE_OF_LOG, in_stretch, is_said
from everloop.storage.log_conditions import conditions
from everloop.storage.log_orders import directed, model_ranks
from everloop.storage.log_places import Place, Unit
from everloop.storage.log_tables import log
from everloop.storage.said_tables import said_log
from everloop.storage.said_values import Said
from everloop.storage.text_functions import last_text

# Units that are read one after the other until the page is full. Of many, each has few of the logs that are looked for.
_FEW: Final = 4


async def ids_in(
    connection: AsyncConnection,
    scope: Scope,
    project_id: ProjectId,
    chosen: LogFilter,
    said: Said | None,
    place: Place,
    size: int,
) -> Sequence[str]:
    """The ids of the logs on a page of this size; with `said` those of which that was said."""
    if not place.units:
        return []
    sort = chosen.order[0] if chosen.order else None
    mine = select(log.c.id).where(*conditions(scope, project_id, chosen))
    if sort is None and said is not None:
        return await _some(connection, _along(mine, place.units, scope, said), place.offset, size)
    if said is not None:
        mine = mine.where(exists().where(is_said(scope, said)))
    sort = sort or LogSort()
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


async def ids_by_said(
    connection: AsyncConnection,
    scope: Scope,
    project_id: ProjectId,
    chosen: LogFilter,
    ranked: Sequence[tuple[int, ...]],
    place: Place,
    size: int,
) -> Sequence[str]:
    """The same in the order of what was said last, whose ranks are the keys of the units."""
    mine = select(log.c.id).where(*conditions(scope, project_id, chosen))
    every = Said(tuple(number for numbers in ranked for number in numbers), newest=True)
    ids: list[str] = []
    # The units of a rank are neighbours, and those between have no such logs.
    for rank, units in groupby(place.units, key=lambda unit: unit.key):
        if isinstance(rank, int):
            query = _along(mine, tuple(units), scope, Said(ranked[rank], newest=True))
        else:
            query = mine.where(*_between(log.c.id, tuple(units)), ~exists().where(is_said(scope, every)))
            query = query.order_by(log.c.id.desc())
        skipped = 0 if ids else place.offset
        ids += await _some(connection, query, skipped, size - len(ids))
    return ids


def _along(mine: Select[Any], units: Sequence[Unit], scope: Scope, said: Said) -> Select[Any]:
    """The logs of which something was said, newest first, in the order in which that is kept."""
    query = mine.select_from(said_log.join(log, and_(log.c.id == said_log.c.log_id, is_said(scope, said))))
    query = query.where(*_between(log.c.id, units), *_between(said_log.c.log_id, units))
    # Of one value they are in this order already.
    return query.order_by(said_log.c.log_id.desc())


def _between(identifier: ColumnElement[str], units: Sequence[Unit]) -> list[ColumnElement[bool]]:
    """Whether a log is in one of the stretches from the first to the last, which go downwards, or between."""
    first, last = literal(units[0].stretch, Text), literal(units[-1].stretch, Text)
    return [identifier >= last, identifier < first + last_text(), func.substr(identifier, 1, STRETCH) <= first]


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
