"""Claims of keys, and answers that are kept under them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.idempotency import Claim, KeptAnswer, KeyedCall
from everloop.domain.scope import Scope
from everloop.storage.tables import idempotency as table
from everloop.storage.transactions import Transactions

_SWEEP = "idempotency sweep"
_RENEWAL = "idempotency renewal"


class Idempotency:
    """`ports.idempotency.IdempotencyStore`.

    Writes take turns by key where the database lets them, and not by organisation: what is read here to decide is one
    row, and a call should not wait for whatever else its organisation writes.
    """

    def __init__(self, database: Transactions) -> None:
        self._database = database

    async def claim(self, scope: Scope, call: KeyedCall, owner: str, now: int, until: int) -> Claim:
        async with self._database.write(_turn(scope, call)) as connection:
            found = await _claim(connection, scope, call)
            if found is not None and found.until > now:
                return found
            if found is not None:
                await connection.execute(delete(table).where(_here(scope, call)))
            values = {
                "organisation_id": scope.organisation_id,
                "operation": call.operation,
                "key": call.key,
                "fingerprint": call.fingerprint,
                "owner": owner,
                "until": until,
            }
            await connection.execute(insert(table).values(values))
        return Claim(call.fingerprint, owner, until, answered=False)

    async def holding(self, scope: Scope, call: KeyedCall) -> Claim | None:
        async with self._database.read() as connection:
            return await _claim(connection, scope, call)

    async def answer(self, scope: Scope, call: KeyedCall) -> KeptAnswer | None:
        query = select(table.c.head, table.c.body).where(
            _here(scope, call), table.c.fingerprint == call.fingerprint, table.c.head.is_not(None)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else KeptAnswer(row.head, row.body)

    async def keep(self, scope: Scope, call: KeyedCall, owner: str, answer: KeptAnswer, until: int) -> bool:
        values = {"head": answer.head, "body": answer.body, "until": until}
        statement = update(table).where(_here(scope, call), _unanswered_of(owner)).values(values)
        async with self._database.write(_turn(scope, call)) as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def release(self, scope: Scope, call: KeyedCall, owner: str) -> None:
        async with self._database.write(_turn(scope, call)) as connection:
            await connection.execute(delete(table).where(_here(scope, call), _unanswered_of(owner)))

    async def renew(self, owners: Sequence[str], until: int) -> None:
        # Claims end sooner than almost all answers, so that the index on `until` leads to them.
        these = (table.c.until <= until, table.c.owner.in_(owners), table.c.head.is_(None))
        async with self._database.write(_RENEWAL) as connection:
            await connection.execute(update(table).where(*these).values(until=until))

    async def sweep(self, now: int, most: int) -> int:
        place = tuple_(table.c.organisation_id, table.c.operation, table.c.key)
        over = table.c.until <= now
        found = select(table.c.organisation_id, table.c.operation, table.c.key).where(over).limit(most)
        async with self._database.write(_SWEEP) as connection:
            # `over` once more: a row that was found may have been claimed anew before it is deleted.
            return (await connection.execute(delete(table).where(place.in_(found), over))).rowcount


def _turn(scope: Scope, call: KeyedCall) -> str:
    return f"{scope.organisation_id} {call.operation} {call.key}"


def _here(scope: Scope, call: KeyedCall) -> ColumnElement[bool]:
    return and_(
        table.c.organisation_id == scope.organisation_id,
        table.c.operation == call.operation,
        table.c.key == call.key,
    )


def _unanswered_of(owner: str) -> ColumnElement[bool]:
    return and_(table.c.owner == owner, table.c.head.is_(None))


async def _claim(connection: AsyncConnection, scope: Scope, call: KeyedCall) -> Claim | None:
    query = select(table.c.fingerprint, table.c.owner, table.c.until, table.c.head.is_not(None).label("answered"))
    row = (await connection.execute(query.where(_here(scope, call)))).one_or_none()
    return None if row is None else Claim(row.fingerprint, row.owner, row.until, bool(row.answered))
