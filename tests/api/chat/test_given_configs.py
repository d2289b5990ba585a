"""Calls that bring a config, or name one: nothing has to be deployed, and nothing goes live."""

import json
from typing import Any

import pytest

from tests.api.chat.conftest import TEMPLATE, USER
from tests.contract_v4 import answers

COMPLETION = {"provider": "openai", "model": "gpt-4o", "prompt_template": "Say {{who}}", "temperature": 0.5}
KINDS = ("completion", "chat")


def inline(kind: str, **changes: Any) -> dict[str, Any]:
    chat = {"provider": "openai", "model": "gpt-4o", "chat_template": TEMPLATE, "temperature": 0.5}
    return (COMPLETION if kind == "completion" else chat) | changes


def configs(chats, project):
    project_id = chats.app.project_id(project)
    return chats.app.server.get(f"/v4/projects/{project_id}/configs").expect(200)


@pytest.mark.parametrize("kind", KINDS)
def test_a_config_of_the_calls_own_is_registered_once_and_goes_nowhere(chats, kind):
    name = chats.name()
    told = [
        chats.send(kind, {"project": name, "model_config": given}).expect(200)
        for given in (
            inline(kind),
            inline(kind, name="a label", temperature=0.5, top_p=1, tools=None, other=None),
            inline(kind, max_tokens=-1, stop=None, type="model", unknown="ignored"),
            inline(kind, temperature=1),
        )
    ]
    for answer in told:
        answers.check(answer, "POST", f"/{kind}")
    ids = [answer["data"][0]["model_config_id"] for answer in told]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert {each["config"]["id"] for each in configs(chats, name)} == set(ids)
    assert chats.asked(0)["messages"] == (
        [{"role": "user", "content": "Say Ada"}]
        if kind == "completion"
        else [{"role": "system", "content": "You are Ada."}, USER]
    )
    assert chats.send(f"{kind}-deployed", {"project": name}).status == 400, "something went live"
    log = chats.app.log(told[0]["data"][0]["id"])
    assert (log["config"]["id"], log["environment"], log["project"]) == (ids[0], None, name)
    assert log["config"]["endpoint"] == {"completion": "complete", "chat": "chat"}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_registered_config_of_the_same_content_is_used(chats, kind):
    name = chats.name()
    made = chats.app.register(name, **({"prompt_template": None} | inline(kind)))
    answer = chats.send(kind, {"project_id": made["project_id"], "model_config": inline(kind)}).expect(200)
    assert answer["data"][0]["model_config_id"] == made["config"]["id"]
    assert len(configs(chats, name)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_such_calls_are_streamed_too(chats, kind):
    reply = chats.send(kind, {"project": chats.name(), "model_config": inline(kind), "stream": True})
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/event-stream")


BROKEN: dict[str, tuple[str, dict[str, Any], int]] = {
    "a missing input": ("completion", {"inputs": {}}, 422),
    "a chat's missing input": ("chat", {"inputs": {}}, 422),
    "too many samples": ("chat", {"num_samples": 1000}, 422),
    "an unknown session": ("completion", {"session_id": "sesh_unknown"}, 404),
    "a provider that is not there": ("chat", {"model_config": inline("chat", provider="nobody")}, 422),
    "a suffix for a chat model": ("completion", {"suffix": "x"}, 422),
    "a tool that is not there": ("chat", {"tool_choice": "required"}, 422),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_call_that_cannot_be_made_leaves_no_config_behind(chats, what):
    kind, changes, status = BROKEN[what]
    name = chats.name()
    assert chats.send(kind, {"project": name, "model_config": inline(kind)} | changes).status == status
    assert configs(chats, name) == []
    assert chats.app.logs(name) == []
    assert chats.app.upstream.requests == []


WRONG = [
    ("completion", None, "model_config"),
    ("chat", None, "model_config"),
    ("completion", inline("completion", model=None), "model"),
    ("chat", inline("chat", temperature="hot"), "temperature"),
    ("completion", inline("completion", prompt_template=None), "prompt_template"),
    ("completion", inline("completion", endpoint="chat"), "/v4/chat"),
    ("completion", inline("chat"), "prompt_template"),
    ("chat", inline("completion"), "/v4/completion"),
    ("chat", inline("chat", endpoint="complete"), "/v4/completion"),
]


@pytest.mark.parametrize(("kind", "config", "said"), WRONG)
def test_a_config_that_does_not_fit_is_a_wrong_field(chats, kind, config, said):
    name = chats.name()
    reply = chats.send(kind, {"project": name, "model_config": config})
    assert reply.status == 422
    (issue,) = reply.detail
    assert issue["loc"][:2] == ["body", "model_config"]
    assert said in f"{issue['loc']} {issue['msg']}"
    assert not issue["msg"].startswith("Value error")
    assert chats.app.server.get("/v4/projects?filter=" + name.replace(" ", "%20")).expect(200)["records"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_config_by_its_id_needs_no_project_and_no_deployment(chats, kind):
    first = chats.app.register(chats.name(), **({"prompt_template": None} | inline(kind)))
    made = chats.app.register(first["project_name"], **({"prompt_template": None} | inline(kind, temperature=0.25)))
    for named in ({}, {"project": made["project_name"]}, {"project_id": made["project_id"]}):
        answer = chats.send(f"{kind}-model-config", {"model_config_id": made["config"]["id"], **named}).expect(200)
        answers.check(answer, "POST", f"/{kind}-model-config")
        assert answer["data"][0]["model_config_id"] == made["config"]["id"]
        assert answer["project_id"] == made["project_id"]
        assert chats.asked()["temperature"] == 0.25
        log = chats.app.log(answer["data"][0]["id"])
        assert (log["environment"], log["config"]["id"]) == (None, made["config"]["id"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_config_that_is_not_there_is_not_found(chats, kind):
    made = chats.app.register(chats.name(), **({"prompt_template": None} | inline(kind)))
    other, new = chats.register()["project_name"], chats.name()
    route, config_id = f"{kind}-model-config", made["config"]["id"]
    for named in (
        {"model_config_id": "config_unknown"},
        *({"model_config_id": config_id, "project": each} for each in (other, new)),
    ):
        reply = chats.send(route, named)
        assert (reply.status, reply.detail["type"]) == (404, "not_found_error")
        assert named["model_config_id"] in reply.detail["message"]
    assert chats.send(route, {}).detail[0]["loc"] == ["body", "model_config_id"]
    assert chats.app.server.get("/v4/projects?filter=" + new.replace(" ", "%20")).expect(200)["records"] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_call_with_a_key_is_made_once(chats, kind, stream):
    server, name = chats.app.server, chats.name()
    headers = {"X-API-KEY": server.key, "Idempotency-Key": f"{kind}-{stream}"}
    told = {"project": name, "model_config": inline(kind), "messages": [USER], "inputs": {"who": "Ada"}}
    body = json.dumps(told | {"stream": stream}).encode()
    first, second = (server.send("POST", f"/v4/{kind}", body, headers) for _ in range(2))
    assert (first.status, first.body) == (200, second.body)
    assert second.headers["idempotent-replayed"] == "true"
    assert len(chats.app.upstream.requests) == 1
    assert len(chats.app.logs(name)) == 1


def test_a_config_is_called_as_it_is_meant_to_be(chats):
    chat = chats.register()["config"]["id"]
    complete = chats.app.register(chats.name())["config"]["id"]
    for kind, config_id, said in (("completion", chat, "chat config"), ("chat", complete, "complete config")):
        reply = chats.send(f"{kind}-model-config", {"model_config_id": config_id})
        assert (reply.status, reply.detail["type"]) == (400, "bad_request_error")
        assert config_id in reply.detail["message"]
        assert said in reply.detail["message"]
    assert chats.app.upstream.requests == []
