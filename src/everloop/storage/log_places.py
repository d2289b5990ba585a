"""In which cells of a project a page of logs lies, and which log of them it begins with."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    Text,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import LogColumn, LogFilter, LogSort
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.domain.value import value
from everloop.storage.log_cells import cells, said_cells
from everloop.storage.log_orders import directed, model_ranks
from everloop.storage.said_values import Said

# Where ids tell no time, any stretch may have logs of any time.
MOST_UNITS: Final = 1_000
_ENDLESS: Final = 2**63 - 1
_NO_TEXT: Final = cast(null(), Text)
# Ranks are in the order that is asked for.
_UPWARDS: Final = LogSort()


@value
class Unit:
    """A stretch, of which those logs are meant that have a key: of the source, a rank of the model, or any.

    In the order of feedback the key is a rank of what was said last, from 0 on, and None says that nothing was said.
    """

    stretch: str
    key: str | int | None


@value
class Place:
    """All logs of a page are in the units, behind `offset` others in the order that is asked for.

    Units are in that order; in the order of time they overlap. More than `MOST_UNITS` say that there are too many.
    """

    total: int
    units: tuple[Unit, ...]
    offset: int


async def find_place(
    connection: AsyncConnection,
    scope: Scope,
    project_id: ProjectId,
    chosen: LogFilter,
    said: Said | None,
    request: PageRequest,
) -> Place:
    """The place of a page of logs that pass a filter of columns, in an order of one column at most.

    With `said` they are those of which that was said.
    """
    counted = cells(scope, project_id, chosen) if said is None else said_cells(scope, project_id, chosen, said)
    sort = chosen.order[0] if chosen.order else LogSort()
    # A page may be asked for as far back as numbers reach.
    end = min(request.offset + request.size, _ENDLESS)
    if sort.column is LogColumn.TIMESTAMP:
        query = _in_time(counted, sort, request.offset, end)
    else:
        query = _in_order(_units(counted, sort, scope, project_id), sort, request.offset, end)
    return await _place(connection, query, request)


async def find_place_by_said(
    connection: AsyncConnection,
    scope: Scope,
    project_id: ProjectId,
    chosen: LogFilter,
    ranked: Sequence[tuple[int, ...]],
    request: PageRequest,
) -> Place:
    """The same in the order of what was said last: of the first values first, then where nothing was said."""
    said = Said(tuple(number for numbers in ranked for number in numbers), newest=True)
    every, counted = cells(scope, project_id, chosen), said_cells(scope, project_id, chosen, said)
    ranks = {number: rank for rank, numbers in enumerate(ranked) for number in numbers}
    key = case(ranks, value=counted.c.said) if ranks else cast(null(), Integer)
    first = select(counted.c.stretch, key.label("key"), func.sum(counted.c.logs).label("logs"))
    less = union_all(select(every.c.stretch, every.c.logs), select(counted.c.stretch, -counted.c.logs)).subquery("less")
    others = select(less.c.stretch, literal_column("NULL", Integer), func.sum(less.c.logs)).group_by(less.c.stretch)
    units = union_all(first.group_by(counted.c.stretch, key), others.having(func.sum(less.c.logs) > 0)).cte("units")
    end = min(request.offset + request.size, _ENDLESS)
    return await _place(connection, _in_order(units, _UPWARDS, request.offset, end), request)


async def _place(connection: AsyncConnection, query: Select[Any], request: PageRequest) -> Place:
    rows = (await connection.execute(query.limit(MOST_UNITS + 1))).all()
    total, skipped = int(rows[0].total), int(rows[0].skipped or 0)
    units = tuple(Unit(row.stretch, row.key) for row in rows if row.stretch is not None)
    return Place(total, units, request.offset - skipped)


def _units(counted: CTE, sort: LogSort, scope: Scope, project_id: ProjectId) -> CTE:
    """How many logs there are of each stretch and key."""
    query = select(counted.c.stretch)
    key: ColumnElement[Any] = _NO_TEXT
    if sort.column is LogColumn.SOURCE:
        key = func.nullif(counted.c.source, "")
    if sort.column is LogColumn.MODEL:
        ranks = model_ranks(scope, project_id)
        query = query.select_from(counted.outerjoin(ranks, ranks.c.id == counted.c.config_id))
        key = ranks.c.rank
    query = query.add_columns(key.label("key"), func.sum(counted.c.logs).label("logs"))
    return query.group_by(counted.c.stretch, key).cte("units")


def _in_order(units: CTE, sort: LogSort, begin: int, end: int) -> Select[Any]:
    """Units one after the other: those that reach into the page."""
    through = func.sum(units.c.logs).over(order_by=[directed(units.c.key, sort), units.c.stretch.desc()])
    counted = select(units, through.label("through")).cte("counted")
    before = counted.c.through - counted.c.logs
    reaching = select(counted.c.stretch, counted.c.key, counted.c.through, before.label("skipped"))
    needed = reaching.where(counted.c.through > begin, before < end).cte("needed")
    return _beside_total(units, needed, needed.c.skipped, needed.c.key).order_by(needed.c.through)


def _in_time(counted: CTE, sort: LogSort, begin: int, end: int) -> Select[Any]:
    """Stretches between two times, so that so many logs at most are before the one and enough up to the other."""
    first, last = func.min(counted.c.first_at), func.max(counted.c.last_at)
    low, high = (-last, -first) if sort.descending else (first, last)
    spans = select(counted.c.stretch, low.label("low"), high.label("high"), func.sum(counted.c.logs).label("logs"))
    units = spans.group_by(counted.c.stretch).cte("units")
    from_, to = _bounds(units, begin, end)
    skipped = select(func.sum(units.c.logs)).where(units.c.high < from_).scalar_subquery()
    needed = select(units.c.stretch).where(units.c.high >= from_, units.c.low <= to).cte("needed")
    return _beside_total(units, needed, skipped, _NO_TEXT)


def _bounds(units: CTE, begin: int, end: int) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Two times: no more than `begin` logs are before the one, and at least `end`, if there are, up to the other."""
    logs = units.c.logs
    # Without those that begin at the same time.
    before = func.sum(logs).over(order_by=units.c.low) - func.sum(logs).over(partition_by=units.c.low)
    starts = select(units.c.low, before.label("before")).cte("starts")
    ends = select(units.c.high, func.sum(logs).over(order_by=units.c.high).label("through")).cte("ends")
    from_ = select(func.max(starts.c.low)).where(starts.c.before <= begin).scalar_subquery()
    to = select(func.coalesce(func.min(ends.c.high), _ENDLESS)).where(ends.c.through >= end).scalar_subquery()
    return from_, to


def _beside_total(units: CTE, needed: CTE, skipped: ColumnElement[Any], key: ColumnElement[Any]) -> Select[Any]:
    """What is needed, each with the total; one row with the total alone when nothing is."""
    total = select(func.coalesce(func.sum(units.c.logs), 0).label("total")).cte("total")
    query = select(total.c.total, needed.c.stretch, key.label("key"), skipped.label("skipped"))
    return query.select_from(total.outerjoin(needed, true()))
