import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from everloop import errors
from everloop.storage import experiment_tables, log_tables
from everloop.storage.migrating import _config, current_revision, head_revision, migrate
from everloop.storage.postgres.migrating import in_transaction
from everloop.storage.tables import metadata
from tests.postgres import Cluster


@pytest.fixture
def empty(postgres: Cluster) -> Iterator[str]:
    """The name of a database with nothing in it."""
    name = postgres.fresh_name()
    postgres.create(name)
    yield name
    postgres.drop(name)


def test_nothing_then_everything(postgres: Cluster, empty: str):
    url = postgres.url(empty)
    assert current_revision(url) is None
    for _ in range(2):
        migrate(url)
        assert current_revision(url) == head_revision()
    assert postgres.run("SELECT count(*) FROM pg_partitioned_table", empty) == [(2,)]


def test_alembic_sees_no_difference_between_the_tables_and_the_migrated_schema(postgres: Cluster, empty: str):
    assert log_tables.log.metadata is experiment_tables.trial.metadata is metadata
    migrate(postgres.url(empty))

    def compare(connection: Connection) -> list[Any]:
        def ours(name: str | None, kind: str, _parents: Any) -> bool:
            return kind != "table" or name not in {"log_other", "log_body_other"}

        options = {"compare_type": True, "compare_server_default": True, "include_name": ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    assert in_transaction(postgres.url(empty), 30, compare) == []


def test_texts_are_compared_bytewise_as_on_sqlite(postgres: Cluster, name: str):
    """Whatever the order of the database's language is: each column that is part of a key has its own."""
    query = (
        "SELECT DISTINCT c.relname, a.attname FROM pg_index i"
        " JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey) AND a.atttypid = 'text'::regtype"
        " JOIN pg_collation l ON l.oid = a.attcollation WHERE l.collname <> 'C' AND c.relname <> 'alembic_version'"
    )
    assert postgres.run(query, name) == []


def test_a_database_of_a_newer_version_is_left_alone(postgres: Cluster, name: str):
    postgres.run("UPDATE alembic_version SET version_num = '9999'", name)
    with pytest.raises(errors.Unavailable, match=f"revision 9999.*up to {head_revision()}"):
        migrate(postgres.url(name))
    assert current_revision(postgres.url(name)) == "9999"


def test_many_processes_may_migrate_at_once(postgres: Cluster, empty: str):
    program = "import sys; from everloop.storage.migrating import migrate; input(); migrate(sys.argv[1])"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, postgres.url(empty)], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said.decode()
    assert current_revision(postgres.url(empty)) == head_revision()


def test_an_upgrade_that_breaks_off_leaves_the_database_as_it_was(postgres: Cluster, empty: str):
    """A table in the way makes the second revision fail after it has made others."""

    def upgrade(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    in_transaction(postgres.url(empty), 30, upgrade)
    postgres.run("CREATE TABLE arm_moment (mine int)", empty)
    tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname"
    before = postgres.run(tables, empty)
    with pytest.raises(errors.Unavailable):
        migrate(postgres.url(empty))
    assert postgres.run(tables, empty) == before
    assert current_revision(postgres.url(empty)) == "0001"
    postgres.run("DROP TABLE arm_moment", empty)
    migrate(postgres.url(empty))
    assert current_revision(postgres.url(empty)) == head_revision()
