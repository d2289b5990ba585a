from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from everloop.storage.database import Database
from everloop.storage.migrating import migrate
from everloop.storage.postgres.connecting import Server
from tests.postgres import TEMPLATE, Cluster, postgres

__all__ = ["postgres"]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/everloop.db"


@pytest.fixture
def file(tmp_path: Path, url: str) -> Path:
    """A database with all tables."""
    migrate(url)
    return tmp_path / "data" / "everloop.db"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    database = Database(file)
    yield database
    await database.close()


@pytest.fixture
def name(postgres: Cluster) -> Iterator[str]:
    """The name of a database of PostgreSQL with all tables."""
    name = postgres.fresh_name()
    postgres.create(name, TEMPLATE)
    yield name
    postgres.drop(name)


@pytest.fixture
def server(postgres: Cluster, name: str) -> Server:
    return Server(postgres.url(name))
