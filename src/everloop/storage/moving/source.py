"""The SQLite database that is moved: held so that nobody else reads or writes it, and read along its keys."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Final

from sqlalchemy import Table

from everloop.storage.backup import alone
from everloop.storage.folding import fold_all
from everloop.storage.moving.values import Row

# Bytes of text that one batch holds, or those of one row more.
_MOST_BYTES: Final = 16_000_000
_PIECE: Final = 1 << 20
# Parts of the file's head that change while what is in the database does not: how the journal is kept, a counter of
# changes, and which version of SQLite wrote it (https://www.sqlite.org/fileformat.html).
_RESTLESS: Final = (slice(18, 20), slice(24, 28), slice(92, 100))


class Source:
    """The database, in a transaction of its own."""

    def __init__(self, connection: sqlite3.Connection, file: BinaryIO) -> None:
        self.connection = connection
        self._file = file

    def settle(self) -> None:
        """Writes into the sums of experiments what only the logs tell yet: on the other side nobody would add it."""
        fold_all(self.connection.execute)
        self.connection.execute("COMMIT")
        # The lock was not let go of: it is the connection's, until it is closed.
        self.connection.execute("BEGIN EXCLUSIVE")

    def fingerprint(self) -> str:
        """A hash of all that is in the database, which is the same as long as nothing was written."""
        found = blake2b(digest_size=16, person=b"everloop move")
        self._file.seek(0)
        head = bytearray(self._file.read(_PIECE))
        for part in _RESTLESS:
            head[part] = bytes(len(head[part]))
        found.update(head)
        while piece := self._file.read(_PIECE):
            found.update(piece)
        return found.hexdigest()

    def tables(self) -> set[str]:
        """The names of the tables in it."""
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        return {name for (name,) in self.connection.execute(query)}

    def count(self, table: Table) -> int:
        """How many rows the table has."""
        count: int = self.connection.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0]  # noqa: S608 - our own table
        return count

    def greatest(self, table: Table, column: str) -> int | None:
        """The greatest number that was ever given in a column; None before the first one."""
        numbers = [*self.connection.execute(f'SELECT max("{column}") FROM "{table.name}"').fetchone()]  # noqa: S608 - our own table
        if table.dialect_options["sqlite"]["autoincrement"]:
            # It remembers numbers whose rows are gone.
            numbers += (
                self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).fetchone()
                or ()
            )
        return max((number for number in numbers if number is not None), default=None)

    def batch(self, table: Table, after: Sequence[Any] | None, most: int) -> list[Row]:
        """The next rows behind that key, in the order of keys, `most` of them; fewer where they are large."""
        rows, size = [], 0
        for row in self.connection.execute(_query(table, first=after is None), (*(after or ()), most)):
            rows.append(row)
            size += sum(len(value) for value in row if isinstance(value, str | bytes))
            if size >= _MOST_BYTES:
                break
        return rows


@contextmanager
def held(file: Path) -> Iterator[Source]:
    """Keeps everybody out until the block is left. Raises `errors.Conflict` when a server uses the database."""
    # The system gives up a process's locks on a file when the process closes any handle of it: ours is closed last.
    with file.open("rb") as opened, alone(file) as connection:
        yield Source(connection, opened)


def key_of(table: Table, row: Row) -> Row:
    """The values of the row that are the table's key."""
    places = {column.name: place for place, column in enumerate(table.columns)}
    return tuple(row[places[column.name]] for column in table.primary_key)


def _query(table: Table, *, first: bool) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    behind = "" if first else f" WHERE ({key}) > ({', '.join('?' * len(table.primary_key))})"
    return f'SELECT {columns} FROM "{table.name}"{behind} ORDER BY {key} LIMIT ?'  # noqa: S608 - names of our own tables
