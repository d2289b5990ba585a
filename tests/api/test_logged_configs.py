"""Logs of what is no model: tools, agents, and anything else."""

from typing import Any, Final

import pytest

from tests.contract_v4.answers import check, check_schema

TOOL: Final = {
    "type": "tool",
    "name": "weather",
    "description": "Looks out of the window",
    "strict": True,
    "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
    "source": "inline",
    "source_code": "def weather(place): ...",
    "other": {"nul": "\x00", "big": 2**70},
}
GENERIC: Final = {"type": "generic", "name": "ranker", "description": "Sorts passages", "other": {"top": 3}}
AGENT: Final[dict[str, Any]] = {
    "type": "agent",
    "name": "clerk",
    "description": "Answers letters",
    "agent_class": "planner",
    "model_config": {
        "name": "thinker",
        "model": "gpt-4o",
        "stop": "END",
        "chat_template": [{"role": "system", "content": "Plan."}],
        "tools": [{"name": "look_up"}],
        "response_format": {"type": "json_object"},
    },
    "tools": [TOOL],
    "other": {"steps": 5},
}
OTHERS: Final[dict[str, dict[str, Any]]] = {"tool": TOOL, "generic": GENERIC, "agent": AGENT}


@pytest.fixture
def log(running_server, project_name):
    """Keeps a log of a config and reads it back."""

    def kept(config: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
        body = {"project": project_name, "config": config, "output": "x"} | more
        made = running_server.post("/v4/logs", body).expect(200)
        read: dict[str, Any] = running_server.get(f"/v4/logs/{made['id']}").expect(200)
        return read

    return kept


@pytest.mark.parametrize("kind", OTHERS)
def test_a_log_shows_what_made_it(running_server, log, kind):
    sent = OTHERS[kind]

    read = log(sent)

    check(read, "get", "/logs/{id}")
    config = dict(read["config"])
    assert config.pop("id") == read["config_id"]
    assert (config.pop("status"), config.pop("created_by")) == ("committed", None)
    if kind == "agent":
        asked = config.pop("model_config")
        check_schema(asked, "ModelConfigRequest")
        assert [each["content"] for each in asked["chat_template"]] == ["Plan."]
        assert [each["name"] for each in asked["tools"]] == ["look_up"]
        said = {name: asked[name] for name in ("name", "model", "stop", "response_format")}
        assert said.items() <= sent["model_config"].items()
        assert (asked["type"], asked["temperature"], asked["endpoint"]) == ("model", 1, "chat")
        config["tools"] = [{name: value for name, value in config["tools"][0].items() if value is not None}]
        sent = {name: value for name, value in sent.items() if name != "model_config"}
    assert {name: value for name, value in config.items() if value is not None} == sent
    assert read["model_config"]["config"] == read["config"]
    page = running_server.get(f"/v4/logs?project_id={read['project_id']}").expect(200)
    assert page["records"] == [read]


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_read_can_be_logged_again_and_is_the_same(log, kind):
    first = log(OTHERS[kind])

    again = log(first["config"])

    assert again["config"] == first["config"]
    assert again["model_config"]["num_datapoints"] == 2


def test_the_least_of_each(log):
    assert log({"type": "tool", "name": "t"})["config"]["parameters"] is None
    assert log({"type": "generic"})["config"]["name"] == "generic"
    agent = log({"type": "agent", "agent_class": "c", "model_config": {"model": "m"}})["config"]
    assert (agent["name"], agent["tools"], agent["other"]) == ("c", [], None)


def test_configs_of_every_type_are_listed_with_their_use(running_server, log, register):
    model = register()["config"]
    others = [log(each)["config"] for each in OTHERS.values()]
    project_id = log(None, config_id=others[1]["id"])["project_id"]

    listed = running_server.get(f"/v4/projects/{project_id}/configs").expect(200)

    check(listed, "get", "/projects/{id}/configs")
    assert [each["config"] for each in listed] == [*reversed(others), model]
    assert [each["num_datapoints"] for each in listed] == [1, 2, 1, 0]


def test_nothing_goes_live_by_them_and_the_first_model_config_still_does(running_server, log, register):
    project_id = log(TOOL)["project_id"]
    assert running_server.get(f"/v4/projects/{project_id}").expect(200)["active_config"] is None

    made = register()

    project = running_server.get(f"/v4/projects/{project_id}").expect(200)
    assert project["active_config"]["config"]["id"] == made["config"]["id"]


@pytest.mark.parametrize("kind", OTHERS)
def test_they_are_called_and_deployed_and_tested_nowhere(running_server, log, register, kind):
    model = register()
    config_id, place = log(OTHERS[kind])["config_id"], f"/v4/projects/{model['project_id']}"
    experiment = {"name": "e", "positive_labels": [], "config_ids": [config_id]}
    running = running_server.post(f"{place}/experiments", experiment | {"config_ids": [model["config"]["id"]]})
    change = {"config_ids_to_register": [config_id]}

    for method, path, body in (
        ("GET", f"/v4/model-configs/{config_id}", None),
        ("POST", f"/v4/model-configs/{config_id}/export", None),
        ("PATCH", f"{place}/deploy-config", {"config_id": config_id}),
        ("PATCH", place, {"active_config_id": config_id}),
        ("POST", "/v4/completion-model-config", {"model_config_id": config_id, "inputs": {}}),
        ("POST", "/v4/chat-model-config", {"model_config_id": config_id, "messages": []}),
        ("POST", f"{place}/experiments", experiment),
        ("PATCH", f"/v4/experiments/{running.expect(200)['id']}", change),
    ):
        reply = running_server.call(method, path, body)
        assert f"is of type `{kind}`" in reply.expect(400)["detail"]["message"], (method, path)


def test_they_come_with_logs_alone(running_server, project_name):
    body = {"project": project_name, "inputs": {}, "model_config": TOOL | {"model": "m", "prompt_template": "x"}}

    issues = running_server.post("/v4/completion", body).expect(422)["detail"]

    assert [(each["loc"], "type `model`" in each["msg"]) for each in issues] == [
        (["body", "model_config", "type"], True)
    ]


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"type": "evaluator"}, []),
        ({"type": ["tool"]}, []),
        ({"type": "tool"}, ["name"]),
        ({"type": "tool", "name": ""}, ["name"]),
        ({"type": "generic", "other": []}, ["other"]),
        ({"type": "agent", "model_config": {"model": "m"}}, ["agent_class"]),
        ({"type": "agent", "agent_class": "c"}, ["model_config"]),
        ({"type": "agent", "agent_class": "c", "model_config": {}}, ["model_config", "model"]),
        ({"type": "agent", "agent_class": "c", "model_config": TOOL | {"model": "m"}}, ["model_config", "type"]),
        (
            {"type": "agent", "agent_class": "c", "model_config": {"model": "m"}, "tools": [{"name": "t"}]},
            ["tools", 0, "type"],
        ),
        ({"type": "model"}, ["model"]),
        ({}, ["model"]),
        ("tool", []),
    ],
)
def test_what_is_wrong_is_named(running_server, project_name, config, place):
    reply = running_server.post("/v4/logs", {"project": project_name, "config": config})

    assert reply.expect(422)["detail"][0]["loc"] == ["body", "config", *place]
