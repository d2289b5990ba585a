"""Prices of an organisation's own."""

from typing import Any

from sqlalchemy import Row, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from everloop import errors
from everloop.domain.ids import PriceId
from everloop.domain.price import Price
from everloop.domain.scope import Scope
from everloop.storage.changes import Changes
from everloop.storage.provider_tables import price as table
from everloop.storage.transactions import Transactions


def price_of(row: Row[Any]) -> Price:
    """The price in a row."""
    return Price(
        PriceId(row.id),
        row.provider,
        row.model,
        row.prompt_price,
        row.output_price,
        row.created_at,
        row.updated_at,
    )


class Prices:
    """`ports.prices.PriceStore`."""

    def __init__(self, database: Transactions, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def put(self, scope: Scope, price: Price) -> Price:
        here = and_(
            table.c.organisation_id == scope.organisation_id,
            table.c.provider == price.provider,
            table.c.model == price.model,
        )
        amounts = {"prompt_price": price.prompt_price, "output_price": price.output_price}
        changed = update(table).where(here).values(**amounts, updated_at=price.updated_at)
        async with self._database.write(scope.organisation_id) as connection:
            if (await connection.execute(changed)).rowcount == 0:
                values = {
                    "organisation_id": scope.organisation_id,
                    "id": price.id,
                    "provider": price.provider,
                    "model": price.model,
                    "created_at": price.created_at,
                    "updated_at": price.updated_at,
                }
                try:
                    await connection.execute(insert(table).values({**values, **amounts}))
                except IntegrityError as error:
                    raise errors.Conflict(f"A price with the id `{price.id}` exists already.") from error
            await self._changes.record(connection, scope.organisation_id)
            return price_of((await connection.execute(select(table).where(here))).one())

    async def all(self, scope: Scope) -> tuple[Price, ...]:
        mine = table.c.organisation_id == scope.organisation_id
        query = select(table).where(mine).order_by(table.c.provider, table.c.model)
        async with self._database.read() as connection:
            return tuple(price_of(row) for row in (await connection.execute(query)).all())

    async def delete(self, scope: Scope, price_id: PriceId) -> None:
        this = and_(table.c.organisation_id == scope.organisation_id, table.c.id == price_id)
        async with self._database.write(scope.organisation_id) as connection:
            if (await connection.execute(delete(table).where(this))).rowcount == 0:
                raise errors.NotFound(f"There is no price with the id `{price_id}`.")
            await self._changes.record(connection, scope.organisation_id)
