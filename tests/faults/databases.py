"""The databases that every fault is tried on: a SQLite file in the server's data directory, and a real PostgreSQL."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import pytest

from tests.postgres import Cluster

DATABASES: Final = ("sqlite", "postgresql")
Rows = list[tuple[Any, ...]]


class Kept(Protocol):
    """One of them, without a row. A server on `data_dir` with these `settings` uses it."""

    kind: str
    data_dir: Path
    settings: Mapping[str, str]

    def query(self, statement: str) -> Rows:
        """The rows that a statement gives, asked beside the server."""
        ...

    def dump(self, tables: Iterable[str], condition: str) -> list[str]:
        """The rows of these tables that fulfil a condition, as texts in some order that is always the same."""
        ...

    def check(self) -> None:
        """Fails if the database itself is damaged."""
        ...


class KeptInFile:
    """SQLite. The file is there once a server has started."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.file = self.data_dir / "everloop.db"
        self.settings: Mapping[str, str] = {}

    def query(self, statement: str) -> Rows:
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            return connection.execute(statement).fetchall()

    def dump(self, tables: Iterable[str], condition: str) -> list[str]:
        with closing(sqlite3.connect(self.file)) as connection:
            rows = {each: connection.execute(f"SELECT * FROM {each} WHERE {condition}") for each in tables}  # noqa: S608 - a test's
            return sorted(f"{table} {row}" for table, found in rows.items() for row in found)

    def check(self) -> None:
        assert self.query("PRAGMA integrity_check") == [("ok",)]
        assert self.query("PRAGMA foreign_key_check") == []


class KeptByPostgres:
    """PostgreSQL, in the database of this name."""

    kind = "postgresql"

    def __init__(self, folder: Path, cluster: Cluster, name: str) -> None:
        self.data_dir = folder / "data"
        self.cluster = cluster
        self.name = name
        self.settings: Mapping[str, str] = {"EVERLOOP_DATABASE_URL": cluster.url(name)}

    def query(self, statement: str) -> Rows:
        return self.cluster.run(statement, self.name)

    def dump(self, tables: Iterable[str], condition: str) -> list[str]:
        rows = [f"SELECT '{each} ' || t::text FROM {each} t WHERE {condition}" for each in tables]  # noqa: S608 - a test's
        return sorted(row for (row,) in self.query(" UNION ALL ".join(rows)))

    def check(self) -> None:
        """Reads every table, partitions too, from its first page to its last."""
        tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
        for (table,) in self.query(f"{tables} AND relnamespace = 'public'::regnamespace"):
            self.query(f"SELECT count(t::text) FROM {table} t")  # noqa: S608 - names from its own catalogue


def kept(request: pytest.FixtureRequest, folder: Path) -> Iterator[Kept]:
    """What a fixture yields from whose parameters are `DATABASES`: one that is the test's own."""
    if request.param == "sqlite":
        yield KeptInFile(folder)
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    with lent(cluster) as name:
        yield KeptByPostgres(folder, cluster, name)


@contextmanager
def lent(cluster: Cluster) -> Iterator[str]:
    """The name of a database that has all tables and no rows."""
    name = cluster.lend()
    yield name
    cluster.take_back(name)
