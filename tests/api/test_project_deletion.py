"""`DELETE /v4/projects/{id}`: what was in the project is not there any more, and its name is free at once."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.keyed_calls import REPLAYED, keyed
from tests.server import Reply, RunningServer


@dataclass(frozen=True, slots=True)
class Filled:
    """A project with something of everything in it, by id."""

    name: str
    project: str
    config: str
    experiment: str
    dataset: str
    datapoint: str
    log: str
    session: str


@pytest.fixture
def filled(running_server: RunningServer, register: Any, project_name: str) -> Filled:
    made = register()
    project, config = made["project_id"], made["config"]["id"]
    place = f"/v4/projects/{project}"
    new = {"name": "which", "positive_labels": [{"type": "rating", "value": "good"}], "config_ids": [config]}
    experiment = running_server.post(f"{place}/experiments", new).expect(200)["id"]
    dataset = running_server.post(f"{place}/datasets", {"name": "d", "description": "d"}).expect(201)["id"]
    points = running_server.post(f"/v4/datasets/{dataset}/datapoints", {"inputs": {"name": "Ada"}}).expect(201)
    session = running_server.post("/v4/sessions").expect(201)["id"]
    call = {"project": project_name, "inputs": {"name": "Ada"}, "session_id": session}
    log = running_server.post("/v4/completion-deployed", call).expect(200)["data"][0]["id"]
    said = {"type": "rating", "value": "good", "data_id": log}
    running_server.post("/v4/feedback", said).expect(200)
    return Filled(project_name, project, config, experiment, dataset, points[0]["id"], log, session)


def assert_not_found(reply: Reply, what: str) -> None:
    detail = reply.expect(404)["detail"]
    assert (detail["type"], detail["code"]) == ("not_found_error", 404), what
    assert detail["message"], what


def test_deleting_answers_nothing_and_once(running_server, filled):
    deleted = running_server.delete(f"/v4/projects/{filled.project}")

    assert (deleted.status, deleted.body) == (204, b"")
    assert_not_found(running_server.delete(f"/v4/projects/{filled.project}"), "again")
    assert_not_found(running_server.delete("/v4/projects/pr_000000000000000000000"), "one that never was")


def test_nothing_that_was_in_it_is_found(running_server, filled):
    place = f"/v4/projects/{filled.project}"
    reads = [
        ("GET", place, None),
        ("GET", f"{place}/configs", None),
        ("GET", f"{place}/active-config", None),
        ("GET", f"{place}/deployed-configs", None),
        ("GET", f"{place}/experiments", None),
        ("GET", f"{place}/datasets", None),
        ("POST", f"{place}/export", None),
        ("GET", f"/v4/model-configs/{filled.config}", None),
        ("POST", f"/v4/model-configs/{filled.config}/export", None),
        ("GET", f"/v4/experiments/{filled.experiment}/model-config", None),
        ("GET", f"/api/experiments/{filled.experiment}/results", None),
        ("GET", f"/v4/datasets/{filled.dataset}", None),
        ("GET", f"/v4/datasets/{filled.dataset}/datapoints", None),
        ("GET", f"/api/datasets/{filled.dataset}/versions", None),
        ("GET", f"/v4/datapoints/{filled.datapoint}", None),
        ("GET", f"/v4/logs?project_id={filled.project}", None),
        ("GET", f"/v4/logs/{filled.log}", None),
        ("GET", f"/v4/sessions?project_id={filled.project}", None),
    ]
    writes = [
        ("PATCH", place, {"name": "x"}),
        ("PATCH", f"{place}/deploy-config", {"config_id": filled.config}),
        ("DELETE", f"{place}/active-config", None),
        ("POST", f"{place}/feedback-types", {"type": "tone", "class": "text"}),
        ("POST", f"{place}/experiments", {"name": "new", "positive_labels": []}),
        ("POST", f"{place}/datasets", {"name": "new", "description": "new"}),
        ("POST", "/v4/model-configs", {"project_id": filled.project, "model": "m", "prompt_template": "x"}),
        ("PATCH", f"/v4/experiments/{filled.experiment}", {"name": "new"}),
        ("DELETE", f"/v4/experiments/{filled.experiment}", None),
        ("PATCH", f"/v4/datasets/{filled.dataset}", {"name": "new"}),
        ("DELETE", f"/v4/datasets/{filled.dataset}", None),
        ("PATCH", f"/v4/datapoints/{filled.datapoint}", {"inputs": {"name": "Bo"}}),
        ("DELETE", "/v4/datapoints", [filled.datapoint]),
        ("PATCH", f"/v4/logs/{filled.log}", {"output": "new"}),
        ("POST", "/v4/logs", {"project_id": filled.project, "config_id": filled.config, "output": "new"}),
        ("POST", "/v4/feedback", {"type": "rating", "value": "bad", "data_id": filled.log}),
    ]
    calls = [
        ("POST", "/v4/completion-deployed", {"project_id": filled.project}),
        ("POST", "/v4/completion-deployed", {"project_id": filled.project, "stream": True}),
        ("POST", "/v4/completion-experiment", {"experiment_id": filled.experiment}),
        ("POST", "/v4/completion-model-config", {"model_config_id": filled.config}),
        ("POST", "/v4/completion-deployed", {"project": "another", "parent_id": filled.log}),
    ]
    own = {"project": "another", "provider": "mock", "model": "m", "prompt_template": "x"}
    running_server.post("/v4/model-configs", own).expect(200)
    for method, path, body in reads:
        before = running_server.call(method, path, body)
        assert before.status in (200, 201), (path, before.body)
    running_server.delete(place).expect(204)
    for method, path, body in [*reads, *writes, *calls]:
        assert_not_found(running_server.call(method, path, body), f"{method} {path} {body}")


def test_it_is_in_no_list(running_server, filled):
    running_server.delete(f"/v4/projects/{filled.project}").expect(204)

    found = running_server.get(f"/v4/projects?size=1000&filter={filled.name.split()[0]}").expect(200)
    assert filled.project not in {each["id"] for each in found["records"]}
    assert filled.dataset not in {each["id"] for each in running_server.get("/v4/datasets").expect(200)}


def test_its_name_is_free_and_means_the_new_one(running_server, filled, register):
    running_server.delete(f"/v4/projects/{filled.project}").expect(204)

    new = running_server.post("/v4/projects", {"name": filled.name}).expect(201)

    assert new["id"] != filled.project
    assert (new["data_count"], new["active_config"]) == (0, None)
    call = {"project": filled.name, "inputs": {"name": "Ada"}}
    nothing = running_server.post("/v4/completion-deployed", call).expect(400)["detail"]
    assert "no active deployment" in nothing["message"]
    made = register(prompt_template="Bye {{name}}")
    assert (made["project_id"], made["config"]["id"] != filled.config) == (new["id"], True)
    answer = running_server.post("/v4/completion-deployed", call).expect(200)
    assert (answer["project_id"], answer["data"][0]["model_config_id"]) == (new["id"], made["config"]["id"])
    assert "Bye Ada" in answer["data"][0]["output"]
    logs = running_server.get(f"/v4/logs?project_id={new['id']}").expect(200)
    assert [each["id"] for each in logs["records"]] == [answer["data"][0]["id"]]
    assert running_server.get(f"/v4/projects/{new['id']}").expect(200)["data_count"] == 1


def test_a_config_of_the_calls_own_is_registered_anew_in_the_new_one(running_server, project_name):
    """The versions that calls brought are remembered: not beyond their project."""
    config = {"provider": "mock", "model": "m", "prompt_template": "Hi"}
    call = {"project": project_name, "model_config": config}
    first = running_server.post("/v4/completion", call).expect(200)
    running_server.delete(f"/v4/projects/{first['project_id']}").expect(204)

    second = running_server.post("/v4/completion", call).expect(200)

    assert second["project_id"] != first["project_id"]
    assert second["data"][0]["model_config_id"] != first["data"][0]["model_config_id"]
    kept = running_server.get(f"/v4/projects/{second['project_id']}/configs").expect(200)
    assert [each["config"]["id"] for each in kept] == [second["data"][0]["model_config_id"]]


def test_one_with_a_live_experiment_goes_too(running_server, filled, register):
    place = f"/v4/projects/{filled.project}"
    rival = register(temperature=0.5)["config"]["id"]
    change = {"config_ids_to_register": [rival]}
    running_server.patch(f"/v4/experiments/{filled.experiment}", change).expect(200)
    running_server.patch(f"{place}/deploy-config", {"experiment_id": filled.experiment}).expect(200)
    running_server.delete(f"/v4/experiments/{filled.experiment}").expect(409)

    running_server.delete(place).expect(204)

    assert_not_found(running_server.delete(f"/v4/experiments/{filled.experiment}"), "its experiment")


def test_its_sessions_stay_and_tell_of_other_projects_only(running_server, filled):
    own = {"project": "beside", "provider": "mock", "model": "m", "prompt_template": "Hi"}
    running_server.post("/v4/model-configs", own).expect(200)
    call = {"project": "beside", "session_id": filled.session}
    running_server.post("/v4/completion-deployed", call).expect(200)
    before = running_server.get(f"/v4/sessions/{filled.session}").expect(200)
    assert {each["name"] for each in before["projects"]} == {filled.name, "beside"}

    running_server.delete(f"/v4/projects/{filled.project}").expect(204)

    after = running_server.get(f"/v4/sessions/{filled.session}").expect(200)
    assert ([each["name"] for each in after["projects"]], after["datapoints_count"]) == (["beside"], 1)


def test_an_answer_that_was_kept_is_repeated_and_makes_no_project(running_server, filled):
    call = {"project": filled.name, "inputs": {"name": "Ada"}}
    first = keyed(running_server, filled.project, call)
    running_server.delete(f"/v4/projects/{filled.project}").expect(204)

    second = keyed(running_server, filled.project, call)

    assert (second.status, second.headers[REPLAYED], second.body) == (200, "true", first.body)
    assert_not_found(running_server.get(f"/v4/logs/{second.json['data'][0]['id']}"), "its log")
    found = running_server.get("/v4/projects?size=1000").expect(200)["records"]
    assert filled.name not in {each["name"] for each in found}


def test_its_logs_are_erased_by_their_ids(running_server, filled):
    """Who has to forget a text may do so afterwards, too."""
    running_server.delete(f"/v4/projects/{filled.project}").expect(204)

    running_server.delete(f"/v4/logs?id={filled.log}").expect(204)

    assert_not_found(running_server.get(f"/v4/logs/{filled.log}"), "the log")


def test_another_organisation_cannot(running_server, other_organisation, filled):
    assert_not_found(other_organisation.delete(f"/v4/projects/{filled.project}"), "from outside")
    running_server.get(f"/v4/projects/{filled.project}").expect(200)
