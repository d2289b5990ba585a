"""The database does not do its work: no provider is asked for an answer that could not be kept, and it heals by itself.

SQLite on a file system that has become read-only is in `test_storage_writer.py`: no test may mount one.
"""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.application import Application, with_vendor
from tests.faults.databases import Kept, KeptByPostgres, KeptInFile
from tests.faults.troubles import TROUBLES, Trouble, full
from tests.postgres import TEMPLATE, Cluster, cluster
from tests.server import Reply, serving
from tests.upstream import completion

DEADLINE = 30.0  # generous; /readyz is false within five seconds, and it heals within ten, is what we promise
PASSWORD = "hunter2"
CASES = [(kind, trouble) for kind, troubles in TROUBLES.items() for trouble in troubles]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    """In place of the one that the other tests share: it is stopped, and stands still."""
    with cluster() as running:
        running.create(TEMPLATE)
        yield running


@pytest.fixture(scope="module")
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Kept, Application]]:
    """A database of the kind that is asked for, and an application on it; what heals can be used again."""
    folder = tmp_path_factory.mktemp("trouble")
    database: Kept
    if request.param == "sqlite":
        database = KeptInFile(folder)
    else:
        running: Cluster = request.getfixturevalue("postgres")
        database = KeptByPostgres(folder, running, running.lend())
    # As a user with a password, to be looked for where none may be.
    settings = {name: value.replace("postgres@", f"postgres:{PASSWORD}@") for name, value in database.settings.items()}
    with with_vendor(database.data_dir, settings) as application:
        yield database, application
        application.server.process.terminate()  # its log tells of the trouble, tracebacks included
        assert application.server.process.wait(40) == 0
        assert PASSWORD not in application.server.log.read_text()


def until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def refused(reply: Reply) -> None:
    assert reply.status == 503, reply
    assert int(reply.headers["retry-after"]) >= 1
    assert (reply.detail["type"], reply.detail["origin"]) == ("service_unavailable_error", "Everloop")
    assert PASSWORD not in reply.detail["message"]


def ready(app: Application) -> bool:
    return app.server.send("GET", "/readyz").status == 200


@pytest.mark.parametrize(("house", "trouble"), CASES, indirect=["house"])
def test_nothing_is_asked_for_that_cannot_be_kept(house: tuple[Kept, Application], trouble: Trouble):
    database, app = house
    app.upstream.reset()
    project = app.project()
    before = app.complete(project)["data"][0]["id"]
    with trouble(database, app.server):
        refused(app.call(project))  # found out by trying to keep its log, unless it is known already
        asked = len(app.upstream.requests)
        assert asked <= 2
        for streamed in (False, True):
            refused(app.call(project, stream=streamed))
        refused(app.server.post("/v4/logs", {"project": project, "config": {"model": "m"}, "output": "x"}))
        assert len(app.upstream.requests) == asked, "a provider was asked while nothing could be kept"
        assert until(lambda: not ready(app))
        assert app.server.send("GET", "/healthz").status == 200
    assert until(lambda: app.call(project).status == 200), "it does not heal"
    assert until(lambda: ready(app))
    after = app.complete(project)["data"][0]
    assert app.log(before)["id"] == before
    assert app.log(after["id"])["output"] == after["output"] == "You said: Say hello"


@pytest.mark.parametrize(("house", "trouble"), CASES, indirect=["house"])
def test_readiness_tells_of_it_also_when_nobody_calls(house: tuple[Kept, Application], trouble: Trouble):
    database, app = house
    assert until(lambda: ready(app))
    with trouble(database, app.server):
        assert until(lambda: not ready(app))
        assert app.server.send("GET", "/healthz").status == 200
    assert until(lambda: ready(app))


@pytest.mark.parametrize("house", TROUBLES, indirect=True)
def test_an_answer_that_cannot_be_kept_ends_in_an_error_instead_of_its_last_event(house: tuple[Kept, Application]):
    """The disk fills up while the answer comes."""
    database, app = house
    app.upstream.reset()
    project = app.project()
    app.upstream.answer(completion("one two three", pause=0.3))
    with app.open_stream(project) as answer:
        assert answer.status == 200
        answer.readline()
        with full(database, app.server):
            rest = answer.read()
            assert b"event: error" in rest
            assert b'"code":503' in rest
            assert b'"finish_reason":"stop"' not in rest
    assert until(lambda: app.call(project).status == 200), "it does not heal"
    assert len(app.logs(project)) == 1  # the answer that was not kept was not acknowledged


@pytest.mark.parametrize("house", ["postgresql"], indirect=True)
def test_connections_that_were_cut_while_nobody_called_are_made_anew(house: tuple[Kept, Application]):
    database, app = house
    assert isinstance(database, KeptByPostgres)
    project = app.project()
    app.server.get("/v4/projects").expect(200)
    database.cluster.hang_up(database.name)
    assert until(lambda: app.call(project).status == 200)
    app.server.get("/v4/projects").expect(200)
    assert until(lambda: ready(app))


def test_a_database_that_is_not_there_is_said_without_the_password(postgres: Cluster, tmp_path):
    url = postgres.url("nothing").replace("postgres@", f"postgres:{PASSWORD}@")
    with pytest.raises(AssertionError) as caught, serving(tmp_path / "data", {"EVERLOOP_DATABASE_URL": url}):
        pass
    assert "is not there" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert PASSWORD not in str(caught.value)
