import json
import time
from datetime import UTC, datetime

import pytest

NEW = {"measure": "requests", "period": "day", "amount": 2}
numbers = iter(range(1_000))


@pytest.fixture
def project(running_server):
    body = {"project": f"limited {next(numbers)}", "provider": "mock", "model": "m", "prompt_template": "One two"}
    return running_server.post("/v4/model-configs", body).expect(200)


@pytest.fixture
def made(running_server):
    """Makes limits that are deleted in the end."""
    ids = []

    def make(**body):
        answer = running_server.post("/api/limits", NEW | body).expect(201)
        ids.append(answer["id"])
        return answer

    yield make
    for each in ids:
        assert running_server.delete(f"/api/limits/{each}").status in {204, 404}


def called(server, project, path="/v4/completion-deployed", **body):
    return server.post(path, {"project": project["project_name"], **body})


def shown(server, limit):
    return next(each for each in server.get("/api/limits").expect(200) if each["id"] == limit["id"])


def test_the_life_of_a_limit(running_server, project, made):
    limit = made(project_id=project["project_id"])
    assert limit["id"].startswith("lim_")
    told = {"api_key_id": None, "project_id": project["project_id"], "used": 0, **NEW}
    assert {name: limit[name] for name in told} == told
    midnight = datetime.fromisoformat(limit["ends_at"])
    assert (midnight.hour, midnight.minute, midnight.second) == (0, 0, 0)
    assert midnight > datetime.now(UTC)
    place = f"/api/limits/{limit['id']}"
    assert running_server.get(place).expect(200) == limit == shown(running_server, limit)

    changed = running_server.patch(place, {"amount": 3}).expect(200)
    assert changed == limit | {"amount": 3, "updated_at": changed["updated_at"]}
    reply = running_server.delete(place)
    assert (reply.status, reply.body) == (204, b"")
    for reply in (running_server.get(place), running_server.patch(place, {"amount": 1}), running_server.delete(place)):
        assert (reply.status, reply.detail["type"]) == (404, "not_found_error")


def test_a_call_over_a_limit(running_server, project, made):
    limit = made(project_id=project["project_id"])
    for used in (1, 2):
        called(running_server, project).expect(200)
        assert shown(running_server, limit)["used"] == used
    for body in ({}, {"stream": True}):
        reply = called(running_server, project, **body)
        assert reply.status == 429
        detail = reply.detail
        assert (detail["type"], detail["code"], detail["origin"]) == ("rate_limit_error", 429, "Everloop")
        for word in (project["project_name"], "2 requests per day", limit["id"], limit["ends_at"][:19]):
            assert word in detail["message"]
        assert 0 < int(reply.headers["retry-after"]) <= 86_400
    assert shown(running_server, limit)["used"] == 2
    logs = running_server.get(f"/v4/logs?project_id={project['project_id']}").expect(200)["records"]
    assert len(logs) == 2


