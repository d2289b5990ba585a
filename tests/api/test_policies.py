"""`/api/projects/…/environments/…/policy`."""

from typing import Any

import pytest

from tests.server import RunningServer

DEFAULT: dict[str, Any] = {
    "timeouts": {"connect": 5, "first_byte": 60, "gap": 60, "total": 600},
    "fallbacks": [],
    "on_disconnect": "cancel",
}


def place_of(server: RunningServer, made: dict[str, Any]) -> str:
    (default,) = [each for each in server.get("/api/environments").expect(200) if each["tag"] == "default"]
    return f"/api/projects/{made['project_id']}/environments/{default['id']}/policy"


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in DEFAULT}


@pytest.fixture
def two(register):
    """Two configs of one project; the first is live."""
    return register(), register(prompt_template="Second")


def test_a_place_has_the_policy_by_default(running_server, register):
    made = register()
    answer = running_server.get(place_of(running_server, made)).expect(200)
    assert shown(answer) == DEFAULT
    assert (answer["project_id"], answer["environment_name"]) == (made["project_id"], "production")


def test_what_is_put_stays_and_is_history(running_server, two):
    first, second = two
    place = place_of(running_server, first)
    fallbacks = [second["config"]["id"]]
    body = {"timeouts": {"first_byte": 20.5}, "fallbacks": fallbacks, "on_disconnect": "drain"}
    answer = running_server.put(place, body).expect(200)
    wanted = {"timeouts": DEFAULT["timeouts"] | {"first_byte": 20.5}, "fallbacks": fallbacks, "on_disconnect": "drain"}
    assert shown(answer) == wanted
    deploy = f"/v4/projects/{first['project_id']}/deploy-config"
    running_server.patch(deploy, {"config_id": second["config"]["id"]}).expect(200)
    assert shown(running_server.get(place).expect(200)) == wanted
    history = running_server.get(f"/api/projects/{first['project_id']}/deployments").expect(200)["records"]
    targets = [first["config"]["id"], first["config"]["id"], second["config"]["id"]]
    assert [each["config_id"] for each in reversed(history)] == targets
    assert [each["policy"] for each in reversed(history)] == [None, wanted, wanted]
    assert shown(running_server.put(place, {}).expect(200)) == DEFAULT
    assert shown(running_server.get(place).expect(200)) == DEFAULT


def refused(server: RunningServer, place: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    detail: list[dict[str, Any]] = server.put(place, body).expect(422)["detail"]
    return detail


def test_fallbacks_that_cannot_be(running_server, two, register, project_name):
    first, second = two
    place = place_of(running_server, first)
    elsewhere = register(project=project_name + " elsewhere")["config"]["id"]
    chat = register(endpoint="chat", prompt_template=None, chat_template=[{"role": "user", "content": "hi"}])
    live, good = first["config"]["id"], second["config"]["id"]
    wrong = {
        elsewhere: "no config with the id",
        live: "is what is live there",
        chat["config"]["id"]: "a fallback must be of the same kind",
    }
    issues = refused(running_server, place, {"fallbacks": [good, *wrong, good]})
    assert [each["loc"] for each in issues] == [["body", "fallbacks", index] for index in (1, 2, 3, 4)]
    for issue, words in zip(issues, [*wrong.values(), "is listed twice"], strict=True):
        assert words in issue["msg"]
    (nobody,) = refused(running_server, place, {"fallbacks": ["config_nobody"]})
    assert "no config with the id 'config_nobody'" in nobody["msg"]
    (many,) = refused(running_server, place, {"fallbacks": [good] * 6})
    assert "At most 5 fallbacks" in many["msg"]
    assert shown(running_server.get(place).expect(200)) == DEFAULT


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"timeouts": {"connect": 0}}, ["timeouts", "connect"]),
        ({"timeouts": {"connect": 61}}, ["timeouts", "connect"]),
        ({"timeouts": {"first_byte": 0.09}}, ["timeouts", "first_byte"]),
        ({"timeouts": {"gap": 3601}}, ["timeouts", "gap"]),
        ({"timeouts": {"total": 1e9}}, ["timeouts", "total"]),
        ({"timeouts": {"total": True}}, ["timeouts", "total"]),
        ({"timeouts": {"total": "long"}}, ["timeouts", "total"]),
        ({"timeouts": []}, ["timeouts"]),
        ({"on_disconnect": "wait"}, ["on_disconnect"]),
        ({"fallbacks": "config_1"}, ["fallbacks"]),
        ({"fallbacks": [1]}, ["fallbacks", 0]),
        ({"fallbacks": ["config_\u0000"]}, ["fallbacks", 0]),
    ],
)
def test_what_is_no_policy(running_server, register, body, where):
    (issue, *_) = refused(running_server, place_of(running_server, register()), body)
    assert issue["loc"] == ["body", *where]


def test_no_policy_where_nothing_is_deployed(running_server, register, staging):
    place = f"/api/projects/{register()['project_id']}/environments/{staging['id']}/policy"
    for answer in (running_server.get(place), running_server.put(place, {})):
        assert "no active deployment in environment" in answer.expect(400)["detail"]["message"]
    assert running_server.get(place.replace(staging["id"], "env_nobody")).status == 404
    assert running_server.put(place.replace("/api/projects/", "/api/projects/x"), {}).status == 404


def test_a_tool_that_a_fallback_calls_cannot_be_deleted(running_server, register, project_name):
    name = "snippet_" + "".join(each if each.isalnum() else "_" for each in project_name)
    tool = running_server.post("/api/tools", {"kind": "snippet", "name": name}).expect(201)
    made = register()
    calling = register(prompt_template='{{ NAME("x") }}'.replace("NAME", name))["config"]["id"]
    running_server.put(place_of(running_server, made), {"fallbacks": [calling]}).expect(200)
    assert running_server.delete(f"/api/tools/{tool['id']}").status == 409
    running_server.put(place_of(running_server, made), {}).expect(200)
    assert running_server.delete(f"/api/tools/{tool['id']}").status == 204
