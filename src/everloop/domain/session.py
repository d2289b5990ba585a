"""A session: logs that belong together, such as the turns of one conversation."""

import hashlib
import hmac

from everloop.domain.ids import OrganisationId, Prefix, ProjectId, SessionId, identifier
from everloop.domain.value import value


@value
class Session:
    """`reference_id` is the caller's own name for it. `created_at` is in Unix milliseconds."""

    id: SessionId
    created_at: int
    reference_id: str | None = None


@value
class SessionSummary:
    """A session with what its logs say: `projects` as (id, name), the first log's inputs (JSON) and the last output."""

    session: Session
    projects: tuple[tuple[ProjectId, str], ...]
    logs: int
    first_inputs: bytes | None
    last_output: str | None
    updated_at: int


def session_id_for(key: bytes, organisation_id: OrganisationId, reference_id: str) -> SessionId:
    """The session that a reference names: a keyed hash of both, so that finding it needs no read and has no race."""
    message = f"session\x00{organisation_id}\x00{reference_id}".encode()
    number = int.from_bytes(hmac.digest(key, message, hashlib.sha256), "big")
    return SessionId(identifier(Prefix.SESSION, number))
