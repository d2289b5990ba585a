"""An organisation: the wall that nothing is seen across."""

from dataclasses import dataclass

from everloop.domain.ids import OrganisationId


@dataclass(frozen=True, slots=True)
class Organisation:
    """The owner of projects, environments and keys. `created_at` is in Unix milliseconds."""

    id: OrganisationId
    name: str
    created_at: int
