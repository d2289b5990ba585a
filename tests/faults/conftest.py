"""Servers for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.application import Application, with_vendor
from tests.server import fresh_server

__all__ = ["app", "fresh_server", "shared"]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """One server for the faults that it must survive unharmed."""
    with with_vendor(tmp_path_factory.mktemp("faults") / "data") as application:
        yield application
        application.server.stop()


@pytest.fixture
def app(shared: Application) -> Application:
    """The shared server, and a vendor that has forgotten what other tests told it."""
    shared.upstream.reset()
    return shared
