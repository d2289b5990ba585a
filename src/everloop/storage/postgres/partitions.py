"""The partitions of `log` and `log_body`: one for each month of the times in the logs' ids, and one for all else.

Ids that were made elsewhere may carry any time, so that only the present decides which months there are; what came
before its month was there is in the other partition, and moves when the month is made.
"""

from datetime import UTC, datetime
from typing import Any, Final

from everloop.domain.ids import TIME_WIDTH, Prefix, base62
from everloop.storage.log_tables import log, log_body
from everloop.storage.postgres.locks import PARTITIONS

# Each table and the column whose time decides.
_TABLES: Final = ((log.name, log.c.id.name), (log_body.name, log_body.c.log_id.name))
# Not `to_regclass`: once it has found nothing it does so until its transaction ends.
_THERE: Final = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = $1 AND pg_table_is_visible(oid))"
_MAKE: Final = (
    "CREATE TABLE {table}_{month} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
    (
        "WITH moved AS (DELETE FROM {table}_other WHERE {key} >= '{first}' AND {key} < '{end}' RETURNING *)"
        " INSERT INTO {table}_{month} SELECT * FROM moved"
    ),
    "ALTER TABLE {table} ATTACH PARTITION {table}_{month} FOR VALUES FROM ('{first}') TO ('{end}')",
)


async def make_ahead(connection: Any, now: int) -> int:  # noqa: ANN401 - asyncpg has no types
    """Makes the partitions of this month and the next, unless they are there; until when that is enough.

    Times are Unix milliseconds. Raises the driver's errors, and leaves what there was then.
    """
    first = _month_at(now)
    following = _next(first)
    for month in (first, following):
        await _make(connection, month)
    return _milliseconds(following)


async def _make(connection: Any, month: datetime) -> None:  # noqa: ANN401 - as above
    name = f"{month:%Y_%m}"
    partition = f"{_TABLES[-1][0]}_{name}"
    async with connection.transaction(isolation="read_committed"):
        if await connection.fetchval(_THERE, partition):
            return
        # Who waits for a lock stops all who come later; better not to have the partition yet.
        await connection.execute("SET LOCAL lock_timeout = '2s'")
        await connection.execute(f"SELECT pg_advisory_xact_lock({PARTITIONS})")
        if await connection.fetchval(_THERE, partition):
            return
        # In the order in which a batch of logs locks them.
        for table, _ in _TABLES:
            await connection.execute(f"LOCK TABLE {table}_other IN ACCESS EXCLUSIVE MODE")
        bounds = {"month": name, "first": _bound(month), "end": _bound(_next(month))}
        for table, key in _TABLES:
            for statement in _MAKE:
                await connection.execute(statement.format(table=table, key=key, **bounds))


def _month_at(milliseconds: int) -> datetime:
    time = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return time.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next(month: datetime) -> datetime:
    year, number = divmod(month.year * 12 + month.month, 12)
    return month.replace(year=year, month=number + 1)


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp()) * 1000


def _bound(month: datetime) -> str:
    """What every log id of that month sorts behind, and that of none before."""
    return f"{Prefix.LOG}_{base62(_milliseconds(month), TIME_WIDTH)}"
