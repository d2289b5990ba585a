"""Logs in the order of what was said of them: first those that the feedback leads to, then those without."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import LogSort
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.log_orders import directed, said_keys
from everloop.storage.log_tables import log
from everloop.storage.tables import feedback


async def ids_by_said(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, sort: LogSort, request: PageRequest
) -> Sequence[str]:
    """The ids on a page of all logs of the project in an order that is one key of feedback."""
    name = sort.feedback_type or ""
    mine = and_(log.c.organisation_id == scope.organisation_id, log.c.project_id == project_id)
    there = _of_type(scope, project_id, name)
    unsaid: ColumnElement[bool] = log.c.id.not_in(select(feedback.c.log_id).where(there))
    if connection.dialect.name == "postgresql":
        # Logs of a month that has gone are not there any more while what was said of them is being cleared.
        there = and_(there, feedback.c.log_id.in_(select(log.c.id).where(mine)))
        # A list that its memory does not hold PostgreSQL goes through for each log: minutes for a million.
        again = feedback.alias()
        same = and_(again.c.organisation_id == log.c.organisation_id, again.c.log_id == log.c.id, again.c.type == name)
        unsaid = ~exists().where(same)
    count = select(func.count(feedback.c.log_id.distinct())).where(there)
    # Sorting them takes longer than counting them.
    many = (await connection.execute(count)).scalar_one() if request.offset else 0
    ids: list[str] = []
    if not request.offset or request.offset < many:
        ids += await _some(connection, _sorted(scope, sort, there), request.offset, request.size)
    if len(ids) < request.size:
        others = select(log.c.id).where(mine, unsaid)
        skipped = max(request.offset - many, 0)
        ids += await _some(connection, others.order_by(log.c.id.desc()), skipped, request.size - len(ids))
    return ids


async def _some(connection: AsyncConnection, query: Select[Any], offset: int, size: int) -> Sequence[str]:
    found: Sequence[str] = (await connection.execute(query.offset(offset).limit(size))).scalars().all()
    return found


def _sorted(scope: Scope, sort: LogSort, there: ColumnElement[bool]) -> Select[Any]:
    """The logs of which something was said, by what was said last."""
    again = feedback.alias()
    mine = and_(
        again.c.organisation_id == scope.organisation_id,
        again.c.log_id == feedback.c.log_id,
        again.c.type == (sort.feedback_type or ""),
    )
    newest = [again.c.created_at.desc(), again.c.number.desc()]
    last = select(again.c.value).where(mine).correlate(feedback).order_by(*newest).limit(1).scalar_subquery()
    # Few logs have several: sorting all that was said would take longer.
    value = case((func.count() == 1, func.max(feedback.c.value)), else_=last)
    said = select(feedback.c.log_id, value.label("value")).where(there).group_by(feedback.c.log_id).subquery()
    keys = [directed(key, sort) for key in said_keys(said.c.value)]
    return select(said.c.log_id).order_by(*keys, said.c.log_id.desc())


def _of_type(scope: Scope, project_id: ProjectId, name: str) -> ColumnElement[bool]:
    mine = and_(feedback.c.organisation_id == scope.organisation_id, feedback.c.project_id == project_id)
    return and_(mine, feedback.c.type == name)
