"""Behind a pooler in transaction mode everything works: no two transactions in a row meet the same session."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.application import Application, with_vendor
from tests.faults.pooler import pooler
from tests.postgres import Cluster, cluster
from tests.server import serving

DEADLINE = 30.0
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture(scope="module")
def settings(own: Cluster) -> Iterator[dict[str, str]]:
    """Those of a server that reaches a new database through a pooler."""
    own.create("pooled")
    with pooler(own) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/pooled?sslmode=disable"
        yield {"EVERLOOP_DATABASE_URL": url, "EVERLOOP_SECRET_KEY": SECRET}


@pytest.fixture(scope="module")
def app(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The first start, migrations included, goes through it, too."""
    with with_vendor(tmp_path_factory.mktemp("pooled") / "data", settings) as application:
        yield application
        application.server.process.terminate()  # its log tells of connections that were cut
        assert application.server.process.wait(40) == 0


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_is_said_at_the_start(app: Application):
    assert "a pooler stands before the database" in app.server.log.read_text()


def test_calls_feedback_and_reading(app: Application):
    project = app.project()

    def call(number: int) -> str:
        answer = app.complete(project, inputs={"it": str(number)}, session_reference_id="one")["data"][0]
        said = {"type": "rating", "value": "good", "data_id": answer["id"]}
        app.server.post("/v4/feedback", said).expect(200)
        assert app.log(answer["id"])["output"] == f"You said: Say {number}"
        return str(answer["id"])

    with ThreadPoolExecutor(8) as callers:
        assert len(set(callers.map(call, range(40)))) == 40
    assert app.server.send("GET", "/readyz").status == 200


def test_experiments(app: Application):
    one = app.register()
    two = app.register(one["project_name"], prompt_template="Tell {{it}}")
    new = {
        "name": "which",
        "config_ids": [one["config"]["id"], two["config"]["id"]],
        "positive_labels": [{"type": "rating", "value": "good"}],
        "set_active": True,
    }
    made = app.server.post(f"/v4/projects/{one['project_id']}/experiments", new).expect(200)
    for number in range(10):
        log = app.complete(one["project_name"], user=str(number))["data"][0]["id"]
        app.server.post("/v4/feedback", {"type": "rating", "value": "good", "data_id": log}).expect(200)
    arms = app.server.get(f"/api/experiments/{made['id']}/results").expect(200)["arms"]
    assert sum(each["trials"] for each in arms) == sum(each["rated_units"] for each in arms) == 10


def test_what_another_server_deploys_is_heard_of_although_nobody_can_listen(
    app: Application, settings: dict[str, str], tmp_path: Path
):
    vendor = {name: value for name, value in app.server.environment.items() if name.startswith("OPENAI_")}
    with serving(tmp_path / "data", {**settings, **vendor}) as server:
        other = Application(server, app.upstream)
        first, second = app.register("followed"), app.register("followed", prompt_template="Tell {{it}}")
        until(lambda: other.call("followed").status == 200)
        assert other.complete("followed")["data"][0]["model_config_id"] == first["config"]["id"]
        place = f"/v4/projects/{first['project_id']}/deploy-config"
        app.server.patch(place, {"config_id": second["config"]["id"]}).expect(200)
        until(lambda: other.complete("followed")["data"][0]["model_config_id"] == second["config"]["id"])
        other.server.stop()


def test_it_heals_when_the_database_comes_back(app: Application, own: Cluster):
    project = app.project()
    app.complete(project)
    own.hang_up("pooled")
    app.call(project)
    until(lambda: app.call(project).status == 200)
    until(lambda: app.server.send("GET", "/readyz").status == 200)
    for _ in range(5):
        app.complete(project)
