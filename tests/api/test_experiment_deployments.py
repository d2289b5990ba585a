"""Experiments that go live and come to an end; what cannot be done leaves everything as it was."""

import pytest

from tests.api.experimenting import BAD_REQUEST, CHAT, Stage, assert_refused, assert_wrong
from tests.contract_v4.answers import check


@pytest.fixture
def stage(running_server, project_name):
    return Stage.build(running_server, project_name)


@pytest.fixture
def other_project(project_name):
    return f"{project_name} elsewhere"


def test_an_experiment_can_be_live_from_the_start(running_server, project_name):
    stage = Stage.build(running_server, project_name, live=True)

    project = running_server.get(stage.place).expect(200)

    check(project, "get", "/projects/{id}")
    assert project["active_config"] is None
    assert (project["active_experiment"]["id"], project["active_experiment"]["status"]) == (stage.id, "In progress")
    assert [each["name"] for each in stage.read()["live_in"]] == ["production"]
    listed = running_server.get(f"/v4/projects?filter={project_name.replace(' ', '%20')}").expect(200)
    check(listed, "get", "/projects")
    assert [each["active_experiment"]["id"] for each in listed["records"]] == [stage.id]


def test_deploying_by_environment(stage, staging):
    deployed = stage.deploy(staging["id"]).expect(200)

    check(deployed, "patch", "/projects/{project_id}/deploy-config")
    (only,) = deployed
    assert (only["experiment_id"], only["experiment_name"]) == (stage.id, "which")
    assert (only["model_config_id"], only["environment_name"]) == (None, staging["name"])
    assert stage.live() == {"production": stage.one, staging["name"]: stage.id}
    assert stage.read()["live_in"] == [{"id": staging["id"], "name": staging["name"]}]
    assert stage.read()["status"] == "In progress"
    listed = stage.server.get(f"{stage.place}/deployed-configs").expect(200)
    check(listed, "get", "/projects/{id}/deployed-configs")
    history = stage.server.get(f"/api/projects/{stage.project_id}/deployments").expect(200)["records"]
    assert (history[0]["experiment_id"], history[0]["config_id"]) == (stage.id, None)


def test_an_update_of_the_project_puts_an_experiment_live(running_server, stage, project_name):
    changed = running_server.patch(stage.place, {"name": f"{project_name}!", "active_experiment_id": stage.id})

    check(changed.expect(200), "patch", "/projects/{id}")
    assert changed.json["name"] == f"{project_name}!"
    assert changed.json["active_config"] is None
    assert changed.json["active_experiment"]["id"] == stage.id
    back = running_server.patch(stage.place, {"active_config_id": stage.two, "active_experiment_id": ""}).expect(200)
    assert (back["active_config"]["config"]["id"], back["active_experiment"]) == (stage.two, None)


def test_an_experiment_that_cannot_be_deployed(running_server, stage, other_project):
    foreign = Stage.build(running_server, other_project)
    stage.change(arms=[{"config_id": stage.two, "active": False}]).expect(200)
    before = stage.everything()

    def update(experiment_id):
        return running_server.patch(stage.place, {"name": "changed", "active_experiment_id": experiment_id})

    def deploy(experiment_id):
        return running_server.patch(f"{stage.place}/deploy-config", {"experiment_id": experiment_id})

    for way in (update, deploy):
        assert_refused(way("exp_nobody"), 404, "not_found_error", "exp_nobody")
        assert_refused(way(foreign.id), 404, "not_found_error", foreign.id)
        assert_refused(way(stage.id), 400, BAD_REQUEST, "at least two active arms")
    stage.change(arms=[{"config_id": stage.two, "active": True, "weight": 0}]).expect(200)
    for way in (update, deploy):
        assert_refused(way(stage.id), 400, BAD_REQUEST, "at least two active arms")
    assert stage.everything()[0] == before[0]
    assert stage.live() == {"production": stage.one}


def test_a_rename_that_fails_deploys_nothing(running_server, stage, other_project):
    running_server.post("/v4/projects", {"name": other_project}).expect(201)
    before = stage.everything()

    reply = running_server.patch(stage.place, {"name": other_project, "active_experiment_id": stage.id})

    assert_refused(reply, 409, "conflict_error")
    assert stage.everything() == before


def test_undeploying_takes_the_experiment_and_no_config(running_server, stage, staging):
    stage.deploy().expect(200)
    stage.deploy(staging["id"]).expect(200)

    there = running_server.delete(f"{stage.place}/active-experiment?environment={staging['name'].replace(' ', '%20')}")
    assert there.expect(200)["active_experiment"]["id"] == stage.id
    assert stage.live() == {"production": stage.id, staging["name"]: None}
    here = running_server.delete(f"{stage.place}/active-experiment").expect(200)
    check(here, "delete", "/projects/{id}/active-experiment")
    assert here["active_experiment"] is None
    assert stage.live() == {"production": None, staging["name"]: None}
    running_server.patch(stage.place, {"active_config_id": stage.one}).expect(200)
    assert running_server.delete(f"{stage.place}/active-experiment").expect(200)["active_config"]["config"]["id"]
    unknown = running_server.delete(f"{stage.place}/active-experiment?environment=nowhere")
    assert_refused(unknown, 404, "not_found_error", "'production'")


