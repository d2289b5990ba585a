"""Feedback and its types."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import ColumnElement, and_, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.feedback import Feedback, FeedbackClass, FeedbackType
from everloop.domain.ids import LogId, ProjectId
from everloop.domain.scope import Scope
from everloop.ports.system import Clock
from everloop.storage.feedback_rows import feedback_of, feedback_of_logs, value_text
from everloop.storage.feedback_types import add_types, read_types
from everloop.storage.log_tables import log
from everloop.storage.outcomes import following
from everloop.storage.projects import require_project
from everloop.storage.said_rows import counting_said
from everloop.storage.tables import feedback as table
from everloop.storage.transactions import Transactions


class FeedbackOfLogs:
    """`ports.logs.FeedbackStore`."""

    def __init__(self, database: Transactions, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def types(self, scope: Scope, project_ids: Sequence[ProjectId]) -> dict[ProjectId, tuple[FeedbackType, ...]]:
        async with self._database.read() as connection:
            return await read_types(connection, scope.organisation_id, project_ids)

    async def record(
        self, scope: Scope, project_id: ProjectId, types: Sequence[FeedbackType], pieces: Sequence[Feedback]
    ) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            await require_project(connection, scope.organisation_id, project_id)
            await _require_logs(connection, scope, project_id, {piece.log_id for piece in pieces})
            known = await add_types(connection, scope.organisation_id, project_id, types)
            log_ids = {piece.log_id for piece in pieces}
            async with _counted(connection, scope, log_ids, self._clock.now()):
                for piece in pieces:
                    kind = known.get(piece.type)
                    if kind is None:
                        raise errors.Unprocessable(f"The project has no feedback type `{piece.type}`.")
                    await _replace(connection, scope, project_id, kind.kind, piece)

    async def remove(
        self, scope: Scope, log_id: LogId, type_name: str, value: str | None, user: str | None
    ) -> list[Feedback]:
        async with self._database.write(scope.organisation_id) as connection:
            said = _said(scope, log_id, type_name, user)
            if value is not None:
                # A label is written as itself (`domain.feedback.label_of`), and the value true is the label "true".
                said = and_(said, table.c.value.in_([value_text(value), value]))
            rows = (await connection.execute(select(table).where(said).order_by(table.c.number))).all()
            async with _counted(connection, scope, [log_id], self._clock.now()):
                await connection.execute(delete(table).where(said))
        return [feedback_of(row) for row in rows]

    async def of_logs(self, scope: Scope, log_ids: Sequence[LogId]) -> dict[LogId, tuple[Feedback, ...]]:
        async with self._database.read() as connection:
            return await feedback_of_logs(connection, scope, log_ids)


@asynccontextmanager
async def _counted(
    connection: AsyncConnection, scope: Scope, log_ids: Collection[LogId], now: int
) -> AsyncIterator[None]:
    """Has the feedback of these logs counted as it is after the block, wherever it is counted."""
    async with following(connection, scope, log_ids, now), counting_said(connection, scope, log_ids):
        yield


async def _require_logs(connection: AsyncConnection, scope: Scope, project_id: ProjectId, log_ids: set[LogId]) -> None:
    mine = and_(log.c.organisation_id == scope.organisation_id, log.c.project_id == project_id)
    there = (await connection.execute(select(log.c.id).where(mine, log.c.id.in_(log_ids)))).scalars()
    missing = sorted(log_ids.difference(there))
    if missing:
        raise errors.NotFound(f"There is no log `{missing[0]}` in the project.")


async def _replace(
    connection: AsyncConnection, scope: Scope, project_id: ProjectId, kind: FeedbackClass, piece: Feedback
) -> None:
    earlier = _said(scope, piece.log_id, piece.type, piece.user)
    if kind is FeedbackClass.MULTI_SELECT:
        earlier = and_(earlier, table.c.value == value_text(piece.value))
    await connection.execute(delete(table).where(earlier))
    row = {
        "organisation_id": scope.organisation_id,
        "id": piece.id,
        "project_id": project_id,
        "log_id": piece.log_id,
        "type": piece.type,
        "value": value_text(piece.value),
        "user": piece.user,
        "created_at": piece.created_at,
    }
    try:
        await connection.execute(insert(table).values(row))
    except IntegrityError as error:
        raise errors.Conflict(f"Feedback with the id `{piece.id}` exists already.") from error


def _said(scope: Scope, log_id: LogId, type_name: str, user: str | None) -> ColumnElement[bool]:
    """What one user said of one type of one log; nobody in particular is a user too."""
    return and_(
        table.c.organisation_id == scope.organisation_id,
        table.c.log_id == log_id,
        table.c.type == type_name,
        table.c.user.is_(None) if user is None else table.c.user == user,
    )
