from pathlib import Path

import pytest

from everloop.storage.migrating import migrate


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/everloop.db"


@pytest.fixture
def file(tmp_path: Path, url: str) -> Path:
    """A database with all tables."""
    migrate(url)
    return tmp_path / "data" / "everloop.db"
