"""Rows of limits."""

from typing import Any

from sqlalchemy import Row, and_, delete
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ApiKeyId, LimitId, OrganisationId, ProjectId
from everloop.domain.limit import Limit, Measure, Period, Subject, SubjectKind
from everloop.storage.limit_tables import usage_limit, used


def limit_of(row: Row[Any]) -> Limit:
    """The limit in a row."""
    return Limit(
        LimitId(row.id),
        subject_of(row),
        Measure(row.measure),
        Period(row.period),
        row.amount,
        row.created_at,
        row.updated_at,
    )


def subject_of(row: Row[Any]) -> Subject:
    """The subject that a row names."""
    kind = SubjectKind(row.subject_kind)
    return Subject(kind, ApiKeyId(row.subject_id) if kind is SubjectKind.API_KEY else ProjectId(row.subject_id))


async def drop_limits(connection: AsyncConnection, organisation_id: OrganisationId, subject: Subject) -> bool:
    """Deletes the limits of a subject that is going, and what it used; whether there were any."""
    gone = 0
    for table in (usage_limit, used):
        mine = and_(
            table.c.organisation_id == organisation_id,
            table.c.subject_kind == subject.kind.value,
            table.c.subject_id == subject.id,
        )
        gone += (await connection.execute(delete(table).where(mine))).rowcount
    return gone > 0
