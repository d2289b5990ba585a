"""API keys and providers' keys."""

from typing import Any

from sqlalchemy import Row, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop import errors
from everloop.domain.ids import ApiKeyId, OrganisationId, ProviderKeyId
from everloop.domain.keys import ApiKey, ProviderKey
from everloop.domain.limit import Subject, SubjectKind
from everloop.domain.scope import Scope
from everloop.storage.changes import Changes
from everloop.storage.limit_rows import drop_limits
from everloop.storage.tables import api_key, provider_key
from everloop.storage.transactions import Transactions


def api_key_of(row: Row[Any]) -> ApiKey:
    """The API key in a row."""
    return ApiKey(
        ApiKeyId(row.id),
        OrganisationId(row.organisation_id),
        row.name,
        row.digest,
        row.hint,
        row.created_at,
        row.revoked_at,
    )


def provider_key_of(row: Row[Any]) -> ProviderKey:
    """The provider's key in a row."""
    return ProviderKey(
        ProviderKeyId(row.id),
        OrganisationId(row.organisation_id),
        row.provider,
        row.sealed,
        row.hint,
        row.created_at,
        row.updated_at,
    )


class Keys:
    """`ports.organisations.KeyStore`."""

    def __init__(self, database: Transactions, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def add_api_key(self, scope: Scope, key: ApiKey) -> None:
        _same_organisation(scope, key.organisation_id)
        values = {
            "organisation_id": scope.organisation_id,
            "id": key.id,
            "name": key.name,
            "digest": key.digest,
            "hint": key.hint,
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
        }
        async with self._database.write(scope.organisation_id) as connection:
            try:
                await connection.execute(insert(api_key).values(values))
            except IntegrityError as error:
                raise errors.Conflict("This API key exists already.") from error
            await self._changes.record(connection, scope.organisation_id)

    async def api_keys(self, scope: Scope) -> tuple[ApiKey, ...]:
        query = (
            select(api_key)
            .where(api_key.c.organisation_id == scope.organisation_id)
            .order_by(api_key.c.created_at.desc(), api_key.c.number.desc())
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(api_key_of(row) for row in rows)

    async def revoke_api_key(self, scope: Scope, key_id: ApiKeyId, now: int) -> ApiKey | None:
        mine = and_(api_key.c.organisation_id == scope.organisation_id, api_key.c.id == key_id)
        async with self._database.write(scope.organisation_id) as connection:
            unrevoked = and_(mine, api_key.c.revoked_at.is_(None))
            await connection.execute(update(api_key).where(unrevoked).values(revoked_at=now))
            row = (await connection.execute(select(api_key).where(mine))).one_or_none()
            if row is None:
                return None
            await drop_limits(connection, scope.organisation_id, Subject(SubjectKind.API_KEY, key_id))
            await self._changes.record(connection, scope.organisation_id)
            return api_key_of(row)

    async def put_provider_key(self, scope: Scope, key: ProviderKey) -> None:
        async with self._database.write(scope.organisation_id) as connection:
            await replace_provider_key(connection, scope, key)
            await self._changes.record(connection, scope.organisation_id)

    async def provider_keys(self, scope: Scope) -> tuple[ProviderKey, ...]:
        query = (
            select(provider_key)
            .where(provider_key.c.organisation_id == scope.organisation_id)
            .order_by(provider_key.c.provider)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(provider_key_of(row) for row in rows)

    async def delete_provider_key(self, scope: Scope, provider: str) -> bool:
        async with self._database.write(scope.organisation_id) as connection:
            if not await forget_provider_key(connection, scope, provider):
                return False
            await self._changes.record(connection, scope.organisation_id)
            return True


async def replace_provider_key(connection: AsyncConnection, scope: Scope, key: ProviderKey) -> None:
    """Puts the key in the place of the one for its provider, within a transaction. Raises `errors.Conflict`."""
    _same_organisation(scope, key.organisation_id)
    values = {
        "organisation_id": scope.organisation_id,
        "id": key.id,
        "provider": key.provider,
        "sealed": key.sealed,
        "hint": key.hint,
        "created_at": key.created_at,
        "updated_at": key.updated_at,
    }
    await forget_provider_key(connection, scope, key.provider)
    try:
        await connection.execute(insert(provider_key).values(values))
    except IntegrityError as error:
        raise errors.Conflict(f"A provider key with the id `{key.id}` exists already.") from error


async def forget_provider_key(connection: AsyncConnection, scope: Scope, provider: str) -> bool:
    """Takes the key for a provider away, within a transaction; whether there was one."""
    gone = await connection.execute(delete(provider_key).where(_of_provider(scope, provider)))
    return gone.rowcount > 0


def _of_provider(scope: Scope, provider: str) -> Any:  # noqa: ANN401 - an SQL expression
    return and_(provider_key.c.organisation_id == scope.organisation_id, provider_key.c.provider == provider)


def _same_organisation(scope: Scope, organisation_id: OrganisationId) -> None:
    """A key is sealed for, and found by, the organisation that it names; kept elsewhere it opens the wrong door."""
    if organisation_id != scope.organisation_id:
        raise errors.NotFound("The key belongs to another organisation.")
