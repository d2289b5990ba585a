"""S2 and S3 for the calls themselves: nothing is found across organisations, and a revoked key opens nothing."""

import time
from collections.abc import Iterator

import pytest

from tests.application import Application, with_vendor

DEADLINE = 10.0  # generous; a second is what we promise


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with with_vendor(tmp_path_factory.mktemp("two") / "data") as application:
        yield application
        application.server.stop()


@pytest.fixture(scope="module")
def theirs(ours):
    """The same server as another organisation calls it."""
    ours.server.command("orgs", "create", "theirs")
    return Application(as_new_key(ours.server, "theirs"), ours.upstream)


def as_new_key(server, organisation):
    other = server.as_other(server.command("keys", "create", "--org", organisation))
    until(lambda: other.get("/v4/projects").status == 200)
    return other


def until(true):
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def made(ours):
    """A call with everything that another one can refer to."""
    config = ours.register()
    environment = ours.server.post("/api/environments", {"name": f"ours {config['project_id']}"}).expect(201)
    reference = f"step of {config['project_id']}"
    log = {"project": config["project_name"], "config": {"model": "m"}, "reference_id": reference}
    ours.server.post("/v4/logs", log).expect(200)
    answer = ours.complete(config["project_name"], session_reference_id="shared words")
    return {
        "project": config["project_name"],
        "project_id": config["project_id"],
        "environment": environment["name"],
        "session_id": answer["session_id"],
        "parent_id": answer["data"][0]["id"],
        "parent_reference_id": reference,
    }


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["project_id", "environment", "session_id", "parent_id", "parent_reference_id"])
def test_what_is_theirs_is_not_there(ours, theirs, made, name, stream):
    project = theirs.project()
    ours.upstream.reset()
    given = {"project": project} if name != "project_id" else {}
    reply = theirs.call(**given, **{name: made[name]}, inputs={"it": "x"}, stream=stream)
    assert reply.status == 404, reply
    assert (made[name] in reply.detail["message"], reply.detail["type"]) == (True, "not_found_error")
    assert ours.upstream.requests == []
    assert theirs.logs(project) == []
    if name == "environment":
        assert "'production'" in reply.detail["message"]
        assert reply.detail["message"].count("ours ") == 1  # the name that was asked for, and no list of ours


def test_the_same_name_and_the_same_reference_are_other_things(ours, theirs, made):
    reply = theirs.call(made["project"])
    assert (reply.status, reply.detail["type"]) == (400, "bad_request_error")  # a project of theirs, with nothing live
    theirs.register(made["project"], prompt_template="Theirs {{it}}")
    answer = theirs.complete(made["project"], session_reference_id="shared words")
    assert answer["project_id"] != made["project_id"]
    assert answer["session_id"] != made["session_id"]
    assert ours.upstream.requests[-1].json["messages"][0]["content"] == "Theirs hello"
    assert theirs.server.get(f"/v4/sessions/{made['session_id']}").status == 404
    assert ours.server.get(f"/v4/sessions/{answer['session_id']}").status == 404
    assert ours.server.get(f"/v4/logs/{answer['data'][0]['id']}").status == 404
    assert ours.complete(made["project"])["project_id"] == made["project_id"]


def test_an_organisations_provider_key_is_its_own(ours, theirs):
    project = theirs.project()
    ours.server.put("/api/provider-keys/openai", {"key": "sk-ours-alone"}).expect(200)
    try:
        theirs.complete(project)
        assert "sk-ours-alone" not in ours.upstream.requests[-1].headers["authorization"]
        ours.complete(ours.project())
        assert ours.upstream.requests[-1].headers["authorization"] == "Bearer sk-ours-alone"
        assert theirs.server.get("/api/provider-keys").expect(200) == []
        assert theirs.server.delete("/api/provider-keys/openai").status == 404
    finally:
        ours.server.delete("/api/provider-keys/openai")


@pytest.mark.parametrize("by", ["the API", "the command line"])
def test_a_revoked_key_opens_nothing(ours, by):
    made = ours.server.post("/api/api-keys", {"name": "short-lived"}).expect(201)
    short_lived = Application(ours.server.as_other(made["key"]), ours.upstream)
    project = ours.project()
    short_lived.complete(project)
    if by == "the API":
        assert ours.server.delete(f"/api/api-keys/{made['id']}").status == 200
        assert short_lived.call(project).status == 401  # at once, in the process that took it
    else:
        ours.server.command("keys", "revoke", made["id"])
        until(lambda: short_lived.call(project).status == 401)
    for stream in (False, True):
        reply = short_lived.call(project, stream=stream)
        assert (reply.status, reply.detail["type"]) == (401, "authentication_error")
    assert ours.complete(project)["data"]


@pytest.fixture
def experiment(ours):
    """Ours, of two configs, with a trial and a rated call."""
    return made_experiment(ours)


