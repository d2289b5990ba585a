from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Cluster
from tests.unit.storage.moving.house import fill


@pytest.fixture
def empty(postgres: Cluster) -> Iterator[str]:
    """The name of a database of PostgreSQL with nothing in it."""
    name = postgres.fresh_name()
    postgres.create(name)
    yield name
    postgres.drop(name)


@pytest.fixture
async def filled(url: str, tmp_path: Path) -> Path:
    """A SQLite database in which every table has rows; `url` is its URL."""
    await fill(url)
    return tmp_path / "data" / "everloop.db"
