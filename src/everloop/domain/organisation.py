"""An organisation: the wall that nothing is seen across."""

from everloop.domain.ids import OrganisationId
from everloop.domain.value import value


@value
class Organisation:
    """The owner of projects, environments and keys. `created_at` is in Unix milliseconds."""

    id: OrganisationId
    name: str
    created_at: int
