"""What can be called, and by which name."""

import time
from urllib.parse import quote

import openai
import pytest
from openai.types import Model

from tests.api.openai.conftest import USER, client_of, strictly


def names(door):
    return [each.id for each in door.client.models.list()]


def said(door, model):
    answer = door.client.chat.completions.create(model=model, messages=[USER])
    assert answer.model == model
    return answer.choices[0].message.content


@pytest.fixture
def staging(door):
    made = door.app.server.post("/api/environments", {"name": "st@ging"}).expect(201)
    yield made
    door.app.server.delete(f"/api/environments/{made['id']}").expect(204)


def deploy(door, project, text, environment):
    """One config more of the mock, in this environment alone."""
    config = {"provider": "mock", "model": "m", "endpoint": "chat", "other": {"mock": {"text": text}}}
    made = door.app.server.post("/v4/model-configs", {"project": project, **config}).expect(200)
    path = f"/v4/projects/{made['project_id']}/deploy-config"
    body = {"config_id": made["config"]["id"], "environments": [{"id": environment["id"]}]}
    door.app.server.patch(path, body).expect(200)


def test_an_environment_comes_after_an_at(door, staging):
    project = door.mocks({"text": "of production"})
    deploy(door, project, "of staging", staging)
    assert said(door, project) == said(door, f"{project}@production") == "of production"
    assert said(door, f"{project}@st@ging") == "of staging"
    assert {project, f"{project}@st@ging"} <= set(names(door))
    assert f"{project}@production" not in names(door)
    logs = [each["environment"] for each in door.app.logs(project)]
    assert logs == ["st@ging", "production", "production"]


def test_a_project_may_have_an_at_and_slashes_in_its_name(door, staging):
    project = door.mocks({"text": "one"}, project=None)
    odd = door.chats(
        f"{project}@st@ging", provider="mock", model="m", chat_template=None, endpoint="chat",
        other={"mock": {"text": "two"}},
    )  # fmt: skip
    deploy(door, project, "hidden", staging)
    assert said(door, odd) == "two", "the longest name that exists decides"
    assert names(door).count(odd) == 1
    slashed = door.mocks({"text": "three"}, project=f"team/{project}/ü?#%")
    assert said(door, slashed) == "three"
    assert door.client.models.retrieve(slashed).id == slashed


def test_only_what_is_live_is_listed(door, staging):
    door.app.server.post("/v4/projects", {"name": "nothing live"}).expect(201)
    project = door.mocks()
    listed = names(door)
    assert project in listed
    assert "nothing live" not in listed
    assert f"{project}@st@ging" not in listed
    assert listed == sorted(listed)
    place = f"/v4/projects/{door.app.project_id(project)}/active-config"
    assert door.app.server.delete(place).status < 300
    assert project not in names(door)
    with pytest.raises(openai.NotFoundError) as caught:
        door.client.models.retrieve(project)
    assert caught.value.code == "model_not_found"


def test_one_model_is_the_same_as_in_the_list(door):
    project = door.completes()
    one = door.client.models.retrieve(project)
    assert one in list(door.client.models.list())
    assert (one.object, one.owned_by) == ("model", "everloop")
    server = door.app.server
    reply = server.send("GET", f"/openai/v1/models/{quote(project)}", headers=door.bearer)
    strictly(Model, reply.expect(200))
    listed = server.send("GET", "/openai/v1/models", headers=door.bearer).expect(200)
    assert (set(listed), listed["object"]) == ({"object", "data"}, "list")
    for each in listed["data"]:
        strictly(Model, each)


def test_another_organisations_models_are_not_there(door):
    server = door.app.server
    server.command("orgs", "create", "others")
    other = server.as_other(server.command("keys", "create", "--org", "others"))
    project = door.mocks()
    with client_of(other) as theirs:
        deadline = time.monotonic() + 10
        while other.get("/v4/projects").status == 401:  # made by another process: told to this one within a second
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert project not in [each.id for each in theirs.models.list()]
        with pytest.raises(openai.NotFoundError) as caught:
            theirs.chat.completions.create(model=project, messages=[USER])
    assert caught.value.code == "model_not_found"
