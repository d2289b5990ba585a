"""Tools that a config only links: the organisation's definition of the moment goes to the model, and is shown."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from tests.api.chat.conftest import ADD, Chatting
from tests.contract_v4.answers import check

Tool = dict[str, Any]
_numbers = count(1)


@pytest.fixture
def linked(chats: Chatting) -> Callable[..., Tool]:
    """Makes a function of a name of its own; its link is `link(tool)`."""

    def make(**more: Any) -> Tool:
        body = {"kind": "json_schema", "name": f"linked_{next(_numbers)}", "parameters": ADD["parameters"]} | more
        tool: Tool = chats.app.server.post("/api/tools", body).expect(201)
        return tool

    return make


def link(tool: Tool) -> dict[str, str]:
    return {"id": tool["id"], "source": "organization"}


def offered(chats: Chatting) -> list[Any]:
    return [each["function"] for each in chats.asked()["tools"]]


@pytest.mark.parametrize("stream", [False, True])
def test_the_model_is_told_of_the_tool_as_it_is_at_that_moment(chats, linked, stream):
    tool = linked(description="Adds.", strict=True)
    made = chats.register(tools=[ADD, link(tool)])
    call = chats.stream if stream else chats.chat

    call(made["project_name"])
    definition = {"name": tool["name"], "description": "Adds.", "parameters": ADD["parameters"], "strict": True}
    assert offered(chats) == [ADD, definition]
    change = {"name": f"{tool['name']}_now", "description": "Adds up.", "parameters": {}, "strict": False}
    chats.app.server.patch(f"/api/tools/{tool['id']}", change).expect(200)
    call(made["project_name"])
    assert offered(chats) == [ADD, change]

    newest, oldest = chats.app.logs(made["project_name"], at_least=2)
    assert [each["function"] for each in newest["provider_request"]["tools"]] == [ADD, change]
    assert [each["function"] for each in oldest["provider_request"]["tools"]] == [ADD, definition]
    assert newest["config_id"] == oldest["config_id"] == made["config"]["id"]


def test_an_edit_of_the_tool_makes_no_new_config(chats, linked):
    tool = linked()
    made = chats.register(tools=[link(tool)])
    chats.app.server.patch(f"/api/tools/{tool['id']}", {"description": "other"}).expect(200)
    name = made["project_name"]
    assert chats.register(name, tools=[link(tool)])["config"]["id"] == made["config"]["id"]
    # Also with a definition beside the link, as answers show it.
    sent = {**link(tool), "name": "old", "description": "old", "parameters": {"type": "object"}, "strict": True}
    assert chats.register(name, tools=[sent])["config"]["id"] == made["config"]["id"]
    read = chats.app.server.get(f"/v4/model-configs/{made['config']['id']}").expect(200)
    again = chats.app.server.post("/v4/model-configs", {**read, "project": name}).expect(200)
    assert again["config"]["id"] == made["config"]["id"]


def test_a_config_is_shown_with_the_tool_wherever_it_is_shown(chats, linked):
    tool, server = linked(description="Adds."), chats.app.server
    made = chats.register(tools=[link(tool)])
    arms = [made["config"]["id"], chats.register(made["project_name"], temperature=0.5)["config"]["id"]]
    log_id = chats.chat(made["project_name"])["data"][0]["id"]
    reference = {"project": made["project_name"], "config_id": arms[0], "reference_id": f"shown {tool['id']}"}
    server.post("/v4/logs", reference).expect(200)
    server.patch(f"/api/tools/{tool['id']}", {"description": "Adds up."}).expect(200)
    place = f"/v4/projects/{made['project_id']}"
    new = {"name": "e", "config_ids": arms, "positive_labels": [{"type": "rating", "value": "good"}]}
    experiment = server.post(f"{place}/experiments", new).expect(200)

    read = server.get(f"/v4/model-configs/{arms[0]}").expect(200)
    check(read, "get", "/model-configs/{id}")
    deserialized = {"config": server.post(f"/v4/model-configs/{arms[0]}/export").expect(200)}
    shown = [
        read,
        chats.register(made["project_name"], tools=[link(tool)])["config"],
        server.get(place).expect(200)["active_config"]["config"],
        server.patch(place, {"active_config_id": arms[0]}).expect(200)["active_config"]["config"],
        server.get(f"{place}/configs").expect(200)[-1]["config"],
        server.get(f"{place}/active-config").expect(200)["config"],
        server.get(f"/v4/logs/{log_id}").expect(200)["config"],
        server.patch(f"/v4/logs/{log_id}", {"duration": 1}).expect(200)["config"],
        server.patch(f"/v4/logs?reference_id=shown%20{tool['id']}", {"duration": 1}).expect(200)["config"],
        server.get(f"/v4/logs?project_id={made['project_id']}").expect(200)["records"][-1]["config"],
        server.post(f"{place}/export").expect(200)["records"][-1]["config"],
        experiment["configs"][0]["config"],
        server.get(f"{place}/experiments").expect(200)[0]["configs"][0]["config"],
        server.post("/v4/model-configs/deserialize", deserialized).expect(200),
    ]
    definition = {"name": tool["name"], "description": "Adds up.", "parameters": ADD["parameters"]}
    for config in shown:
        assert config["tools"] == [{**link(tool), **definition, "strict": None, "other": None}]
        (old,) = config["tool_configs"]
        assert {key: old[key] for key in ("id", "source", *definition)} == {**link(tool), **definition}


def test_a_choice_names_the_tool_as_it_is_called_now(chats, linked):
    tool = linked()
    project = chats.project(tools=[link(tool)])
    chats.app.server.patch(f"/api/tools/{tool['id']}", {"name": f"{tool['name']}_now"}).expect(200)
    choice = {"type": "function", "function": {"name": f"{tool['name']}_now"}}
    chats.chat(project, tool_choice=choice)
    assert chats.asked()["tool_choice"] == choice
    reply = chats.call(project, tool_choice={"type": "function", "function": {"name": tool["name"]}})
    assert reply.expect(422)["detail"][0]["loc"] == ["body", "tool_choice"]


def test_a_completion_by_a_chat_model_has_linked_tools_too(chats, linked):
    tool = linked()
    project = chats.app.project(tools=[link(tool)])
    chats.app.complete(project)
    assert [each["name"] for each in offered(chats)] == [tool["name"]]


@pytest.mark.parametrize("kind", ["nobody's", "snippet"])
def test_what_is_no_function_of_the_organisation_cannot_be_linked(chats, linked, kind):
    tool_id = "oc_nobody" if kind == "nobody's" else linked(kind="snippet", parameters=None)["id"]
    config = chats.config(tools=[ADD, {"id": tool_id, "source": "organization", "name": "named"}])
    before = chats.app.server.get("/v4/projects?size=50").expect(200)["total"]

    reply = chats.app.server.post("/v4/model-configs", {**config, "project": chats.name()})
    (error,) = reply.expect(422)["detail"]
    assert error["loc"] == ["body", "tools"]
    assert tool_id in error["msg"]
    assert chats.app.server.get("/v4/projects?size=50").expect(200)["total"] == before

    project = chats.project()
    body = {"project": project, "model_config": config}
    reply = chats.send("chat", body)
    assert (reply.status, reply.detail["type"]) == (422, "unprocessable_entity_error")
    assert tool_id in reply.detail["message"]
    place = f"/v4/projects/{chats.app.project_id(project)}/configs"
    assert len(chats.app.server.get(place).expect(200)) == 1
    assert chats.app.upstream.requests == []


def test_a_config_of_a_call_links_tools(chats, linked):
    tool, project = linked(), chats.name()
    config = chats.config(tools=[link(tool)])
    for _ in range(2):
        body = {"project": project, "model_config": config}
        chats.send("chat", body).expect(200)
        assert [each["name"] for each in offered(chats)] == [tool["name"]]
        chats.app.server.patch(f"/api/tools/{tool['id']}", {"description": "again"}).expect(200)
    place = f"/v4/projects/{chats.app.project_id(project)}/configs"
    assert len(chats.app.server.get(place).expect(200)) == 1


def test_a_tool_in_use_is_kept_and_one_that_went_is_told(chats, linked):
    tool, server = linked(), chats.app.server
    made = chats.register(tools=[link(tool)])
    place, config_id = f"/v4/projects/{made['project_id']}", made["config"]["id"]

    reply = server.delete(f"/api/tools/{tool['id']}")
    assert (reply.status, reply.detail["type"]) == (409, "conflict_error")
    assert made["project_name"] in reply.detail["message"]
    chats.chat(made["project_name"])

    server.delete(f"{place}/active-config").expect(200)
    server.delete(f"/api/tools/{tool['id']}").expect(204)
    chats.app.upstream.reset()
    body = {"model_config_id": config_id}
    reply = chats.send("chat-model-config", body)
    assert (reply.status, reply.detail["type"]) == (422, "unprocessable_entity_error")
    assert tool["id"] in reply.detail["message"]
    assert chats.app.upstream.requests == []
    reply = server.patch(f"{place}/deploy-config", {"config_id": config_id})
    assert (reply.status, reply.detail["type"]) == (400, "bad_request_error")
    assert tool["id"] in reply.detail["message"]
    (shown,) = server.get(f"/v4/model-configs/{config_id}").expect(200)["tools"]
    assert (shown["id"], shown["name"], shown["parameters"]) == (tool["id"], tool["id"], None)

    # A new tool of the id mends it.
    linked(id=tool["id"])
    chats.send("chat-model-config", body).expect(200)


def test_a_log_may_be_of_a_config_that_links_what_is_not_here(chats):
    link_elsewhere = {"id": "oc_elsewhere", "source": "organization", "name": "far"}
    log = {"project": chats.name(), "config": {"model": "m", "tools": [link_elsewhere]}, "output": "x"}
    log_id = chats.app.server.post("/v4/logs", log).expect(200)["id"]
    assert [each["id"] for each in chats.app.log(log_id)["config"]["tools"]] == ["oc_elsewhere"]


def test_a_tool_of_a_deleted_project_is_free(chats, linked):
    tool = linked()
    made = chats.register(tools=[link(tool)])
    assert chats.app.server.delete(f"/api/tools/{tool['id']}").status == 409
    chats.app.server.delete(f"/v4/projects/{made['project_id']}").expect(204)
    chats.app.server.delete(f"/api/tools/{tool['id']}").expect(204)