def made_experiment(application):
    one = application.register()
    two = application.register(one["project_name"], prompt_template="Tell {{it}}")
    arms, place = [one["config"]["id"], two["config"]["id"]], f"/v4/projects/{one['project_id']}"
    new = {"name": "which", "config_ids": arms, "positive_labels": [{"type": "rating", "value": "good"}]}
    made = application.server.post(f"{place}/experiments", new | {"set_active": True}).expect(200)
    log_id = application.complete(one["project_name"], user="ada")["data"][0]["id"]
    application.server.post("/v4/feedback", {"type": "rating", "value": "good", "data_id": log_id}).expect(200)
    trial_id = application.server.get(f"/v4/experiments/{made['id']}/model-config").expect(200)["trial_id"]
    return {"id": made["id"], "project": one["project_name"], "arms": arms, "trial_id": trial_id, "log_id": log_id}


def state(application, experiment):
    place = f"/api/experiments/{experiment['id']}"
    return [application.server.get(f"{place}{part}").expect(200) for part in ("", "/results", "/timeline")]


@pytest.mark.parametrize("stream", [False, True])
def test_their_experiment_answers_no_call_of_ours(ours, theirs, experiment, stream):
    before = state(ours, experiment)
    ours.upstream.reset()

    reply = theirs.server.post(
        "/v4/completion-experiment", {"experiment_id": experiment["id"], "inputs": {"it": "x"}, "stream": stream}
    )

    assert (reply.status, reply.detail["type"]) == (404, "not_found_error")
    assert experiment["id"] in reply.detail["message"]
    assert ours.upstream.requests == []
    assert state(ours, experiment) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "stolen"}),
        ("GET", "/results", None),
        ("GET", "/timeline", None),
        ("POST", "/conclude", {}),
    ],
)
def test_our_own_routes_find_no_experiment_of_theirs(ours, theirs, experiment, method, path, body):
    before = state(ours, experiment)

    reply = theirs.server.call(method, f"/api/experiments/{experiment['id']}{path}", body)

    assert (reply.status, reply.detail["type"]) == (404, "not_found_error")
    assert state(ours, experiment) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"name": "stolen"}),
        ("DELETE", "", None),
        ("GET", "/model-config", None),
    ],
)
def test_v4_finds_no_experiment_of_theirs(ours, theirs, experiment, method, path, body):
    before = state(ours, experiment)

    reply = theirs.server.call(method, f"/v4/experiments/{experiment['id']}{path}", body)

    assert (reply.status, reply.detail["type"]) == (404, "not_found_error")
    assert state(ours, experiment) == before


def test_what_is_theirs_cannot_be_part_of_ours(ours, theirs, experiment):
    mine, server = made_experiment(theirs), theirs.server
    before, own = state(ours, experiment), state(theirs, mine)
    place = f"/v4/projects/{theirs.project_id(mine['project'])}"
    (environment,) = ours.server.get("/api/environments").expect(200)[:1]
    stranger = experiment["arms"][0]
    new = {"name": "new", "positive_labels": [], "config_ids": [mine["arms"][0], stranger]}
    log = {"project": mine["project"], "output": "x", "trial_id": experiment["trial_id"]}

    for reply in (
        server.post(f"{place}/experiments", new),
        server.patch(f"/v4/experiments/{mine['id']}", {"config_ids_to_register": [stranger]}),
        server.patch(f"/api/experiments/{mine['id']}", {"arms": [{"config_id": stranger}]}),
        server.patch(f"/api/experiments/{mine['id']}", {"control": stranger}),
        server.post(f"/api/experiments/{mine['id']}/conclude", {"winner": stranger}),
        server.post(
            f"/api/experiments/{mine['id']}/conclude",
            {"winner": mine["arms"][0], "environments": [{"id": environment["id"]}]},
        ),
        server.patch(f"{place}/deploy-config", {"experiment_id": experiment["id"]}),
        server.patch(place, {"name": "renamed", "active_experiment_id": experiment["id"]}),
        server.post("/v4/logs", log),
        server.post("/v4/feedback", {"type": "rating", "value": "bad", "data_id": experiment["log_id"]}),
    ):
        assert (reply.status, reply.detail["type"]) == (404, "not_found_error"), reply

    assert (state(ours, experiment), state(theirs, mine)) == (before, own)
    assert server.get(place).expect(200)["name"] == mine["project"]


def test_the_same_user_is_somebody_else_in_each(ours, theirs, experiment):
    before = state(ours, experiment)

    mine = made_experiment(theirs)
    theirs.complete(mine["project"], user="ada")

    (_, results, _) = state(theirs, mine)
    assert sum(each["trials"] for each in results["arms"]) == 2  # ada's, however often she calls, and the sampled one
    assert state(ours, experiment) == before