@pytest.mark.parametrize("kind", ["model config", "inline", "chat"])
def test_every_way_of_calling_counts(running_server, project, made, kind):
    limit = made(project_id=project["project_id"])
    config = {"provider": "mock", "model": "m"}
    path, body = {
        "model config": ("/v4/completion-model-config", {"model_config_id": project["config"]["id"]}),
        "inline": ("/v4/completion", {"model_config": {**config, "prompt_template": "Hi"}}),
        "chat": ("/v4/chat", {"model_config": config, "messages": [{"role": "user", "content": "Hi"}]}),
    }[kind]
    statuses = [called(running_server, project, path, **body).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert shown(running_server, limit)["used"] == 2


def test_a_key_of_its_own(running_server, project, made):
    key = running_server.post("/api/api-keys", {"name": "of a robot"}).expect(201)
    robot = running_server.as_other(key["key"])
    made(api_key_id=key["id"], amount=1)
    called(robot, project).expect(200)
    reply = called(robot, project)
    assert (reply.status, "'of a robot'" in reply.detail["message"]) == (429, True)
    called(running_server, project).expect(200)
    assert robot.get("/v4/projects").status == 200  # only calls of models are limited


def test_tokens_and_dollars(running_server, project, made):
    price = {"provider": "mock", "model": "m", "prompt_price": 1_000_000, "output_price": 0}
    price = running_server.put("/api/prices", price).expect(200)
    tokens = made(project_id=project["project_id"], measure="tokens", amount=1_000_000)
    dollars = made(project_id=project["project_id"], measure="cost", amount=0.5)
    called(running_server, project).expect(200)  # "One two" is two dollars
    assert shown(running_server, dollars)["used"] == 2.0
    assert shown(running_server, tokens)["used"] > 2
    reply = called(running_server, project)
    assert (reply.status, "0.5 US dollars per day" in reply.detail["message"]) == (429, True)
    running_server.delete(f"/api/prices/{price['id']}")


def test_limits_go_with_their_key_and_with_their_project(running_server, project, made):
    key = running_server.post("/api/api-keys", {"name": "short-lived"}).expect(201)
    limits = [made(api_key_id=key["id"]), made(project_id=project["project_id"])]
    running_server.delete(f"/api/api-keys/{key['id']}").expect(200)
    assert running_server.delete(f"/v4/projects/{project['project_id']}").status == 204
    left = {each["id"] for each in running_server.get("/api/limits").expect(200)}
    assert not left & {each["id"] for each in limits}


def test_what_is_not_there_gets_none(running_server, project):
    key = running_server.post("/api/api-keys", {"name": "revoked"}).expect(201)
    running_server.delete(f"/api/api-keys/{key['id']}").expect(200)
    for body in ({"project_id": "pr_nobody"}, {"api_key_id": "key_nobody"}, {"api_key_id": key["id"]}):
        reply = running_server.post("/api/limits", NEW | body)
        assert (reply.status, reply.detail["type"]) == (404, "not_found_error")


def test_a_second_one_of_its_kind(running_server, project, made):
    made(project_id=project["project_id"])
    reply = running_server.post("/api/limits", NEW | {"project_id": project["project_id"], "amount": 9})
    assert (reply.status, reply.detail["type"]) == (409, "conflict_error")
    made(project_id=project["project_id"], period="minute")


@pytest.mark.parametrize(
    ("change", "location"),
    [
        ({"measure": "words"}, ["measure"]),
        ({"period": "hour"}, ["period"]),
        ({"amount": 0}, ["amount"]),
        ({"amount": -1}, ["amount"]),
        ({"amount": 1e13}, ["amount"]),
        ({"amount": True}, ["amount"]),
        ({"amount": None}, ["amount"]),
        ({"amount": 1.5}, ["amount"]),
        ({"measure": "tokens", "amount": 0.5}, ["amount"]),
        ({"api_key_id": "key_1"}, ["project_id"]),
        ({"project_id": None}, ["project_id"]),
        ({"project_id": "pr_\x00"}, ["project_id"]),
    ],
)
def test_a_limit_that_is_none(running_server, project, change, location):
    reply = running_server.post("/api/limits", NEW | {"project_id": project["project_id"]} | change)
    assert [each["loc"] for each in reply.expect(422)["detail"]] == [["body", *location]]


def test_a_wrong_amount_changes_nothing(running_server, project, made):
    limit = made(project_id=project["project_id"])
    for amount in (0, 1.5, "many"):
        assert running_server.patch(f"/api/limits/{limit['id']}", {"amount": amount}).status == 422
    assert shown(running_server, limit) == limit


def test_a_key_of_idempotency_is_free_after_a_refusal(running_server, project, made):
    """What was refused can be made later with the same key, and what is repeated does not count."""
    limit = made(project_id=project["project_id"], amount=1)
    body = {"project": project["project_name"]}
    name = f"limited-{time.time_ns()}"

    def call(key):
        headers = {"X-API-KEY": running_server.key, "Content-Type": "application/json", "Idempotency-Key": key}
        return running_server.send("POST", "/v4/completion-deployed", json.dumps(body).encode(), headers)

    first = call(name).expect(200)
    assert call(name).expect(200) == first
    assert call(f"{name}-b").status == 429
    running_server.patch(f"/api/limits/{limit['id']}", {"amount": 2}).expect(200)
    call(f"{name}-b").expect(200)
