"""The partitions of `log` and `log_body`: one for each month of the times in the logs' ids, and one for all else.

Ids that were made elsewhere may carry any time, so that only the present decides which months there are; what came
before its month was there is in the other partition, and moves when the month is made. A month whose time is over is
detached, which reads no row, and its tables are tables of their own from then on.
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
# Months that both tables have; an operator may have detached one of them by hand.
_MONTHS: Final = (
    "SELECT right(relname, 7) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
    " WHERE inhparent = ANY($1::regclass[]) AND relname ~ '_[0-9]{4}_[0-9]{2}$'"
    " GROUP BY 1 HAVING count(*) = $2 ORDER BY 1"
)
_DETACH: Final = (
    "ALTER TABLE {table} DETACH PARTITION {table}_{month}",
    "ALTER TABLE {table}_{month} RENAME TO {table}_gone_{month}",
)
_DETACHED: Final = "SELECT right(relname, 7) FROM pg_class WHERE relname ~ $1 AND pg_table_is_visible(oid) ORDER BY 1"


async def make_ahead(connection: Any, now: int) -> int:  # noqa: ANN401 - asyncpg has no types
    """Makes the partitions of this month and the next, unless they are there; until when that is enough.

    Times are Unix milliseconds. Raises the driver's errors, and leaves what there was then.
    """
    first = _month_at(now)
    following = _next(first)
    for month in (first, following):
        await _make(connection, month)
    return _milliseconds(following)


async def months_before(connection: Any, time: int) -> list[str]:  # noqa: ANN401 - as above
    """The names of the months that have partitions and end by a time, in Unix milliseconds, oldest first."""
    names = [name for name, _ in _TABLES]
    months = [row[0] for row in await connection.fetch(_MONTHS, names, len(names))]
    return [month for month in months if _milliseconds(_next(datetime.strptime(f"{month} Z", "%Y_%m %z"))) <= time]


async def detach(connection: Any, month: str) -> None:  # noqa: ANN401 - as above
    """Takes a month's logs and bodies out, within a transaction, so that nobody finds them any more.

    They are in the tables `log_gone_…` and `log_body_gone_…` of the month then.

    All who read or write logs are waited for, and wait: who calls this sets a `lock_timeout`.
    """
    await connection.execute(f"SELECT pg_advisory_xact_lock({PARTITIONS})")
    tables = ", ".join(f"ONLY {name}" for name, _ in _TABLES)
    await connection.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
    for table, _ in _TABLES:
        for statement in _DETACH:
            await connection.execute(statement.format(table=table, month=month))


async def detached(connection: Any) -> list[str]:  # noqa: ANN401 - as above
    """The names of the months that were detached and are not dropped yet, oldest first."""
    return [row[0] for row in await connection.fetch(_DETACHED, "^log_gone_[0-9]{4}_[0-9]{2}$")]


async def _make(connection: Any, month: datetime) -> None:  # noqa: ANN401 - as above
    name = f"{month:%Y_%m}"
    partition = f"{_TABLES[-1][0]}_{name}"
    async with connection.transaction(isolation="read_committed"):
        if await connection.fetchval(_THERE, partition):
            return
        # Who waits for a lock stops all who come later; better not to have the partition yet. A batch of logs locks
        # bodies first and a reader logs: this gives up before PostgreSQL, after a second, takes one of them for the
        # knot and ends it.
        await connection.execute("SET LOCAL lock_timeout = '500ms'")
        await connection.execute(f"SELECT pg_advisory_xact_lock({PARTITIONS})")
        if await connection.fetchval(_THERE, partition):
            return
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
