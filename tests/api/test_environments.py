import pytest


def _names(server):
    return [each["name"] for each in server.get("/api/environments").expect(200)]


def test_production_is_there_and_the_default(fresh_server):
    (only,) = fresh_server.get("/api/environments").expect(200)

    assert only["id"].startswith("env_")
    assert (only["name"], only["tag"]) == ("production", "default")


def test_the_life_of_an_environment(fresh_server):
    staging = fresh_server.post("/api/environments", {"name": "staging"}).expect(201)
    assert (staging["name"], staging["tag"]) == ("staging", "other")
    place = f"/api/environments/{staging['id']}"

    assert fresh_server.patch(place, {"name": "testing"}).expect(200) == {**staging, "name": "testing"}
    assert _names(fresh_server) == ["production", "testing"]

    assert fresh_server.put(f"{place}/default").expect(200)["tag"] == "default"
    assert _names(fresh_server) == ["testing", "production"]
    assert fresh_server.delete(place).expect(409)["detail"]["type"] == "conflict_error"

    (production,) = [each for each in fresh_server.get("/api/environments").json if each["name"] == "production"]
    reply = fresh_server.delete(f"/api/environments/{production['id']}")
    assert (reply.status, reply.body) == (204, b"")
    assert _names(fresh_server) == ["testing"]


def test_calls_follow_the_default(fresh_server):
    body = {"project": "p", "provider": "mock", "model": "m", "prompt_template": "Hi"}
    project_id = fresh_server.post("/v4/model-configs", body).expect(200)["project_id"]
    staging = fresh_server.post("/api/environments", {"name": "staging"}).expect(201)

    fresh_server.put(f"/api/environments/{staging['id']}/default").expect(200)

    assert fresh_server.post("/v4/completion-deployed", {"project": "p"}).status == 400
    named = fresh_server.post("/v4/completion-deployed", {"project": "p", "environment": "production"})
    assert named.status == 200
    assert fresh_server.get(f"/v4/projects/{project_id}").expect(200)["active_config"] is None


def test_a_log_keeps_the_name_of_a_deleted_environment(running_server, register, project_name):
    made = register()
    environment = running_server.post("/api/environments", {"name": project_name}).expect(201)
    body = {"project_id": made["project_id"], "config_id": made["config"]["id"], "environment": project_name}
    log_id = running_server.post("/v4/logs", body).expect(200)["id"]

    running_server.delete(f"/api/environments/{environment['id']}").expect(204)

    assert running_server.get(f"/v4/logs/{log_id}").expect(200)["environment"] == project_name


def test_a_name_that_is_taken(running_server, project_name):
    made = running_server.post("/api/environments", {"name": project_name}).expect(201)

    assert running_server.post("/api/environments", {"name": project_name}).status == 409
    assert running_server.patch(f"/api/environments/{made['id']}", {"name": "production"}).status == 409
    running_server.delete(f"/api/environments/{made['id']}").expect(204)


@pytest.mark.parametrize("name", [None, "", " \n", "a\x00b", "x" * 256])
def test_a_name_that_is_none(running_server, name):
    assert running_server.post("/api/environments", {"name": name}).expect(422)["detail"][0]["loc"] == ["body", "name"]


def test_an_unknown_environment(running_server):
    assert running_server.patch("/api/environments/env_nobody", {"name": "x"}).status == 404
    assert running_server.put("/api/environments/env_nobody/default").status == 404
    assert running_server.delete("/api/environments/env_nobody").status == 404
