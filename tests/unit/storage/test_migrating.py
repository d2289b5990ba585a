import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from everloop import errors
from everloop.storage import log_tables
from everloop.storage.migrating import current_revision, head_revision, migrate
from everloop.storage.tables import metadata


def test_nothing_then_everything(url: str, tmp_path: Path):
    assert current_revision(url) is None
    assert not (tmp_path / "data").exists(), "asking makes no database"
    migrate(url)
    assert current_revision(url) == head_revision()
    migrate(url)
    assert current_revision(url) == head_revision()


def test_alembic_sees_no_difference_between_the_tables_and_the_migrated_schema(file: Path):
    assert log_tables.log.metadata is metadata
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    engine.dispose()


def definitions(file: Path) -> dict[str, set[str]]:
    """Each table and index, as its lines in any order."""
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: {re.sub(r",\s*$", "", line).strip() for line in sql.splitlines()} for name, sql in rows}


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


def test_a_file_that_is_no_database_is_said(url: str, tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "everloop.db").write_bytes(b"something else" * 500)
    with pytest.raises(errors.Unavailable, match="no SQLite database"):
        migrate(url)


def test_the_revisions_are_part_of_the_package():
    from everloop.storage import migrating

    folder = Path(migrating.__file__).parent / "migrations"
    assert (folder / "env.py").exists()
    assert sorted(each.name for each in (folder / "versions").glob("*.py")) == ["0001_schema.py"]
