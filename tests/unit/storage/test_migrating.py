import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from everloop import errors
from everloop.storage import dataset_tables, log_tables
from everloop.storage.location import database_file
from everloop.storage.migrating import _config, _engine, current_revision, head_revision, migrate
from everloop.storage.tables import metadata


def test_nothing_then_everything(url: str, tmp_path: Path):
    assert current_revision(url) is None
    assert not (tmp_path / "data").exists(), "asking makes no database"
    migrate(url)
    assert current_revision(url) == head_revision()
    migrate(url)
    assert current_revision(url) == head_revision()


def test_alembic_sees_no_difference_between_the_tables_and_the_migrated_schema(file: Path):
    assert log_tables.log.metadata is dataset_tables.dataset.metadata is metadata
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": is_of_sqlite}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    engine.dispose()


def is_of_sqlite(item: Any, _name: object, kind: str, *_: object) -> bool:
    """Alembic does not ask an index for which database it is."""
    return kind != "index" or item._ddl_if is None or item._ddl_if.dialect == "sqlite"


def definitions(file: Path) -> dict[str, set[str]]:
    """Each table and index, as its parts in any order: SQLite puts a column that was added into the line before."""
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: {part for line in sql.splitlines() for part in parts(line.strip())} for name, sql in rows}


def parts(line: str) -> list[str]:
    return [line.rstrip(", ")] if re.match("CONSTRAINT|CREATE", line) else re.split(", ?", line)


def test_nor_is_there_one_in_what_alembic_does_not_compare(file: Path, tmp_path: Path):
    """Checks, the conditions of partial indexes, tables without row ids, numbers that are never given twice."""
    engine = create_engine(f"sqlite:///{tmp_path}/direct.db")
    metadata.create_all(engine)
    engine.dispose()
    migrated, direct = definitions(file), definitions(tmp_path / "direct.db")
    migrated.pop("alembic_version")
    assert migrated == direct


def test_a_database_of_a_newer_version_is_left_alone(url: str, file: Path):
    connection = sqlite3.connect(file)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(errors.Unavailable, match=f"revision 9999.*up to {head_revision()}"):
        migrate(url)
    assert current_revision(url) == "9999"


