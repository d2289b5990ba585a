"""The months of which PostgreSQL needs partitions before the logs come."""

import sqlite3
from datetime import UTC, datetime
from typing import Final

from everloop.domain.ids import TIME_WIDTH, Prefix, base62

_END_OF_TIME: Final = 62**TIME_WIDTH - 1
_SPAN: Final = "SELECT min(created_at), max(created_at) FROM log"
# An id that was made elsewhere looks like one with a time, which then is any month until 2081 (decision 9). In ours the
# time is that of the log.
_ANY: Final = (
    "SELECT 1 FROM log WHERE organisation_id = ? AND id >= ? AND id < ? AND created_at >= ? AND created_at < ? LIMIT 1"
)


def months_of_logs(connection: sqlite3.Connection) -> list[int]:
    """The beginnings, in Unix milliseconds, of the months in which logs were made, by their ids and by their times."""
    oldest, newest = connection.execute(_SPAN).fetchone()
    if oldest is None:
        return []
    owners = [owner for (owner,) in connection.execute("SELECT id FROM organisation ORDER BY number")]
    months = []
    begin = _first_of(max(oldest, 0))
    while begin <= min(newest, _END_OF_TIME):
        end = _first_of_next(begin)
        if any(connection.execute(_ANY, (owner, *_ids(begin, end), begin, end)).fetchone() for owner in owners):
            months.append(begin)
        begin = end
    return months


def _ids(begin: int, end: int) -> tuple[str, str]:
    first, last = (f"{Prefix.LOG}_{base62(min(time, _END_OF_TIME), TIME_WIDTH)}" for time in (begin, end))
    return first, last


def _first_of(milliseconds: int) -> int:
    time = datetime.fromtimestamp(min(milliseconds, _END_OF_TIME) / 1000, UTC)
    return _milliseconds(time.year, time.month)


def _first_of_next(milliseconds: int) -> int:
    time = datetime.fromtimestamp(milliseconds / 1000, UTC)
    year, month = divmod(time.year * 12 + time.month, 12)
    return _milliseconds(year, month + 1)


def _milliseconds(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000
