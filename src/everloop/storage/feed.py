"""What changed, and the reads that the snapshot is made of."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from sqlalchemy import Row, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import OrganisationId, ProjectId
from everloop.domain.snapshot import Change, OrganisationView, ProjectView, Snapshot
from everloop.storage.tables import change, organisation, project
from everloop.storage.transactions import Transactions
from everloop.storage.views import organisation_views, project_views

_POLL: Final = 0.25
_PRESENT: Final = project.c.deleted_at.is_(None)


async def a_moment() -> None:
    """Lets time pass, where a database cannot call."""
    await asyncio.sleep(_POLL)


class PollingFeed:
    """`ports.feed.ConfigFeed`: after each pause the newest number is read, four times a second unless told else.

    A `pause` that ends early when there is news makes them known earlier; one of half a second is the longest allowed.
    """

    def __init__(self, database: Transactions, pause: Callable[[], Awaitable[None]] = a_moment) -> None:
        self._database = database
        self._pause = pause
        self._told = -1

    async def load(self) -> Snapshot:
        async with self._database.read() as connection:
            epoch = await _newest(connection)
            views = await organisation_views(connection, true())
            projects = await project_views(connection, _PRESENT)
        self._told = epoch
        return Snapshot(epoch).with_organisations(
            epoch, [view.with_projects(projects[view.id]) for view in views.values()]
        )

    async def changes_since(self, epoch: int) -> tuple[Change, ...]:
        """What changed after that epoch, oldest first.

        The record is cut short at its old end. For an epoch before that end, or one that never was (a backup was
        restored), every organisation and every project counts as changed, all with the newest number: whoever reads
        them again has missed nothing.
        """
        async with self._database.read() as connection:
            oldest, newest = (
                await connection.execute(select(func.min(change.c.number), func.max(change.c.number)))
            ).one()
            if newest is None:
                changes: tuple[Change, ...] = ()
            elif oldest - 1 <= epoch <= newest:
                query = select(change).where(change.c.number > epoch).order_by(change.c.number)
                changes = tuple(_change_of(row) for row in (await connection.execute(query)).all())
            else:
                changes = await _everything(connection, newest)
        self._told = newest or 0
        return changes

    async def organisation(self, organisation_id: OrganisationId) -> OrganisationView | None:
        async with self._database.read() as connection:
            return (await organisation_views(connection, organisation.c.id == organisation_id)).get(organisation_id)

    async def project(self, organisation_id: OrganisationId, project_id: ProjectId) -> ProjectView | None:
        chosen = and_(project.c.organisation_id == organisation_id, project.c.id == project_id, _PRESENT)
        async with self._database.read() as connection:
            return next(iter((await project_views(connection, chosen))[organisation_id]), None)

    async def wait(self) -> None:
        """Compares with what `load` and `changes_since` told, so that a change is waited for until it was told."""
        while True:
            await self._pause()
            async with self._database.read() as connection:
                if await _newest(connection) != self._told:
                    return


async def _newest(connection: AsyncConnection) -> int:
    return (await connection.execute(select(func.max(change.c.number)))).scalar_one() or 0


def _change_of(row: Row[Any]) -> Change:
    project_id = None if row.project_id is None else ProjectId(row.project_id)
    return Change(row.number, OrganisationId(row.organisation_id), project_id)


async def _everything(connection: AsyncConnection, number: int) -> tuple[Change, ...]:
    """Deleted projects, too: whoever was not told that they are reads that they are not there."""
    owners = (await connection.execute(select(organisation.c.id).order_by(organisation.c.number))).scalars().all()
    query = select(project.c.organisation_id, project.c.id).order_by(project.c.number)
    projects = (await connection.execute(query)).all()
    return (
        *(Change(number, OrganisationId(each)) for each in owners),
        *(Change(number, OrganisationId(row.organisation_id), ProjectId(row.id)) for row in projects),
    )
