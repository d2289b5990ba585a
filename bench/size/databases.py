"""The databases that logs are written to, past the server, which is stopped meanwhile."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import asyncpg

from bench.size.past import DAYS, Model, Place, Written, batches
from everloop.storage.folded import fold_file
from everloop.storage.postgres.partitions import make_ahead
from everloop.storage.said_rows import FILL
from everloop.storage.tables import feedback

LOGS_OF: Final = "SELECT count(*) FROM log"
_MODEL: Final = "SELECT * FROM log WHERE session_id IS NOT NULL ORDER BY id DESC LIMIT 1"
_DAY: Final = 24 * 3600 * 1000
_BATCH: Final = 5_000

Result = TypeVar("Result")


class Database(Protocol):
    """What the program asks of a database."""

    def add(self, place: Place, first: int, end: int) -> None:
        """Write the logs from one number to another."""

    def logs(self) -> int:
        """Count the logs."""

    def bytes(self) -> int:
        """Return what it takes on the disk."""

    def environment(self) -> dict[str, str]:
        """Return what a server is told to use it."""


class SQLiteFile:
    """The one file in a server's data directory."""

    def __init__(self, file: Path) -> None:
        """`file` need not be there yet."""
        self._file = file

    def environment(self) -> dict[str, str]:
        """Return nothing: it is the default."""
        return {}

    def add(self, place: Place, first: int, end: int) -> None:
        """Write without syncing; nobody waits for it."""
        with self._open() as connection:
            connection.execute("PRAGMA synchronous=OFF")
            model = self._model(connection)
            for written in batches(model, place, first, end, _BATCH):
                connection.execute("BEGIN")
                for table, rows in (("log", written.logs), ("log_body", written.bodies), ("session", written.sessions)):
                    if rows:
                        places = ", ".join("?" * len(rows[0]))
                        connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({places})", rows)  # noqa: S608 - our own names
                connection.executemany("INSERT INTO feedback VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", written.feedback)
                connection.execute("COMMIT")
            connection.execute("BEGIN")
            for statement in FILL:
                connection.execute(statement)
            connection.execute("COMMIT")
        # As the log writer would have done now and then.
        fold_file(self._file)
        with self._open() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def logs(self) -> int:
        """Count them."""
        with self._open() as connection:
            return int(connection.execute(LOGS_OF).fetchone()[0])

    def bytes(self) -> int:
        """Return the size of the file, whose write-ahead log is empty once the server has been stopped and filled."""
        return self._file.stat().st_size

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection

    def _model(self, connection: sqlite3.Connection) -> Model:
        log = dict(connection.execute(_MODEL).fetchone())
        body = dict(connection.execute("SELECT * FROM log_body WHERE log_id = ?", (log["id"],)).fetchone())
        return Model(log, body)


class PostgreSQL:
    """A database of a PostgreSQL server, empty at the beginning."""

    def __init__(self, url: str) -> None:
        """`url` as `EVERLOOP_DATABASE_URL` takes it."""
        self._url = url

    def environment(self) -> dict[str, str]:
        """Return the database's URL."""
        return {"EVERLOOP_DATABASE_URL": self._url}

    def add(self, place: Place, first: int, end: int) -> None:
        """Make the months that the logs lie in, copy the rows, and let the server look at them as autovacuum would."""

        async def add_(connection: Any) -> None:  # noqa: ANN401 - asyncpg has no types
            for day in range(DAYS + 1):
                await make_ahead(connection, place.until - day * _DAY)
            log = dict(await connection.fetchrow(_MODEL))
            body = dict(await connection.fetchrow("SELECT * FROM log_body WHERE log_id = $1", log["id"]))
            for written in batches(Model(log, body), place, first, end, _BATCH):
                await _copy(connection, written)
            async with connection.transaction():
                for statement in FILL:
                    await connection.execute(statement)
            await connection.execute("VACUUM ANALYZE")

        self._run(add_)

    def logs(self) -> int:
        """Count them."""
        return int(self._run(lambda connection: connection.fetchval(LOGS_OF)))

    def bytes(self) -> int:
        """Return the size of the database without the server's own logs."""
        size = "SELECT pg_database_size(current_database())"
        return int(self._run(lambda connection: connection.fetchval(size)))

    def _run(self, ask: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - as above
        async def connected() -> Any:  # noqa: ANN401 - as above
            connection = await asyncpg.connect(self._url)
            try:
                return await ask(connection)
            finally:
                await connection.close()

        return asyncio.run(connected())


async def _copy(connection: Any, written: Written) -> None:  # noqa: ANN401 - as above
    async with connection.transaction():
        await connection.copy_records_to_table("log", records=written.logs)
        await connection.copy_records_to_table("log_body", records=written.bodies)
        await connection.executemany(
            "INSERT INTO session VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", written.sessions
        )
        columns = [column.name for column in feedback.columns][1:]
        await connection.copy_records_to_table("feedback", records=written.feedback, columns=columns)
