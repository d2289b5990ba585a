"""Logs whose time is over, in a PostgreSQL database: whole months go at once, the rest a few at a time.

The outcome is that of `storage.retention`. What goes in pieces goes as there, in one transaction with all that hangs on
it; for months see `gone_months`.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from everloop.domain.ids import ALPHABET, TIME_WIDTH, Prefix, base62
from everloop.storage.postgres.connecting import Server
from everloop.storage.postgres.failures import told_apart
from everloop.storage.postgres.gone_months import clear, is_old
from everloop.storage.postgres.locks import RETENTION, owner_lock
from everloop.storage.postgres.partitions import detach, detached, months_before
from everloop.storage.postgres.patience import BRIEFLY, IN_LINE, patiently
from everloop.storage.postgres.unused_sessions import NO_LOGS, delete_unused
from everloop.storage.said_rows import SOME, forgetting

# Seconds for one command: all of a month may be looked at.
_PATIENCE: Final = 900.0

_ORGANISATIONS: Final = "SELECT id FROM organisation ORDER BY number"
_TIMED: Final = "SELECT id FROM log WHERE organisation_id = $1 AND id >= $2 AND id < $3 AND created_at < $4 LIMIT $5"
# An id that was made elsewhere tells no time, or any: most of those that are left look like times to come.
_OTHERS: Final = "SELECT id FROM log WHERE organisation_id = $1 AND created_at < $2 ORDER BY id DESC LIMIT $3"
_UNUSED: Final = f"SELECT id FROM session WHERE organisation_id = $1 AND created_at < $2 AND {NO_LOGS} LIMIT $3"  # noqa: S608 - our own words

_FORGET: Final = forgetting(SOME)
_FEEDBACK: Final = "DELETE FROM feedback WHERE organisation_id = $1 AND log_id = ANY($2)"
_BODIES: Final = "DELETE FROM log_body WHERE organisation_id = $1 AND log_id = ANY($2)"
_LOGS: Final = "DELETE FROM log WHERE organisation_id = $1 AND id = ANY($2) RETURNING session_id"

_Found = tuple[str, list[str]]


class PostgresOldLogs:
    """`ports.logs.OldLogStore`. The sums and trials of experiments have no part in this and stay as they are."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        # Only a transaction can hold it where a pooler stands between.
        async with self._connected() as connection, connection.transaction(isolation="read_committed"):
            alone = await connection.fetchval(f"SELECT pg_try_advisory_xact_lock({RETENTION})")
            # The last word, so that no query is left open whose snapshot would stop every vacuum.
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield alone

    async def drop_logs(self, before: int) -> int:
        async with self._connected() as connection:
            # Those that an interrupted sweep has left come first.
            gone = await _clear_all(connection, before)
            for month in await months_before(connection, before):
                if await is_old(connection, month, before):
                    await patiently(connection, partial(detach, month=month))
                    gone += await _clear_all(connection, before)
            return gone

    async def delete_logs(self, before: int, most: int) -> int:
        async with self._connected() as connection:
            organisation_id, ids = await _old_logs(connection, before, most)
            if ids:
                await patiently(connection, partial(_delete_logs, organisation_id=organisation_id, ids=ids))
            return len(ids)

    async def delete_sessions(self, before: int, most: int) -> int:
        async with self._connected() as connection:
            organisation_id, ids = await _first_with(connection, _UNUSED, (before, most))
            if ids:
                await patiently(connection, partial(delete_unused, organisation_id=organisation_id, ids=ids))
            return len(ids)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:  # asyncpg has no types
        with told_apart():
            connection = await self._server.connect(_PATIENCE)
            try:
                yield connection
            finally:
                connection.terminate()


async def _clear_all(connection: Any, before: int) -> int:  # noqa: ANN401 - as above
    return sum([await clear(connection, month, before) for month in await detached(connection)])


async def _old_logs(connection: Any, before: int, most: int) -> _Found:  # noqa: ANN401 - as above
    """Some of one organisation; those of ids that tell another time come last: all logs are read to find them."""
    first, end = (f"{Prefix.LOG}_{digits}" for digits in (ALPHABET[0], base62(before, TIME_WIDTH)))
    found = await _first_with(connection, _TIMED, (first, end, before, most))
    return found if found[1] else await _first_with(connection, _OTHERS, (before, most))


async def _first_with(connection: Any, query: str, values: tuple[str | int, ...]) -> _Found:  # noqa: ANN401 - as above
    """The first organisation in which the query finds ids, and those."""
    for (organisation_id,) in await connection.fetch(_ORGANISATIONS):
        ids = [found for (found,) in await connection.fetch(query, organisation_id, *values)]
        if ids:
            return organisation_id, ids
    return "", []


async def _delete_logs(connection: Any, organisation_id: str, ids: Sequence[str]) -> None:  # noqa: ANN401 - as above
    # Feedback is written by whoever has this lock, once it has seen the log.
    await connection.execute(IN_LINE)
    await connection.execute("SELECT pg_advisory_xact_lock($1)", owner_lock(organisation_id))
    await connection.execute(BRIEFLY)
    for statement in _FORGET:
        await connection.execute(statement, organisation_id, ids)
    await connection.execute(_FEEDBACK, organisation_id, ids)
    await connection.execute(_BODIES, organisation_id, ids)
    sessions = {row[0] for row in await connection.fetch(_LOGS, organisation_id, ids)} - {None}
    if sessions:
        await delete_unused(connection, organisation_id, list(sessions))
