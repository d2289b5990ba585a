"""Logs whose time is over, in a SQLite database: found by their ids, deleted a few at a time.

PostgreSQL keeps logs by months (`postgres.partitions`) and needs another way: whole partitions go at once.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from everloop.domain.ids import ALPHABET, LENGTH, TIME_WIDTH, Prefix, base62
from everloop.storage.database import Database
from everloop.storage.log_tables import log, log_body, session
from everloop.storage.tables import feedback, organisation

# What ids look like that carry a time; others, made elsewhere, have only the time that was said with the log.
_TIMED: Final = f"{Prefix.LOG}_" + "[0-9A-Za-z]" * LENGTH
_SUFFIX: Final = ".retention"

_Found = tuple[str, Sequence[str]]


class OldLogs:
    """`ports.stores.OldLogStore`. The sums and trials of experiments have no part in this and stay as they are."""

    def __init__(self, database: Database, file: Path) -> None:
        self._database = database
        self._lock = file.with_name(file.name + _SUFFIX)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        # The system lets go of it when the process ends, however it ends.
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            yield False
            return
        try:
            yield True
        finally:
            os.close(descriptor)

    async def delete_logs(self, before: int, most: int) -> int:
        async with self._database.read() as connection:
            organisation_id, ids = await _old(connection, before, most)
        if ids:
            async with self._database.write(organisation_id) as connection:
                await _delete(connection, organisation_id, ids)
        return len(ids)

    async def delete_sessions(self, before: int, most: int) -> int:
        unused = and_(session.c.created_at < before, ~_has_logs())
        query = select(session.c.organisation_id, session.c.id).where(unused).limit(most)
        async with self._database.read() as connection:
            found = [(row.organisation_id, row.id) for row in (await connection.execute(query)).all()]
        if not found:
            return 0
        these = tuple_(session.c.organisation_id, session.c.id).in_(found)
        async with self._database.write() as connection:
            # Looked at again: a log may have come to one of them.
            await connection.execute(delete(session).where(these, ~_has_logs()))
        return len(found)


async def _old(connection: AsyncConnection, before: int, most: int) -> _Found:
    """Some old logs of one organisation; those of ids without a time come last, since all ids are read to find them."""
    organisations = (await connection.execute(select(organisation.c.id))).scalars().all()
    first, end = (f"{Prefix.LOG}_{digits}" for digits in (ALPHABET[0], base62(before, TIME_WIDTH)))
    timed = log.c.id.op("GLOB")(_TIMED)
    for kind in (and_(log.c.id >= first, log.c.id < end, timed), ~timed):
        for organisation_id in organisations:
            mine = and_(log.c.organisation_id == organisation_id, kind, log.c.created_at < before)
            ids = (await connection.execute(select(log.c.id).where(mine).limit(most))).scalars().all()
            if ids:
                return organisation_id, ids
    return "", ()


async def _delete(connection: AsyncConnection, organisation_id: str, ids: Sequence[str]) -> None:
    these = and_(log.c.organisation_id == organisation_id, log.c.id.in_(ids))
    query = select(log.c.session_id).where(these, log.c.session_id.is_not(None)).distinct()
    sessions = (await connection.execute(query)).scalars().all()
    for table, key in ((feedback, feedback.c.log_id), (log_body, log_body.c.log_id), (log, log.c.id)):
        await connection.execute(delete(table).where(table.c.organisation_id == organisation_id, key.in_(ids)))
    if sessions:
        theirs = and_(session.c.organisation_id == organisation_id, session.c.id.in_(sessions))
        await connection.execute(delete(session).where(theirs, ~_has_logs()))


def _has_logs() -> ColumnElement[bool]:
    return exists().where(log.c.organisation_id == session.c.organisation_id, log.c.session_id == session.c.id)
