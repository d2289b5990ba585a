"""The end of sessions whose logs are all gone, also while logs are written to the same sessions."""

from collections.abc import Sequence
from typing import Any, Final

NO_LOGS: Final = (
    "NOT EXISTS (SELECT FROM log WHERE log.organisation_id = session.organisation_id AND log.session_id = session.id)"
)
# A batch of logs and the sessions that they bring are one statement. Who has this lock sees the logs of all statements
# that found a session there; the next ones find it gone, and make it anew.
_NO_WRITERS: Final = "LOCK TABLE session IN SHARE MODE"
_DELETE: Final = f"DELETE FROM session WHERE organisation_id = $1 AND id = ANY($2) AND {NO_LOGS}"  # noqa: S608 - our own words


async def delete_unused(connection: Any, organisation_id: str, ids: Sequence[str]) -> None:  # noqa: ANN401 - asyncpg has no types
    """Deletes those of the sessions that have no log, within a transaction; writers of logs wait until its end."""
    await connection.execute(_NO_WRITERS)
    await connection.execute(_DELETE, organisation_id, ids)
