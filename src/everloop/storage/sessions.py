"""Sessions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, exists, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.ids import ProjectId, SessionId
from everloop.domain.page import Page, PageRequest
from everloop.domain.scope import Scope
from everloop.domain.session import Session, SessionSummary
from everloop.storage.log_rows import json_bytes
from everloop.storage.log_tables import log, log_body
from everloop.storage.log_tables import session as table
from everloop.storage.page_bytes import bytes_in, is_small_enough, too_large
from everloop.storage.projects import in_present
from everloop.storage.tables import project
from everloop.storage.transactions import Transactions


class Sessions:
    """`ports.logs.SessionStore`."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    async def create(self, scope: Scope, session: Session) -> None:
        values = {
            "organisation_id": scope.organisation_id,
            "id": session.id,
            "created_at": session.created_at,
            "reference_id": session.reference_id,
        }
        async with self._database.write(scope.organisation_id) as connection:
            try:
                await connection.execute(insert(table).values(values))
            except IntegrityError as error:
                raise errors.Conflict(f"A session with the id `{session.id}` exists already.") from error

    async def get(self, scope: Scope, session_id: SessionId) -> Session | None:
        async with self._database.read() as connection:
            return await _session(connection, scope, session_id)

    async def summary(self, scope: Scope, session_id: SessionId) -> SessionSummary | None:
        async with self._database.read() as connection:
            session = await _session(connection, scope, session_id)
            return None if session is None else (await _summaries(connection, scope, [session]))[0]

    async def page(self, scope: Scope, project_id: ProjectId, request: PageRequest) -> Page[SessionSummary]:
        inside = exists().where(
            log.c.organisation_id == table.c.organisation_id,
            log.c.session_id == table.c.id,
            log.c.project_id == project_id,
        )
        chosen = and_(table.c.organisation_id == scope.organisation_id, inside)
        newest = select(table).where(chosen).order_by(table.c.created_at.desc(), table.c.id.desc())
        async with self._database.read() as connection:
            rows = (await connection.execute(newest.offset(request.offset).limit(request.size))).all()
            total = (await connection.execute(select(func.count()).select_from(table).where(chosen))).scalar_one()
            return Page(await _summaries(connection, scope, [_session_of(row) for row in rows]), total)


async def _session(connection: AsyncConnection, scope: Scope, session_id: SessionId) -> Session | None:
    query = select(table).where(table.c.organisation_id == scope.organisation_id, table.c.id == session_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _session_of(row)


def _session_of(row: Row[Any]) -> Session:
    return Session(SessionId(row.id), row.created_at, row.reference_id)


async def _summaries(
    connection: AsyncConnection, scope: Scope, sessions: Sequence[Session]
) -> tuple[SessionSummary, ...]:
    """The sessions with what their logs say, in three reads however many they are. Deleted projects have no say."""
    if not sessions:
        return ()
    inside = and_(log.c.organisation_id == scope.organisation_id, log.c.session_id.in_([each.id for each in sessions]))
    ends = select(log.c.session_id, func.count(), func.min(log.c.id), func.max(log.c.id))
    ends = ends.where(inside, in_present(log))
    spans = {row[0]: row[1:] for row in (await connection.execute(ends.group_by(log.c.session_id))).all()}
    ends_of = [each for _, *logs in spans.values() for each in logs]
    said = await _said(connection, scope, ends_of, bounded=len(sessions) > 1)
    if ends_of and not said:
        raise too_large("sessions")
    projects = await _projects(connection, scope, [each.id for each in sessions])
    summaries = []
    for session in sessions:
        count, first, last = spans.get(session.id, (0, None, None))
        summaries.append(
            SessionSummary(
                session,
                projects.get(session.id, ()),
                count,
                None if first is None else json_bytes(said[first].inputs),
                None if last is None else said[last].output,
                session.created_at if last is None else said[last].updated_at,
            )
        )
    return tuple(summaries)


async def _said(
    connection: AsyncConnection, scope: Scope, log_ids: Sequence[str], *, bounded: bool
) -> dict[str, Row[Any, Any, Any, Any]]:
    """The `updated_at`, inputs and output of each log; nothing when that is `bounded` and too much."""
    same = and_(log_body.c.organisation_id == log.c.organisation_id, log_body.c.log_id == log.c.id)
    query = (
        select(log.c.id, log.c.updated_at, log_body.c.inputs, log_body.c.output)
        .select_from(log.join(log_body, same))
        .where(log.c.organisation_id == scope.organisation_id, log.c.id.in_(log_ids))
    )
    if bounded:
        mine = and_(log_body.c.organisation_id == scope.organisation_id, log_body.c.log_id.in_(log_ids))
        texts = bytes_in([log_body.c.inputs, log_body.c.output])
        query = query.where(is_small_enough(select(texts.label("bytes")).where(mine)))
    return {row.id: row for row in (await connection.execute(query)).all()}


async def _projects(
    connection: AsyncConnection, scope: Scope, session_ids: Sequence[SessionId]
) -> dict[str, tuple[tuple[ProjectId, str], ...]]:
    """The projects that each session went through, in order of their first log."""
    same = and_(project.c.organisation_id == log.c.organisation_id, project.c.id == log.c.project_id)
    query = (
        select(log.c.session_id, project.c.id, project.c.name)
        .select_from(log.join(project, same))
        .where(log.c.organisation_id == scope.organisation_id, log.c.session_id.in_(session_ids))
        .where(project.c.deleted_at.is_(None))
        .group_by(log.c.session_id, project.c.id, project.c.name)
        .order_by(func.min(log.c.id))
    )
    found: dict[str, tuple[tuple[ProjectId, str], ...]] = {}
    for row in (await connection.execute(query)).all():
        found[row.session_id] = (*found.get(row.session_id, ()), (ProjectId(row.id), row.name))
    return found
