"""Logs in the order of what was said of them: from the feedback to its logs, then the logs without."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Subquery, and_, func, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ProjectId
from everloop.domain.log_filter import LogSort
from everloop.domain.page import PageRequest
from everloop.domain.scope import Scope
from everloop.storage.log_orders import directed, ordered, said_keys
from everloop.storage.log_tables import log
from everloop.storage.tables import feedback

_Conditions = Sequence[ColumnElement[bool]]


async def ids_by_said(
    connection: AsyncConnection,
    scope: Scope,
    project_id: ProjectId,
    passing: _Conditions,
    order: Sequence[LogSort],
    request: PageRequest,
) -> Sequence[str]:
    """The ids on a page of the logs that pass; the first key of the order is of feedback. Logs are all that is read."""
    first, *rest = order
    said = _last(scope, project_id, first.feedback_type or "")
    said_of = log.c.id.in_(select(feedback.c.log_id).where(_of_type(scope, project_id, first.feedback_type or "")))
    pairs = said.join(log, log.c.id == said.c.log_id)
    query = select(log.c.id).where(*passing).order_by(directed(said.c.value, first), directed(said.c.text, first))
    there = ordered(query, pairs, rest, scope, project_id).offset(request.offset).limit(request.size)
    ids: list[str] = []
    # Sorting them takes longer than counting them.
    many = await _count(connection, passing, said_of) if request.offset else None
    if many is None or request.offset < many:
        ids += (await connection.execute(there)).scalars()
    if len(ids) == request.size:
        return ids
    skipped = 0 if many is None else max(request.offset - many, 0)
    others = ordered(select(log.c.id).where(*passing, not_(said_of)), log, rest, scope, project_id)
    others = others.offset(skipped).limit(request.size - len(ids))
    return ids + list((await connection.execute(others)).scalars())


async def _count(connection: AsyncConnection, passing: _Conditions, said_of: ColumnElement[bool]) -> int:
    count = select(func.count()).select_from(log).where(*passing, said_of)
    found: int = (await connection.execute(count)).scalar_one()
    return found


def _last(scope: Scope, project_id: ProjectId, name: str) -> Subquery:
    """The `log_id` of each log with feedback of a type, and the `value` or `text` that was said last."""
    newest = [feedback.c.created_at.desc(), feedback.c.number.desc()]
    age = func.row_number().over(partition_by=feedback.c.log_id, order_by=newest)
    number, text = said_keys()
    said = select(feedback.c.log_id, number.label("value"), text.label("text"), age.label("age"))
    pieces = said.where(_of_type(scope, project_id, name)).subquery()
    return select(pieces.c.log_id, pieces.c.value, pieces.c.text).where(pieces.c.age == 1).subquery()


def _of_type(scope: Scope, project_id: ProjectId, name: str) -> ColumnElement[bool]:
    mine = and_(feedback.c.organisation_id == scope.organisation_id, feedback.c.project_id == project_id)
    return and_(mine, feedback.c.type == name)
