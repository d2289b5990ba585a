"""The directory holds the snapshot that calls are answered from, and swaps it when something has changed."""

import asyncio
import logging
from collections.abc import Sequence

from everloop.domain.ids import OrganisationId, ProjectId
from everloop.domain.scope import Scope
from everloop.domain.snapshot import Change, OrganisationView, Snapshot
from everloop.errors import Unauthenticated, Unavailable
from everloop.ports.feed import ConfigFeed

_log = logging.getLogger(__name__)


class Directory:
    """One per process. Reading it costs a few dictionary look-ups and never touches the database."""

    def __init__(self, feed: ConfigFeed) -> None:
        self._feed = feed
        self._snapshot = Snapshot(epoch=0)
        self._refreshing = asyncio.Lock()

    @property
    def snapshot(self) -> Snapshot:
        """The present one; it never changes, so a call that holds it sees one consistent state."""
        return self._snapshot

    def organisation(self, scope: Scope) -> OrganisationView:
        """The caller's organisation."""
        return self._snapshot.organisations[scope.organisation_id]

    def authenticate(self, digest: bytes) -> Scope:
        """Who shows the API key with this digest. Raises `Unauthenticated`.

        Looking a digest up needs no constant-time comparison: whoever can choose the digest's bytes one by one has
        broken SHA-256.
        """
        key = self._snapshot.keys_by_digest.get(digest)
        if key is None:
            raise Unauthenticated("This API key is not known here, or it was revoked.")
        return Scope(key.organisation_id, key.id)

    async def load(self) -> None:
        """Reads everything; once, before the first call."""
        self._snapshot = await self._feed.load()

    async def refresh(self) -> None:
        """Takes in what has changed since, if anything. After a write this makes it visible to the very next call."""
        async with self._refreshing:
            changes = await self._feed.changes_since(self._snapshot.epoch)
            if changes:
                self._snapshot = await self._changed(changes)

    async def watch(self) -> None:
        """Follows what other processes change, until cancelled. While the database is away the last snapshot stays."""
        while True:
            try:
                await self._feed.wait()
                await self.refresh()
            except Unavailable as error:
                _log.warning("configuration changes cannot be read, the last known state stays: %s", error)
                await asyncio.sleep(1)

    async def _changed(self, changes: Sequence[Change]) -> Snapshot:
        touched: dict[OrganisationId, set[ProjectId | None]] = {}
        for change in changes:
            touched.setdefault(change.organisation_id, set()).add(change.project_id)
        views = []
        for organisation_id, project_ids in touched.items():
            view = await self._organisation(organisation_id, reread=None in project_ids)
            if view is not None:
                views.append(await self._with_projects(view, [each for each in project_ids if each is not None]))
        return self._snapshot.with_organisations(changes[-1].number, views)

    async def _organisation(self, organisation_id: OrganisationId, *, reread: bool) -> OrganisationView | None:
        known = self._snapshot.organisations.get(organisation_id)
        if known is not None and not reread:
            return known
        fresh = await self._feed.organisation(organisation_id)
        if fresh is None or known is None:
            return fresh
        return fresh.with_projects(known.projects.values())

    async def _with_projects(self, view: OrganisationView, project_ids: Sequence[ProjectId]) -> OrganisationView:
        if not project_ids:
            return view
        found, gone = [], []
        for project_id in project_ids:
            project = await self._feed.project(view.id, project_id)
            if project is None:
                gone.append(project_id)
            else:
                found.append(project)
        return view.with_projects(found, gone)
