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
