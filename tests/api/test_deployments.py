from tests.contract_v4.answers import check


def test_deploying_to_the_default_environment(running_server, register):
    register()
    second = register(prompt_template="Second")
    place = f"/v4/projects/{second['project_id']}"

    deployed = running_server.patch(f"{place}/deploy-config", {"config_id": second["config"]["id"]}).expect(200)

    check(deployed, "patch", "/projects/{project_id}/deploy-config")
    (only,) = deployed
    assert only["model_config_id"] == second["config"]["id"]
    assert (only["environment_name"], only["environment_tag"]) == ("production", "default")
    assert running_server.get(f"{place}/active-config").expect(200)["config"]["id"] == second["config"]["id"]


def test_deploying_to_an_environment_by_id(running_server, register, staging):
    first, second = register(), register(prompt_template="Second", name="Two")
    place = f"/v4/projects/{first['project_id']}"
    body = {
        "config_id": second["config"]["id"],
        "environments": [{"id": staging["id"], "name": None}],
        "projectId": "x",
    }

    running_server.patch(f"{place}/deploy-config", body).expect(200)

    listed = running_server.get(f"{place}/deployed-configs").expect(200)
    check(listed, "get", "/projects/{id}/deployed-configs")
    live = {each["environment_name"]: each["model_config_id"] for each in listed}
    assert live["production"] == first["config"]["id"]
    assert live[staging["name"]] == second["config"]["id"]
    assert next(each for each in listed if each["environment_id"] == staging["id"])["model_config_name"] == "Two"
    active = running_server.get(f"{place}/active-config?environment={staging['name'].replace(' ', '%20')}").expect(200)
    assert active["environment_id"] == staging["id"]


def test_all_environments_or_none(running_server, register, staging):
    made = register()
    place = f"/v4/projects/{made['project_id']}"
    body = {"config_id": made["config"]["id"], "environments": [{"id": staging["id"]}, {"id": "env_nobody"}]}

    assert running_server.patch(f"{place}/deploy-config", body).status == 404

    live = {each["environment_id"]: each["model_config_id"] for each in _listed(running_server, made)}
    assert live[staging["id"]] is None


def test_clearing_an_environment(running_server, register):
    made = register()
    (production,) = [each for each in _listed(running_server, made) if each["environment_tag"] == "default"]
    place = f"/v4/projects/{made['project_id']}"

    cleared = running_server.delete(f"{place}/deployed-config/{production['environment_id']}")

    assert cleared.status == 200
    assert cleared.json[0]["model_config_id"] is None
    reply = running_server.get(f"{place}/active-config").expect(400)
    assert reply["detail"]["type"] == "bad_request_error"
    assert "production" in reply["detail"]["message"]
    again = running_server.delete(f"{place}/deployed-config/{production['environment_id']}")
    assert again.status == 200  # no-op: nothing was live


def test_deactivating(running_server, register):
    made = register()
    place = f"/v4/projects/{made['project_id']}"

    project = running_server.delete(f"{place}/active-config?environment=production").expect(200)

    check(project, "delete", "/projects/{id}/active-config")
    assert project["active_config"] is None


def test_a_config_registered_after_clearing_does_not_go_live(running_server, register):
    made = register()
    running_server.delete(f"/v4/projects/{made['project_id']}/active-config").expect(200)

    register(prompt_template="Second")

    assert running_server.get(f"/v4/projects/{made['project_id']}/active-config").status == 400


def test_what_cannot_be_deployed(running_server, register, project_name):
    made = register()
    elsewhere = register(project=project_name + " elsewhere")
    place = f"/v4/projects/{made['project_id']}/deploy-config"

    assert running_server.patch(place, {"config_id": elsewhere["config"]["id"]}).status == 404
    assert running_server.patch(place, {"config_id": "config_nobody"}).status == 404
    assert running_server.patch(place, {"experiment_id": "exp_1"}).status == 404
    both = {"config_id": made["config"]["id"], "experiment_id": "exp_1"}
    assert running_server.patch(place, both).expect(422)["detail"][0]["loc"] == ["body", "config_id"]
    assert running_server.patch(place, {}).expect(422)["detail"][0]["loc"] == ["body", "config_id"]
    assert running_server.patch("/v4/projects/pr_nobody/deploy-config", {"config_id": "c"}).status == 404


def test_an_unknown_environment_lists_those_that_there_are(running_server, register):
    place = f"/v4/projects/{register()['project_id']}"

    message = running_server.get(f"{place}/active-config?environment=nowhere").expect(404)["detail"]["message"]

    assert "'production'" in message
    assert running_server.delete(f"{place}/deployed-config/env_nobody").status == 404


def test_history_says_what_where_since_when_by_whom(running_server, register):
    first, second = register(), register(prompt_template="Second")
    place = f"/v4/projects/{first['project_id']}"
    running_server.patch(f"{place}/deploy-config", {"config_id": second["config"]["id"]}).expect(200)
    running_server.delete(f"{place}/active-config").expect(200)

    history = running_server.get(f"/api/projects/{first['project_id']}/deployments").expect(200)

    assert history["total"] == 3
    cleared, deployed, registered = history["records"]
    assert [each["config_id"] for each in history["records"]] == [None, second["config"]["id"], first["config"]["id"]]
    assert cleared["ended_at"] is None
    assert deployed["ended_at"] == cleared["created_at"]
    assert registered["ended_at"] == deployed["created_at"]
    assert {each["environment_name"] for each in history["records"]} == {"production"}
    assert registered["created_by"].startswith("key_")
    past = running_server.get(f"/api/projects/{first['project_id']}/deployments?page=3&size=1").expect(200)
    assert past == {"records": [], "page": 3, "size": 1, "total": 3}


def test_history_of_an_unknown_project(running_server):
    assert running_server.get("/api/projects/pr_nobody/deployments").status == 404


def _listed(server, made):
    return server.get(f"/v4/projects/{made['project_id']}/deployed-configs").expect(200)
