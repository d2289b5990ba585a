"""Who is asking: the organisation whose things may be seen, and the key that asked."""

from everloop.domain.ids import OrganisationId
from everloop.domain.value import value


@value
class Scope:
    """The first argument of every store method: what it returns or changes lies within this organisation."""

    organisation_id: OrganisationId
    actor: str
    """For history: the id of the API key that made the call, or a word such as `everloop` for the system itself."""
