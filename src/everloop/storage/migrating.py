"""Bringing the database to the schema of this version."""

from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from everloop import errors
from everloop.storage.database import pragmas
from everloop.storage.failures import told_apart
from everloop.storage.location import database_file, make_private, postgres_url
from everloop.storage.moving.marks import refuse_half
from everloop.storage.postgres.migrating import in_transaction

# A process that starts while another one migrates waits for it; migrations of large databases take their time.
_WAIT: Final = 300.0


def migrate(url: str) -> None:
    """Makes the database if there is none and brings it to the newest revision, all or nothing; others meanwhile wait.

    Raises `errors.Unavailable` when the database was written by a newer version, which this one would damage, and when
    it is half of what is moved there.
    """
    url_of_postgres = postgres_url(url)
    if url_of_postgres is not None:
        in_transaction(url_of_postgres, _WAIT, _upgrade)
        return
    file = database_file(url)
    make_private(file)
    with told_apart(), _engine(file).connect() as connection, connection.begin():
        _upgrade(connection)


def current_revision(url: str) -> str | None:
    """The revision that the database is at; None when it has no tables or is not there. Raises `errors.Unavailable`."""
    url_of_postgres = postgres_url(url)
    if url_of_postgres is not None:
        return in_transaction(url_of_postgres, _WAIT, revision_in)
    file = database_file(url)
    if not file.exists():
        return None
    with told_apart(), _engine(file).connect() as connection:
        return revision_in(connection)


def head_revision() -> str:
    """The revision that this version of Everloop needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the package came without its migrations")
    return head


def revision_in(connection: Connection) -> str | None:
    """The revision that the database of this connection is at."""
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    refuse_half(connection)
    revision = revision_in(connection)
    config = _config()
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise errors.Unavailable(
            f"The database is of a newer version of Everloop: it is at revision {revision}, and this version knows "
            f"those up to {head_revision()}. Start the newer one, or restore a backup from before the upgrade."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _engine(file: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(file)), poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - SQLAlchemy's untyped driver connection
        connection.isolation_level = None
        for pragma in pragmas(_WAIT):
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # SQLite's data definition is transactional; the lock is also what other starting processes wait for.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
