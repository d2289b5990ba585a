"""Every test here talks to a running server."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from tests.application import Application, with_vendor
from tests.server import RunningServer, fresh_server, other_organisation, running_server

__all__ = ["fresh_server", "other_organisation", "running_server"]

_numbers = count(1)


@pytest.fixture
def project_name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return f"{request.node.name} {next(_numbers)}"


Register = Callable[..., dict[str, Any]]


@pytest.fixture
def register(running_server: RunningServer, project_name: str) -> Register:
    """Registers a config in the test's own project, and gives the answer."""

    def registered(**changes: Any) -> dict[str, Any]:
        body = {"project": project_name, "provider": "mock", "model": "m", "prompt_template": "Hi {{name}}"}
        answer: dict[str, Any] = running_server.post("/v4/model-configs", body | changes).expect(200)
        return answer

    return registered


@pytest.fixture
def staging(running_server: RunningServer, project_name: str) -> Iterator[dict[str, Any]]:
    """An environment beside the default one, for as long as the test takes."""
    made = running_server.post("/api/environments", {"name": f"staging {project_name}"}).expect(201)
    yield made
    running_server.delete(f"/api/environments/{made['id']}").expect(204)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """An application with a vendor behind it, for all folders here."""
    with with_vendor(tmp_path_factory.mktemp("shared") / "data") as application:
        yield application
        application.server.stop()


@pytest.fixture
def app(shared: Application) -> Application:
    """The application, and a vendor that has forgotten what other tests told it."""
    shared.calm()
    return shared