def test_a_config_in_the_place_of_an_experiment_is_deactivated_alone(running_server, stage):
    stage.deploy().expect(200)

    cleared = running_server.delete(f"{stage.place}/active-config").expect(200)

    assert (cleared["active_config"], cleared["active_experiment"]) == (None, None)


def test_the_last_arm_of_a_live_experiment_stays(stage):
    stage.deploy().expect(200)
    stage.change(arms=[{"config_id": stage.two, "active": False}]).expect(200)

    assert_refused(stage.change_v4(config_ids_to_deregister=[stage.one]), 400, BAD_REQUEST, "without an active arm")

    answers = [stage.call(user=f"user {n}")["data"][0]["model_config_id"] for n in range(8)]
    assert set(answers) == {stage.one}


def test_promoting_deploys_the_winner_where_the_experiment_was_live(stage, staging):
    stage.deploy().expect(200)
    stage.deploy(staging["id"]).expect(200)

    concluded = stage.conclude(stage.two).expect(200)

    assert (concluded["status"], concluded["winner"], concluded["live_in"]) == ("Concluded", stage.two, [])
    assert concluded["concluded_at"] == concluded["updated_at"]
    assert stage.live() == {"production": stage.two, staging["name"]: stage.two}
    assert {stage.call(user=f"user {n}")["data"][0]["model_config_id"] for n in range(8)} == {stage.two}
    (shown,) = stage.server.get(f"{stage.place}/experiments").expect(200)
    assert shown["status"] == "In progress"  # v4 has no third word
    check([shown], "get", "/projects/{project_id}/experiments")


def test_promoting_into_environments_by_id(stage, staging):
    stage.conclude(stage.two, environments=[{"id": staging["id"]}]).expect(200)

    assert stage.live() == {"production": stage.one, staging["name"]: stage.two}


def test_stopping_leaves_the_control(stage):
    stage.deploy().expect(200)
    stage.change(control=stage.two).expect(200)

    stopped = stage.conclude().expect(200)

    assert (stopped["status"], stopped["winner"], stopped["control"]) == ("Concluded", None, stage.two)
    assert stage.live() == {"production": stage.two}


def test_what_cannot_conclude_it_leaves_it_as_it_was(stage, staging):
    stage.deploy().expect(200)
    more = stage.config()
    before = stage.everything()

    places = [{"id": staging["id"]}]
    assert_refused(stage.conclude(more), 404, "not_found_error", more)
    assert_refused(stage.conclude("config_nobody"), 404, "not_found_error", "config_nobody")
    assert_refused(stage.conclude(stage.two, environments=[*places, {"id": "env_nobody"}]), 404, "not_found_error")
    assert_wrong(stage.conclude(environments=places), "body", "environments")
    assert_wrong(stage.conclude(environments=[{"name": "production"}]), "body", "environments", 0, "id")
    assert stage.everything() == before


def test_a_concluded_experiment_cannot_change(running_server, stage):
    stage.conclude(stage.two).expect(200)
    before = stage.everything()

    concluded = "is concluded"
    assert_refused(stage.conclude(stage.one), 400, BAD_REQUEST, concluded)
    assert_refused(stage.conclude(), 400, BAD_REQUEST, concluded)
    assert_refused(stage.deploy(), 400, BAD_REQUEST, concluded)
    assert_refused(
        running_server.patch(stage.place, {"name": "changed", "active_experiment_id": stage.id}),
        *(400, BAD_REQUEST, concluded),
    )
    assert_refused(stage.change(control=stage.two), 400, BAD_REQUEST, concluded)
    assert_refused(stage.change(arms=[{"config_id": stage.one, "weight": 2}]), 400, BAD_REQUEST, concluded)
    assert_refused(stage.change(positive_labels=[]), 400, BAD_REQUEST, concluded)
    assert_refused(stage.change_v4(config_ids_to_deregister=[stage.one]), 400, BAD_REQUEST, concluded)
    assert stage.everything() == before
    assert stage.change(name="the one of May").expect(200)["name"] == "the one of May"
    assert running_server.delete(f"/v4/experiments/{stage.id}").status == 204


def test_deployed_samples_of_one_call_share_an_arm_and_a_trial(running_server, project_name):
    stage = Stage.build(running_server, project_name, live=True)

    answer = stage.call(num_samples=4, user="ada")

    check(answer, "post", "/completion-deployed")
    assert len({each["model_config_id"] for each in answer["data"]}) == 1
    assert len({stage.log(each["id"])["trial_id"] for each in answer["data"]}) == 1


def test_an_experiment_of_chat_configs_answers_no_completion(running_server, project_name):
    stage = Stage.build(running_server, project_name)
    chats = [stage.config(**CHAT), stage.config(model="other", **CHAT)]
    new = {"name": "chats", "config_ids": chats, "positive_labels": [], "set_active": True}
    made = running_server.post(f"{stage.place}/experiments", new).expect(200)

    assert_refused(
        running_server.post("/v4/completion-deployed", {"project": project_name}), 400, BAD_REQUEST, "chat configs"
    )
    assert_refused(
        running_server.post("/v4/completion-experiment", {"experiment_id": made["id"]}), 400, BAD_REQUEST, "chat"
    )
