"""The record of configuration writes, from which other processes learn what to read again."""

from typing import Final

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import OrganisationId, ProjectId
from everloop.ports.system import Clock
from everloop.storage.postgres.announcing import announce
from everloop.storage.tables import change

KEPT: Final = 10_000
_TRIM_EVERY: Final = 500


class Changes:
    """Adds to the record, within the transaction of the write itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def record(
        self, connection: AsyncConnection, organisation_id: OrganisationId, project_id: ProjectId | None = None
    ) -> None:
        """Tells of a write to a project, or (None) to the organisation itself; drops the oldest rows now and then."""
        if connection.dialect.name == "postgresql":
            await announce(connection)
        values = {"organisation_id": organisation_id, "project_id": project_id, "at": self._clock.now()}
        result = await connection.execute(insert(change).values(values))
        key = result.inserted_primary_key  # None for many rows at once only
        number: int = key[0] if key is not None else 0
        if number % _TRIM_EVERY == 0:
            await connection.execute(delete(change).where(change.c.number <= number - KEPT))
