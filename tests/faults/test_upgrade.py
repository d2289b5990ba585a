"""Every schema that was ever released is brought to the present one with all of its rows, also when killed midway."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, insert

from everloop.storage.migrating import _config, _engine, current_revision, head_revision, migrate
from everloop.storage.postgres.migrating import in_transaction
from tests.faults.databases import DATABASES, Kept, KeptByPostgres, KeptInFile
from tests.postgres import Cluster
from tests.server import KEY, serving

HEAD = head_revision()
OLDER = sorted(
    each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions() if each.revision != HEAD
)
# Upgrades, and stands still within the transaction once so many statements have been executed, until it is killed.
KILLED = """
    import sys, time
    from sqlalchemy import Engine, event
    from everloop.storage.migrating import migrate

    left = int(sys.argv[2])

    def executed(*_):
        global left
        left -= 1
        if left == 0:
            print("midway", flush=True)
            time.sleep(60)

    event.listen(Engine, "after_cursor_execute", executed)
    migrate(sys.argv[1])
    print("whole", flush=True)
"""


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """One without tables."""
    if request.param == "sqlite":
        yield KeptInFile(tmp_path)
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = cluster.fresh_name()
    cluster.create(name)
    yield KeptByPostgres(tmp_path, cluster, name)
    cluster.drop(name)


def url_of(database: Kept) -> str:
    return (
        f"sqlite:///{database.file}" if isinstance(database, KeptInFile) else database.settings["EVERLOOP_DATABASE_URL"]
    )


def at_revision(database: Kept, revision: str, *, empty: bool = False) -> list[str]:
    """A database as an older version left it, with a row in each table; the names of the tables."""

    def build(connection: Connection) -> list[str]:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        tables = MetaData()
        tables.reflect(connection)
        made = [each for each in tables.sorted_tables if each.name != "alembic_version" and "_other" not in each.name]
        for table in [] if empty else made:
            connection.execute(insert(table).values(row_of(table)))
        return [each.name for each in made]

    if isinstance(database, KeptInFile):
        database.data_dir.mkdir(exist_ok=True)
        with _engine(database.file).connect() as connection, connection.begin():
            return build(connection)
    return in_transaction(url_of(database), 30, build)


def row_of(table: Table) -> dict[str, Any]:
    """Something in every column, and keys that all fit together."""
    kinds = {str: "x", bytes: b"x", float: 0.5, int: 1, bool: True}
    row = {each.name: kinds[each.type.python_type] for each in table.columns}
    if table.name == "deployment":
        row["experiment_id"] = None  # what is live is one thing
    return row


def content(database: Kept, tables: list[str]) -> dict[str, list[dict[str, Any]]]:
    """The rows by column, of tables that may have got further columns."""

    def read(connection: Connection) -> dict[str, list[dict[str, Any]]]:
        found = MetaData()
        found.reflect(connection, only=tables)
        return {
            each: [dict(row) for row in connection.execute(found.tables[each].select()).mappings()] for each in tables
        }

    if isinstance(database, KeptInFile):
        with _engine(database.file).connect() as connection, connection.begin():
            return read(connection)
    return in_transaction(url_of(database), 30, read)


def assert_kept(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> None:
    for table, rows in before.items():
        columns = set(rows[0])
        assert columns <= set(after[table][0]), table
        assert [{each: row[each] for each in columns} for row in after[table]] == [
            {each: row[each] for each in columns} for row in rows
        ], table


@pytest.mark.parametrize("revision", OLDER)
def test_an_upgrade_keeps_every_row_of_every_table(database: Kept, revision: str):
    tables = at_revision(database, revision)
    before = content(database, tables)
    assert len(tables) > 10
    assert {len(rows) for rows in before.values()} == {1}

    migrate(url_of(database))

    assert current_revision(url_of(database)) == HEAD
    assert_kept(before, content(database, tables))
    database.check()


@pytest.mark.parametrize("statements", [2, 5, 9])
def test_an_upgrade_that_is_killed_midway_has_not_happened_and_is_done_by_the_next_start(
    database: Kept, statements: int
):
    tables = at_revision(database, OLDER[0])
    before = content(database, tables)

    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), url_of(database), str(statements)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"midway\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    assert current_revision(url_of(database)) == OLDER[0]
    assert content(database, tables) == before
    migrate(url_of(database))
    assert current_revision(url_of(database)) == HEAD
    assert_kept(before, content(database, tables))
    database.check()


def test_a_server_that_finds_an_older_schema_brings_it_up_to_date_and_answers(database: Kept):
    at_revision(database, OLDER[0], empty=True)
    with serving(database.data_dir, database.settings, ("--workers", "2")) as server:
        answer = server.send("GET", "/readyz")
        assert answer.status == 200
        assert server.as_other(KEY).get("/v4/projects").status == 200
        server.stop()
    assert current_revision(url_of(database)) == HEAD
