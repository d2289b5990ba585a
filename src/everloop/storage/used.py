"""What calls used, of limited subjects, in the present minute and day."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, and_, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import OrganisationId
from everloop.domain.limit import Period, Spent
from everloop.ports.limits import Account
from everloop.storage.limit_rows import subject_of
from everloop.storage.limit_tables import used as table
from everloop.storage.transactions import Transactions

# All processes add in turn, so that none of them waits for rows which another one has in another order.
_TURN: Final = "used"
# SQLite takes some 32,000 values in a statement.
_AT_ONCE: Final = 1_000
_AMOUNTS: Final = ("requests", "tokens", "cost")


class Used:
    """`ports.limits.UsedStore`."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    async def exchange(
        self, used: Sequence[tuple[Account, Spent]], windows: Sequence[tuple[Period, int]]
    ) -> dict[Account, Spent]:
        if not used:
            async with self._database.read() as connection:
                return await _read(connection, windows)
        async with self._database.write(_TURN) as connection:
            for start in range(0, len(used), _AT_ONCE):
                await _add(connection, [_values(*each) for each in used[start : start + _AT_ONCE]])
            return await _read(connection, windows)

    async def sweep(self, period: Period, before: int) -> int:
        over = and_(table.c.period == period.value, table.c.begins_at < before)
        async with self._database.write(_TURN) as connection:
            return (await connection.execute(delete(table).where(over))).rowcount


async def _add(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(table).values(rows)
    sums = {name: table.c[name] + new.excluded[name] for name in _AMOUNTS}
    await connection.execute(new.on_conflict_do_update(index_elements=list(table.primary_key), set_=sums))


async def _read(connection: AsyncConnection, windows: Sequence[tuple[Period, int]]) -> dict[Account, Spent]:
    these = [and_(table.c.period == period.value, table.c.begins_at == begins_at) for period, begins_at in windows]
    rows = (await connection.execute(select(table).where(or_(*these)))).all()
    return {_account(row): Spent(row.requests, row.tokens, row.cost) for row in rows}


def _account(row: Row[Any]) -> Account:
    return Account(OrganisationId(row.organisation_id), subject_of(row), Period(row.period), row.begins_at)


def _values(account: Account, spent: Spent) -> dict[str, Any]:
    return {
        "organisation_id": account.organisation_id,
        "subject_kind": account.subject.kind.value,
        "subject_id": account.subject.id,
        "period": account.period.value,
        "begins_at": account.begins_at,
        "requests": spent.requests,
        "tokens": spent.tokens,
        "cost": spent.cost,
    }
