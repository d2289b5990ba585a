"""Limits of API keys and projects."""

from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.ids import LimitId, OrganisationId, ProjectId
from everloop.domain.limit import Limit, Subject, SubjectKind
from everloop.domain.scope import Scope
from everloop.storage.changes import Changes
from everloop.storage.limit_rows import limit_of
from everloop.storage.limit_tables import usage_limit as table
from everloop.storage.projects import require_project
from everloop.storage.tables import api_key
from everloop.storage.transactions import Transactions


class Limits:
    """`ports.limits.LimitStore`."""

    def __init__(self, database: Transactions, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def create(self, scope: Scope, limit: Limit) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            await _require(connection, scope.organisation_id, limit.subject)
            if (await connection.execute(select(table.c.id).where(_alike(scope, limit)))).first() is not None:
                raise errors.Conflict(
                    f"There is a limit of {limit.measure.value} per {limit.period.value} for `{limit.subject.id}`"
                    " already: change that one."
                )
            try:
                await connection.execute(insert(table).values(_values(scope.organisation_id, limit)))
            except IntegrityError as error:
                raise errors.Conflict(f"A limit with the id `{limit.id}` exists already.") from error
            await self._changes.record(connection, scope.organisation_id)

    async def all(self, scope: Scope) -> tuple[Limit, ...]:
        query = select(table).where(table.c.organisation_id == scope.organisation_id).order_by(table.c.number)
        async with self._database.read() as connection:
            return tuple(limit_of(row) for row in (await connection.execute(query)).all())

    async def change(self, scope: Scope, limit_id: LimitId, amount: float, now: int) -> Limit:
        changed = update(table).where(_this(scope, limit_id)).values(amount=amount, updated_at=now)
        async with self._database.write(scope.organisation_id) as connection:
            await connection.execute(changed)
            row = (await connection.execute(select(table).where(_this(scope, limit_id)))).one_or_none()
            if row is None:
                raise _unknown(limit_id)
            await self._changes.record(connection, scope.organisation_id)
            return limit_of(row)

    async def delete(self, scope: Scope, limit_id: LimitId) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            if (await connection.execute(delete(table).where(_this(scope, limit_id)))).rowcount == 0:
                raise _unknown(limit_id)
            await self._changes.record(connection, scope.organisation_id)


async def _require(connection: AsyncConnection, organisation_id: OrganisationId, subject: Subject) -> None:
    if subject.kind is SubjectKind.PROJECT:
        await require_project(connection, organisation_id, ProjectId(subject.id))
        return
    valid = and_(
        api_key.c.organisation_id == organisation_id, api_key.c.id == subject.id, api_key.c.revoked_at.is_(None)
    )
    if (await connection.execute(select(api_key.c.id).where(valid))).first() is None:
        raise errors.NotFound(f"There is no API key with the id `{subject.id}`, or it was revoked.")


def _this(scope: Scope, limit_id: LimitId) -> ColumnElement[bool]:
    return and_(table.c.organisation_id == scope.organisation_id, table.c.id == limit_id)


def _alike(scope: Scope, limit: Limit) -> ColumnElement[bool]:
    return and_(
        table.c.organisation_id == scope.organisation_id,
        table.c.subject_kind == limit.subject.kind.value,
        table.c.subject_id == limit.subject.id,
        table.c.measure == limit.measure.value,
        table.c.period == limit.period.value,
    )


def _values(organisation_id: OrganisationId, limit: Limit) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "id": limit.id,
        "subject_kind": limit.subject.kind.value,
        "subject_id": limit.subject.id,
        "measure": limit.measure.value,
        "period": limit.period.value,
        "amount": limit.amount,
        "created_at": limit.created_at,
        "updated_at": limit.updated_at,
    }


def _unknown(limit_id: LimitId) -> errors.NotFound:
    return errors.NotFound(f"There is no limit with the id `{limit_id}`.")
