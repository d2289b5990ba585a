"""S2: whatever an organisation asks of whatever route, it reads and writes nothing of another one's: 404, not 403.

What may be tried is in `routes.py`; the rows of the database say whether anything was written.
"""

import time
from collections.abc import Iterator, Mapping

import pytest

from everloop.storage import experiment_tables, log_tables
from everloop.storage.tables import metadata
from tests.application import Application, with_vendor
from tests.faults.databases import DATABASES, Kept, kept
from tests.security.routes import GOOD, TRIES, Try, filled

DEADLINE = 10.0
CASES = [
    pytest.param(route.split(" ")[0], each, id=f"{route} {number}")
    for route, tries in TRIES.items()
    for number, each in enumerate(tries)
]


@pytest.fixture(scope="module", params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    yield from kept(request, tmp_path_factory.mktemp("routes"))


@pytest.fixture(scope="module")
def ours(database: Kept) -> Iterator[Application]:
    with with_vendor(database.data_dir, database.settings) as application:
        yield application
        application.server.stop()


@pytest.fixture(scope="module")
def theirs(ours: Application) -> Application:
    """The same server as another organisation calls it."""
    ours.server.command("orgs", "create", "theirs")
    server = ours.server.as_other(ours.server.command("keys", "create", "--org", "theirs"))
    deadline = time.monotonic() + DEADLINE
    while server.get("/v4/projects").status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return Application(server, ours.upstream)


def one_of_each(application: Application, whose: str) -> dict[str, str]:
    """Of everything one, named for `filled`."""
    server, canary = application.server, f"canary of {whose}"
    config = application.register(f"{canary} project")
    environment = server.post("/api/environments", {"name": f"{canary} environment"}).expect(201)
    place = f"/v4/projects/{config['project_id']}"
    environments = [{"id": environment["id"]}]
    server.patch(f"{place}/deploy-config", {"config_id": config["config"]["id"], "environments": environments}).expect(
        200
    )
    default = next(each for each in server.get("/api/environments").expect(200) if each["tag"] == "default")
    new = {"name": canary, "config_ids": [config["config"]["id"]], "positive_labels": GOOD}
    experiment = server.post(f"{place}/experiments", new).expect(200)
    reference = f"{canary} reference"
    log = {"project_id": config["project_id"], "config_id": config["config"]["id"], "reference_id": reference}
    server.post("/v4/logs", {**log, "output": canary}).expect(200)
    answer = application.complete(config["project_name"], session_reference_id="the same words")
    server.post("/v4/feedback", {**GOOD[0], "data_id": answer["data"][0]["id"]}).expect(200)
    trial = server.get(f"/v4/experiments/{experiment['id']}/model-config").expect(200)["trial_id"]
    server.put("/api/provider-keys/openai", {"key": f"sk-{whose}-canary"}).expect(200)
    key = server.post("/api/api-keys", {"name": f"{canary} key"}).expect(201)
    tool = {"kind": "snippet", "name": "same_name", "description": canary, "snippets": {"same key": canary}}
    tool = server.post("/api/tools", tool).expect(201)
    connection = {
        "name": f"connection-of-{whose}",
        "base_url": f"https://{whose}-canary.example",
        "key": f"sk-{whose}-canary-2",
    }
    connection = server.post("/api/connections", connection).expect(201)
    dataset = server.post(f"{place}/datasets", {"name": canary, "description": canary}).expect(201)
    points = server.post(f"/v4/datasets/{dataset['id']}/datapoints", {"inputs": {"it": canary}}).expect(201)
    # After the call, which is not counted so.
    limit = {"project_id": config["project_id"], "measure": "requests", "period": "day", "amount": 1_000_000}
    price = {"provider": "openai", "model": "same model", "prompt_price": 1, "output_price": 2}
    made = {
        "limit": server.post("/api/limits", limit).expect(201)["id"],
        "price": server.put("/api/prices", price).expect(200)["id"],
        "project": config["project_id"],
        "project name": config["project_name"],
        "config": config["config"]["id"],
        "environment": environment["id"],
        "environment name": environment["name"],
        "default": default["id"],
        "experiment": experiment["id"],
        "trial": trial,
        "log": answer["data"][0]["id"],
        "reference": reference,
        "session": answer["session_id"],
        "dataset": dataset["id"],
        "datapoint": (points[0] if isinstance(points, list) else points)["id"],
        "tool": tool["id"],
        "connection": connection["name"],
        "key": key["id"],
        "key name": key["name"],
    }
    return {f"{whose}.{name}": value for name, value in made.items()}


@pytest.fixture(scope="module")
def made(ours: Application, theirs: Application) -> dict[str, str]:
    """Everything of both."""
    return {**one_of_each(ours, "our"), **one_of_each(theirs, "their")}


def of_organisation(database: Kept, project: str) -> list[str]:
    """All rows of the organisation that owns the project."""
    ((owner,),) = database.query(f"SELECT organisation_id FROM project WHERE id = '{project}'")  # noqa: S608 - an id
    tables = [each.name for each in metadata.tables.values() if "organisation_id" in each.columns]
    assert {log_tables.log.name, experiment_tables.trial.name} <= set(tables)
    return database.dump(tables, f"organisation_id = '{owner}'")


def test_every_route_has_its_tries(ours: Application):
    document = ours.server.send("GET", "/openapi.json").expect(200)
    routes = {f"{method.upper()} {path}" for path, operations in document["paths"].items() for method in operations}
    assert routes == set(TRIES)
    assert all(TRIES.values())


@pytest.mark.parametrize(("method", "tried"), CASES)
def test_nothing_is_read_or_written_across(
    ours: Application, theirs: Application, database: Kept, made: Mapping[str, str], method: str, tried: Try
):
    before = of_organisation(database, made["our.project"])
    assert len(before) > 20
    ours.upstream.reset()

    reply = theirs.server.call(method, filled(tried.path, made).replace(" ", "%20"), filled(tried.body, made))

    assert reply.status == tried.status, reply
    if reply.status == 404:
        assert reply.problem["type"] in ("not_found_error", "invalid_request_error")
    asked = f"{filled(tried.path, made)} {filled(tried.body, made)}"
    for name, value in made.items():
        # What the caller has named itself it may be told.
        assert name.startswith("their") or value in asked or value.encode() not in reply.body, f"{name} was told"
    assert b"our-canary" not in reply.body
    assert ours.upstream.requests == []
    assert of_organisation(database, made["our.project"]) == before


def test_the_rows_of_both_are_what_was_compared(
    ours: Application, theirs: Application, database: Kept, made: Mapping[str, str]
):
    """Rows are told apart, and a write of its own is seen: else the tests above could not fail."""
    before = of_organisation(database, made["our.project"])
    assert before != of_organisation(database, made["their.project"])
    ours.server.patch(f"/v4/projects/{made['our.project']}", {"name": "canary of our project"}).expect(200)
    ours.server.post("/v4/feedback", {**GOOD[0], "data_id": made["our.log"]}).expect(200)
    assert of_organisation(database, made["our.project"]) != before