def test_many_processes_may_migrate_at_once(tmp_path: Path):
    program = "import sys; from everloop.storage.migrating import migrate; input(); migrate(sys.argv[1])"
    for round_ in range(2):
        url = f"sqlite:///{tmp_path}/{round_}/everloop.db"
        processes = [
            subprocess.Popen([sys.executable, "-c", program, url], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(4)
        ]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
        for process in processes:
            _, said = process.communicate(timeout=60)
            assert process.returncode == 0, said.decode()
        assert current_revision(url) == head_revision()


def at_revision(url: str, revision: str) -> sqlite3.Connection:
    """A database as an older version left it."""
    file = database_file(url)
    file.parent.mkdir()
    with _engine(file).connect() as connection, connection.begin():
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return sqlite3.connect(file)


def content(connection: sqlite3.Connection, columns: dict[str, list[str]]) -> dict[str, list[Any]]:
    """The rows of each table."""
    return {
        table: connection.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()  # noqa: S608 - our own tables
        for table, names in columns.items()
    }


def test_an_upgrade_keeps_every_row_of_every_table(url: str):
    """In each table a row with something in every column, and with keys that all fit together."""
    connection = at_revision(url, "0001")
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    kinds = {each: connection.execute("SELECT name, type FROM pragma_table_info(?)", (each,)) for each in tables}
    columns: dict[str, list[str]] = {}
    for table in sorted(set(tables) - {"alembic_version", "sqlite_sequence"}):
        values = {f'"{name}"': {"TEXT": "x", "BLOB": b"x", "DOUBLE": 0.5}.get(kind, 1) for name, kind in kinds[table]}
        if table == "deployment":
            values['"experiment_id"'] = None  # what is live is one thing
        columns[table] = list(values)
        places = ", ".join("?" * len(values))
        row = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})"  # noqa: S608 - our own tables
        connection.execute(row, list(values.values()))
    connection.commit()
    before = content(connection, columns)
    assert [len(rows) for rows in before.values()] == [1] * len(columns)
    connection.close()

    migrate(url)
    assert current_revision(url) == head_revision()
    connection = sqlite3.connect(database_file(url))
    assert content(connection, columns) == before
    assert connection.execute("SELECT experiment_id FROM log").fetchall() == [(None,)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_the_table_of_projects_that_is_made_anew_keeps_what_points_at_it_and_how_names_are_unique(url: str):
    connection = at_revision(url, "0006")
    connection.execute("INSERT INTO organisation (id, name, created_at) VALUES ('org', 'o', 1)")
    for name in "ab":
        project = "INSERT INTO project (organisation_id, id, name, folded_name, created_at, updated_at)"
        connection.execute(f"{project} VALUES ('org', ?, ?, 'x', 1, 1)", (name, name))
        connection.execute(
            "INSERT INTO feedback_type (organisation_id, project_id, name, kind) VALUES ('org', ?, 't', 'text')", name
        )
    connection.commit()
    connection.close()

    migrate(url)

    connection = sqlite3.connect(database_file(url))
    connection.execute("PRAGMA foreign_keys = ON")
    assert connection.execute("SELECT id, number, deleted_at FROM project").fetchall() == [
        ("a", 1, None),
        ("b", 2, None),
    ]
    for refused in (
        "UPDATE project SET name = 'a' WHERE id = 'b'",
        "UPDATE project SET id = 'c' WHERE id = 'b'",
        "DELETE FROM project WHERE id = 'b'",
        "INSERT INTO feedback_type (organisation_id, project_id, name, kind) VALUES ('org', 'c', 't', 'text')",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(refused)
    connection.execute("UPDATE project SET deleted_at = 2 WHERE id = 'a'")
    connection.execute("UPDATE project SET name = 'a' WHERE id = 'b'")
    connection.close()


def test_a_migration_that_breaks_off_leaves_the_database_as_it_was(url: str, tmp_path: Path):
    """A table in the way makes the first revision fail after it has made others."""
    file = tmp_path / "data" / "everloop.db"
    file.parent.mkdir()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE probe (mine)")
    connection.commit()
    with pytest.raises(errors.Unavailable):
        migrate(url)
    assert [name for (name,) in connection.execute("SELECT name FROM sqlite_master")] == ["probe"]
    connection.execute("DROP TABLE probe")
    connection.commit()
    connection.close()
    migrate(url)
    assert current_revision(url) == head_revision()


def test_an_upgrade_that_breaks_off_leaves_the_database_as_it_was(url: str):
    connection = at_revision(url, "0001")
    connection.execute("CREATE TABLE arm_moment (mine)")
    connection.commit()
    before = definitions(database_file(url))
    with pytest.raises(errors.Unavailable):
        migrate(url)
    assert current_revision(url) == "0001"
    assert definitions(database_file(url)) == before
    connection.execute("DROP TABLE arm_moment")
    connection.commit()
    connection.close()
    migrate(url)
    assert current_revision(url) == head_revision()


def test_a_file_that_is_no_database_is_said(url: str, tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "everloop.db").write_bytes(b"something else" * 500)
    with pytest.raises(errors.Unavailable, match="no SQLite database"):
        migrate(url)


def test_the_revisions_are_part_of_the_package():
    from everloop.storage import migrating

    folder = Path(migrating.__file__).parent / "migrations"
    assert (folder / "env.py").exists()
    assert sorted(each.name for each in (folder / "versions").glob("*.py")) == [
        "0001_schema.py",
        "0002_experiments.py",
        "0003_folding.py",
        "0004_idempotency.py",
        "0005_datasets.py",
        "0006_log_counts.py",
        "0007_deleted_projects.py",
        "0008_tools.py",
        "0009_logs_by_source.py",
        "0010_last_use.py",
        "0011_providers.py",
        "0012_said.py",
    ]
