"""What is kept in PostgreSQL of a move: where it comes from, how far it has come, and when it was finished.

The tables are made when a move begins and are no part of the schema: most databases never see them.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from everloop import errors
from everloop.domain.value import value
from everloop.storage.moving.values import Row

_THERE: Final = "SELECT to_regclass('everloop_move') IS NOT NULL"
_MAKE: Final = (
    "CREATE TABLE everloop_move (source text NOT NULL, begun_at bigint NOT NULL, finished_at bigint)",
    (
        "CREATE TABLE everloop_move_table"
        " (name text PRIMARY KEY, rows bigint NOT NULL, respelled bigint NOT NULL, reached bytea NOT NULL)"
    ),
)
_ADVANCE: Final = (
    "INSERT INTO everloop_move_table AS reached (name, rows, respelled, reached) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (name) DO UPDATE SET rows = excluded.rows, respelled = excluded.respelled, reached = excluded.reached"
    " WHERE reached.rows = $5"
)
_UNFINISHED: Final = "SELECT count(*) FROM everloop_move WHERE finished_at IS NULL"


@value
class Mark:
    """A move that was begun: the fingerprint of its source, and Unix milliseconds."""

    source: str
    begun_at: int
    finished_at: int | None


@value
class Reached:
    """How far a table has come: its rows on the other side, and the key of the last one.

    `respelled` of their values are spelled otherwise there.
    """

    rows: int = 0
    respelled: int = 0
    key: Row | None = None


async def mark_in(connection: Any) -> Mark | None:  # noqa: ANN401 - asyncpg has no types
    """What is known of a move into this database; None when there was none."""
    if not await connection.fetchval(_THERE):
        return None
    return Mark(*await connection.fetchrow("SELECT source, begun_at, finished_at FROM everloop_move"))


async def make_mark(connection: Any, source: str, now: int) -> None:  # noqa: ANN401 - as above
    """Begins a move. From now on no server uses the database until it is finished."""
    for statement in _MAKE:
        await connection.execute(statement)
    await connection.execute("INSERT INTO everloop_move (source, begun_at) VALUES ($1, $2)", source, now)


async def finish(connection: Any, now: int) -> None:  # noqa: ANN401 - as above
    """The move is finished, and servers may use the database."""
    await connection.execute("UPDATE everloop_move SET finished_at = $1", now)


async def reached_in(connection: Any, table: str) -> Reached:  # noqa: ANN401 - as above
    """How far that table has come."""
    query = "SELECT rows, respelled, reached FROM everloop_move_table WHERE name = $1"
    row = await connection.fetchrow(query, table)
    return Reached() if row is None else Reached(row[0], row[1], tuple(msgspec.msgpack.decode(row[2])))


async def advance(connection: Any, table: str, before: Reached, now: Reached) -> bool:  # noqa: ANN401 - as above
    """Keeps how far the table has come; whether it was where it was thought to be."""
    key = msgspec.msgpack.encode(now.key)
    status = await connection.execute(_ADVANCE, table, now.rows, now.respelled, key, before.rows)
    return bool(status == "INSERT 0 1")


def refuse_half(connection: Connection) -> None:
    """Raises `errors.Unavailable` for a database into which a move is not finished yet: a server would show a part."""
    if connection.dialect.name != "postgresql" or not connection.scalar(text(_THERE)):
        return
    if connection.scalar(text(_UNFINISHED)):
        raise errors.Unavailable(
            "A move into this database is not finished. Run `everloop migrate --to …` again, which goes on where it"
            " was; or make the database anew to give it up."
        )
