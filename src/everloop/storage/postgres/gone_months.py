"""The end of a month of logs: once it is detached, what hangs on its logs is deleted, and its tables last.

A server that is killed meanwhile leaves tables that nobody reads; the next sweep goes on with them. Nobody adds
feedback meanwhile: whoever has seen the log has ended, for else the month could not be detached. It is counted together
with that on other logs, so that it goes in turns with those who write for the same organisation.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any, Final

from everloop.storage.postgres.locks import owner_lock
from everloop.storage.postgres.patience import BRIEFLY, IN_LINE, patiently
from everloop.storage.postgres.unused_sessions import delete_unused
from everloop.storage.said_rows import forgetting

# Sessions, or logs with feedback, of one batch, and what is left to others after one: so many times as much as it took.
_BATCH: Final = 200
_SHARE: Final = 4.0

_HAS_YOUNG: Final = "SELECT EXISTS (SELECT FROM log_{month} WHERE created_at >= $1)"
# Both in one statement: what was written between the look at the month and its end is never away for long.
_KEEP_YOUNG: Final = (
    "WITH logs AS (DELETE FROM log_gone_{month} WHERE created_at >= $1 RETURNING *),"
    " bodies AS (DELETE FROM log_body_gone_{month} body USING log_gone_{month} log WHERE log.created_at >= $1"
    " AND body.organisation_id = log.organisation_id AND body.log_id = log.id RETURNING body.*),"
    " kept AS (INSERT INTO log SELECT * FROM logs) INSERT INTO log_body SELECT * FROM bodies"
)
_SAID: Final = (
    "SELECT DISTINCT feedback.organisation_id, feedback.log_id FROM feedback JOIN log_gone_{month} log"
    " ON log.organisation_id = feedback.organisation_id AND log.id = feedback.log_id"
    " WHERE (feedback.organisation_id, feedback.log_id) > ($1, $2) ORDER BY 1, 2 LIMIT $3"
)
_THESE: Final = "SELECT * FROM log_gone_{month} WHERE organisation_id = $1 AND id = ANY($2)"
_FEEDBACK: Final = "DELETE FROM feedback WHERE organisation_id = $1 AND log_id = ANY($2)"
_SESSIONS: Final = (
    "SELECT DISTINCT organisation_id, session_id FROM log_gone_{month}"
    " WHERE session_id IS NOT NULL AND (organisation_id, session_id) > ($1, $2) ORDER BY 1, 2 LIMIT $3"
)
_COUNT: Final = "SELECT count(*) FROM log_gone_{month}"
_DROP: Final = "DROP TABLE log_gone_{month}, log_body_gone_{month}"


async def is_old(connection: Any, month: str, before: int) -> bool:  # noqa: ANN401 - asyncpg has no types
    """Whether no log in the month's partition is younger; one whose id was made elsewhere may be."""
    return not await connection.fetchval(_HAS_YOUNG.format(month=month), before)


async def clear(connection: Any, month: str, before: int) -> int:  # noqa: ANN401 - as above
    """Deletes a detached month with the feedback on its logs and the sessions without any; how many logs it had."""
    await connection.execute(_KEEP_YOUNG.format(month=month), before)
    await _clear_feedback(connection, month)
    await _clear_sessions(connection, month)
    count: int = await connection.fetchval(_COUNT.format(month=month))
    await connection.execute(_DROP.format(month=month))
    return count


async def _clear_feedback(connection: Any, month: str) -> None:  # noqa: ANN401 - as above
    last = ("", "")
    while found := [tuple(row) for row in await connection.fetch(_SAID.format(month=month), *last, _BATCH)]:
        last = found[-1]
        for organisation_id, those in groupby(found, key=lambda each: each[0]):
            ids = [log_id for _, log_id in those]
            await patiently(connection, partial(_unsay, month=month, organisation_id=organisation_id, ids=ids))


async def _unsay(connection: Any, *, month: str, organisation_id: str, ids: Sequence[str]) -> None:  # noqa: ANN401 - as above
    await connection.execute(IN_LINE)
    await connection.execute("SELECT pg_advisory_xact_lock($1)", owner_lock(organisation_id))
    await connection.execute(BRIEFLY)
    for statement in (*forgetting(_THESE.format(month=month)), _FEEDBACK):
        await connection.execute(statement, organisation_id, ids)


async def _clear_sessions(connection: Any, month: str) -> None:  # noqa: ANN401 - as above
    clock, last = asyncio.get_running_loop().time, ("", "")
    while found := [tuple(row) for row in await connection.fetch(_SESSIONS.format(month=month), *last, _BATCH)]:
        began, last = clock(), found[-1]
        for organisation_id, those in groupby(found, key=lambda each: each[0]):
            ids = [session_id for _, session_id in those]
            await patiently(connection, partial(delete_unused, organisation_id=organisation_id, ids=ids))
        await asyncio.sleep((clock() - began) * _SHARE)
