"""The ports to what is common to all processes on a database: its changes, and its state."""

from typing import Protocol

from everloop.domain.ids import OrganisationId, ProjectId
from everloop.domain.snapshot import Change, OrganisationView, ProjectView, Snapshot


class ConfigFeed(Protocol):
    """How processes learn what others changed, and the reads that the snapshot is made of."""

    async def load(self) -> Snapshot:
        """Everything, as of one epoch."""
        ...

    async def changes_since(self, epoch: int) -> tuple[Change, ...]:
        """What changed after that epoch, oldest first."""
        ...

    async def organisation(self, organisation_id: OrganisationId) -> OrganisationView | None:
        """The organisation's environments, keys, tools, limits and prices, without its projects."""
        ...

    async def project(self, organisation_id: OrganisationId, project_id: ProjectId) -> ProjectView | None: ...

    async def wait(self) -> None:
        """Returns when there may be something new: at the latest, a change is told half a second after it was made."""
        ...


class Health(Protocol):
    """The state of the database."""

    async def ready(self) -> None:
        """Raises `errors.Unavailable`, saying why, unless the database is writable and its migrations are current."""
        ...
