"""Servers for the tests of this folder, on each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.application import Application, with_vendor
from tests.faults.databases import DATABASES, Kept, kept
from tests.postgres import postgres
from tests.server import fresh_server

__all__ = ["app", "database", "fresh_server", "postgres", "shared"]


@pytest.fixture(scope="session", params=DATABASES)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """One server for the faults that it must survive unharmed."""
    for database in kept(request, tmp_path_factory.mktemp("faults")):
        with with_vendor(database.data_dir, database.settings) as application:
            yield application
            application.server.stop()


@pytest.fixture
def app(shared: Application) -> Application:
    """The shared server, and a vendor that has forgotten what other tests told it."""
    shared.upstream.reset()
    return shared


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """One of the test's own, with no server on it yet."""
    yield from kept(request, tmp_path)
