"""Sessions."""

from sqlalchemy import ColumnElement, and_, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.ids import ProjectId, SessionId
from everloop.domain.scope import Scope
from everloop.domain.session import Session, SessionSummary
from everloop.storage.log_rows import json_bytes
from everloop.storage.log_tables import log, log_body
from everloop.storage.log_tables import session as table
from everloop.storage.tables import project
from everloop.storage.transactions import Transactions


class Sessions:
    """`ports.stores.SessionStore`."""

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
            if session is None:
                return None
            inside = and_(log.c.organisation_id == scope.organisation_id, log.c.session_id == session_id)
            first = await _end(connection, inside, log.c.id)
            last = await _end(connection, inside, log.c.id.desc())
            count = (await connection.execute(select(func.count()).select_from(log).where(inside))).scalar_one()
            return SessionSummary(
                session,
                await _projects(connection, inside),
                count,
                None if first is None else json_bytes(first[1]),
                None if last is None else last[2],
                session.created_at if last is None else last[0],
            )


async def _session(connection: AsyncConnection, scope: Scope, session_id: SessionId) -> Session | None:
    query = select(table).where(table.c.organisation_id == scope.organisation_id, table.c.id == session_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Session(SessionId(row.id), row.created_at, row.reference_id)


async def _end(
    connection: AsyncConnection, inside: ColumnElement[bool], order: ColumnElement[str]
) -> tuple[int, str | None, str | None] | None:
    """The first log in that order: its `updated_at`, inputs and output."""
    same = and_(log_body.c.organisation_id == log.c.organisation_id, log_body.c.log_id == log.c.id)
    query = (
        select(log.c.updated_at, log_body.c.inputs, log_body.c.output)
        .select_from(log.join(log_body, same))
        .where(inside)
        .order_by(order)
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else (row.updated_at, row.inputs, row.output)


async def _projects(connection: AsyncConnection, inside: ColumnElement[bool]) -> tuple[tuple[ProjectId, str], ...]:
    """The projects that the session went through, in order of their first log."""
    same = and_(project.c.organisation_id == log.c.organisation_id, project.c.id == log.c.project_id)
    query = (
        select(project.c.id, project.c.name)
        .select_from(log.join(project, same))
        .where(inside)
        .group_by(project.c.id, project.c.name)
        .order_by(func.min(log.c.id))
    )
    return tuple((ProjectId(row.id), row.name) for row in (await connection.execute(query)).all())
