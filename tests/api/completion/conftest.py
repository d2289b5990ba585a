"""Every test here calls what is deployed, on one running server with one vendor behind it."""

from collections.abc import Iterator

import pytest

from tests.application import Application, with_vendor


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with with_vendor(tmp_path_factory.mktemp("completion") / "data") as application:
        yield application
        application.server.stop()


@pytest.fixture
def app(shared: Application) -> Application:
    """The application, and a vendor that has forgotten what other tests told it."""
    shared.calm()
    return shared
