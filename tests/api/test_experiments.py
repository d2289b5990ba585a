"""Experiments over HTTP: made, read, changed and deleted; what cannot be done leaves everything as it was."""

import pytest

from tests.api.experimenting import BAD_REQUEST, CHAT, GOOD, Stage, assert_refused, assert_wrong
from tests.contract_v4.answers import check


@pytest.fixture
def stage(running_server, project_name):
    return Stage.build(running_server, project_name)


@pytest.fixture
def other_project(project_name):
    return f"{project_name} elsewhere"


def test_a_new_experiment_has_every_documented_key(running_server, stage):
    body = {"name": "new", "config_ids": [stage.two, stage.one, stage.two], "positive_labels": [GOOD, GOOD]}

    made = running_server.post(f"{stage.place}/experiments", body).expect(200)

    check(made, "post", "/projects/{project_id}/experiments")
    assert made["id"].startswith("exp_")
    assert (made["project_id"], made["name"], made["status"]) == (stage.project_id, "new", "Initialized")
    assert made["positive_labels"] == [GOOD]
    assert [each["id"] for each in made["configs"]] == [stage.two, stage.one]
    assert [each["config"]["model"] for each in made["configs"]] == ["two", "one"]
    assert [each["display_name"] for each in made["configs"]] == ["two", "one"]
    assert {(each["active"], each["trials_count"], each["mean"], each["spread"]) for each in made["configs"]} == {
        (True, 0, None, None)
    }
    assert made["metric"]["id"] == made["id"].replace("exp_", "metric_")
    assert (made["metric"]["default"], made["metric"]["active"]) == (True, True)


def test_a_config_is_shown_by_its_name(running_server, stage):
    named = stage.config(name="The friendly one")

    changed = stage.change_v4(config_ids_to_register=[named]).expect(200)

    assert [each["display_name"] for each in changed["configs"]] == ["one", "two", "The friendly one"]


def test_experiments_are_listed_newest_first(running_server, stage):
    second = running_server.post(f"{stage.place}/experiments", {"name": "b", "positive_labels": []}).expect(200)

    listed = running_server.get(f"{stage.place}/experiments").expect(200)
    managed = running_server.get(f"/api/projects/{stage.project_id}/experiments").expect(200)

    check(listed, "get", "/projects/{project_id}/experiments")
    assert [each["id"] for each in listed] == [each["id"] for each in managed] == [second["id"], stage.id]
    assert managed[1] == stage.read()
    assert listed[0] == second
    assert second["configs"] == []


def test_our_own_api_shows_what_v4_has_no_word_for(stage):
    read = stage.read()

    assert set(read) == {
        *("id", "project_id", "name", "status", "positive_labels", "control", "winner", "created_at", "updated_at"),
        *("concluded_at", "live_in", "arms"),
    }
    assert (read["status"], read["control"], read["winner"], read["concluded_at"]) == (
        "Initialized",
        stage.one,
        None,
        None,
    )
    assert (read["positive_labels"], read["live_in"]) == ([GOOD], [])
    first, _ = read["arms"]
    assert first == {
        "config_id": stage.one,
        "config_name": None,
        "model": "one",
        "weight": 1.0,
        "share": 0.5,
        "active": True,
        "added_at": read["created_at"],
    }


@pytest.mark.parametrize(
    ("changes", "location"),
    [
        ({"name": None}, ("body", "name")),
        ({"name": " "}, ("body", "name")),
        ({"name": "x" * 256}, ("body", "name")),
        ({"positive_labels": None}, ("body", "positive_labels")),
        ({"positive_labels": [{"type": "rating"}]}, ("body", "positive_labels", 0, "value")),
        ({"positive_labels": [GOOD, {"type": "mood", "value": "up"}]}, ("body", "positive_labels", 1, "type")),
        ({"config_ids": [7]}, ("body", "config_ids", 0)),
        ({"set_active": "perhaps"}, ("body", "set_active")),
    ],
)
def test_wrong_fields_of_a_new_experiment_are_named(running_server, stage, changes, location):
    body = {"name": "new", "config_ids": [stage.one, stage.two], "positive_labels": [GOOD], "set_active": True}
    before = stage.everything()

    assert_wrong(running_server.post(f"{stage.place}/experiments", body | changes), *location)

    assert stage.everything() == before


def test_labels_that_do_not_exist_list_those_that_do(running_server, stage):
    body = {"name": "new", "positive_labels": [{"type": "mood", "value": "up"}]}

    (issue,) = running_server.post(f"{stage.place}/experiments", body).expect(422)["detail"]

    assert "'mood'" in issue["msg"]
    assert "rating" in issue["msg"]


def test_what_cannot_be_an_experiment_leaves_nothing(running_server, stage, other_project):
    foreign = stage.config(other_project)
    chat = stage.config(**CHAT)
    before = stage.everything()

    def create(**new):
        body = {"name": "new", "positive_labels": [GOOD], "config_ids": [stage.one, stage.two], "set_active": True}
        return running_server.post(f"{stage.place}/experiments", body | new)

    assert_refused(create(config_ids=[stage.one, "config_nobody"]), 404, "not_found_error", "config_nobody")
    assert_refused(create(config_ids=[stage.one, foreign]), 404, "not_found_error", foreign)
    assert_refused(create(config_ids=[stage.one, chat]), 400, BAD_REQUEST, "cannot mix")
    assert_refused(create(config_ids=[stage.one]), 400, BAD_REQUEST, "at least two active arms")
    assert_refused(create(config_ids=[stage.one] * 9), 400, BAD_REQUEST, "at least two active arms")
    assert_refused(create(config_ids=None), 400, BAD_REQUEST, "at least two active arms")
    assert_refused(create(name="which"), 409, "conflict_error", "which")
    assert stage.everything() == before
    nowhere = running_server.post("/v4/projects/pr_nobody/experiments", {"name": "x", "positive_labels": []})
    assert_refused(nowhere, 404, "not_found_error", "pr_nobody")


def test_a_project_of_another_name_may_have_an_experiment_of_the_same(running_server, stage, other_project):
    assert Stage.build(running_server, other_project).read()["name"] == stage.read()["name"]


def test_registering_and_deregistering_configs(stage):
    more = stage.config()

    added = stage.change_v4(config_ids_to_register=[more], config_ids_to_deregister=[stage.one]).expect(200)
    again = stage.change_v4(config_ids_to_register=[stage.one, more]).expect(200)

    check(added, "patch", "/experiments/{experiment_id}")
    assert {each["id"]: each["active"] for each in added["configs"]} == {stage.one: False, stage.two: True, more: True}
    assert {each["active"] for each in again["configs"]} == {True}
    assert [each["id"] for each in again["configs"]] == [stage.one, stage.two, more]


def test_renaming_and_relabelling(stage):
    labels = [{"type": "action", "value": "copied"}]

    changed = stage.change_v4(name="other", positive_labels=labels).expect(200)
    same = stage.change_v4().expect(200)

    assert (changed["name"], changed["positive_labels"]) == ("other", labels)
    assert [each["id"] for each in same["configs"]] == [stage.one, stage.two]
    assert (same["name"], same["positive_labels"]) == ("other", labels)


def test_a_wrong_change_by_v4_changes_nothing(running_server, stage, other_project):
    foreign, chat = stage.config(other_project), stage.config(**CHAT)
    running_server.post(f"{stage.place}/experiments", {"name": "taken", "positive_labels": []}).expect(200)
    before = stage.everything()

    def change(**changes):
        return stage.change_v4(**{"name": "changed", "positive_labels": [], **changes})

    assert_wrong(
        change(config_ids_to_register=[stage.two], config_ids_to_deregister=[stage.one, stage.two]),
        "body",
        "config_ids_to_deregister",
    )
    assert_wrong(change(positive_labels=[{"type": "mood", "value": "up"}]), "body", "positive_labels", 0, "type")
    assert_refused(change(config_ids_to_register=["config_nobody"]), 404, "not_found_error", "config_nobody")
    assert_refused(change(config_ids_to_register=[foreign]), 404, "not_found_error", foreign)
    assert_refused(change(config_ids_to_deregister=[foreign]), 404, "not_found_error", foreign)
    assert_refused(change(config_ids_to_register=[chat]), 400, BAD_REQUEST, "cannot mix")
    assert_refused(change(config_ids_to_deregister=[stage.one, stage.two]), 400, BAD_REQUEST, "without an active arm")
    assert_refused(change(name="taken"), 409, "conflict_error", "taken")
    assert stage.everything() == before
    assert_refused(running_server.patch("/v4/experiments/exp_nobody", {}), 404, "not_found_error", "exp_nobody")


def test_one_change_weighs_adds_pauses_and_names_a_control(stage):
    more = stage.config()
    arms = [
        {"config_id": stage.one, "weight": 3},
        {"config_id": stage.two, "active": False},
        {"config_id": more, "weight": 1, "active": True},
    ]

    changed = stage.change(name="other", control=more, positive_labels=[], arms=arms).expect(200)

    assert changed == stage.read()
    assert (changed["name"], changed["control"], changed["positive_labels"]) == ("other", more, [])
    assert [(each["config_id"], each["weight"], each["share"], each["active"]) for each in changed["arms"]] == [
        (stage.one, 3.0, 0.75, True),
        (stage.two, 1.0, 0.0, False),
        (more, 1.0, 0.25, True),
    ]


@pytest.mark.parametrize("weight", ["-1", "1e300", "1000001", "1e-9", '"heavy"'])
def test_a_weight_that_is_no_share(running_server, stage, weight):
    before = stage.everything()
    body = f'{{"name": "changed", "arms": [{{"config_id": "{stage.two}", "weight": {weight}}}]}}'.encode()

    assert_wrong(running_server.patch(f"/api/experiments/{stage.id}", body), "body", "arms", 0, "weight")

    assert stage.everything() == before


@pytest.mark.parametrize("weight", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_weight_that_is_no_number(running_server, stage, weight):
    before = stage.everything()
    body = f'{{"name": "changed", "arms": [{{"config_id": "{stage.two}", "weight": {weight}}}]}}'.encode()

    assert_wrong(running_server.patch(f"/api/experiments/{stage.id}", body), "body")

    assert stage.everything() == before


def test_a_wrong_change_changes_nothing(running_server, stage, other_project):
    foreign, chat = stage.config(other_project), stage.config(**CHAT)
    running_server.post(f"{stage.place}/experiments", {"name": "taken", "positive_labels": []}).expect(200)
    before = stage.everything()

    def change(*arms, **changes):
        return stage.change(**{"name": "changed", "arms": list(arms), **changes})

    one, two = {"config_id": stage.one}, {"config_id": stage.two}
    assert_wrong(change(one, two, one), "body", "arms")
    assert_wrong(change({"weight": 1}), "body", "arms", 0, "config_id")
    assert_wrong(change(positive_labels=[{"type": "mood", "value": "up"}]), "body", "positive_labels", 0, "type")
    assert_refused(change(one | {"weight": 0}, two | {"weight": 0}), 400, BAD_REQUEST, "without an active arm")
    assert_refused(change(one | {"weight": 0}, two | {"active": False}), 400, BAD_REQUEST, "without an active arm")
    assert_refused(change(one | {"active": False}, two | {"active": False}), 400, BAD_REQUEST, "without an active arm")
    assert_refused(change({"config_id": "config_nobody"}), 404, "not_found_error", "config_nobody")
    assert_refused(change({"config_id": foreign}), 404, "not_found_error", foreign)
    assert_refused(change({"config_id": foreign, "active": False}), 404, "not_found_error", foreign)
    assert_refused(change({"config_id": chat}), 400, BAD_REQUEST, "cannot mix")
    assert_refused(change(control=foreign), 404, "not_found_error", foreign)
    assert_refused(change(name="taken"), 409, "conflict_error", "taken")
    assert stage.everything() == before


def test_an_unknown_experiment(running_server):
    for reply in (
        running_server.get("/api/experiments/exp_nobody"),
        running_server.patch("/api/experiments/exp_nobody", {"name": "x"}),
        running_server.get("/api/experiments/exp_nobody/results"),
        running_server.get("/api/experiments/exp_nobody/timeline"),
        running_server.post("/api/experiments/exp_nobody/conclude", {}),
        running_server.delete("/v4/experiments/exp_nobody"),
        running_server.get("/v4/experiments/exp_nobody/model-config"),
        running_server.post("/v4/completion-experiment", {"experiment_id": "exp_nobody"}),
    ):
        assert_refused(reply, 404, "not_found_error", "exp_nobody")
    assert_refused(running_server.get("/v4/projects/pr_nobody/experiments"), 404, "not_found_error", "pr_nobody")
    assert_refused(running_server.get("/api/projects/pr_nobody/experiments"), 404, "not_found_error", "pr_nobody")
    assert_refused(running_server.delete("/v4/projects/pr_nobody/active-experiment"), 404, "not_found_error")


def test_deleting(running_server, stage):
    stage.deploy().expect(200)
    before = stage.everything()
    assert_refused(running_server.delete(f"/v4/experiments/{stage.id}"), 409, "conflict_error", "live")
    assert stage.everything() == before
    running_server.delete(f"{stage.place}/active-experiment").expect(200)
    log_id = stage.draw().expect(200)["data"][0]["id"]

    deleted = running_server.delete(f"/v4/experiments/{stage.id}")

    assert (deleted.status, deleted.body) == (204, b"")
    assert running_server.get(f"{stage.place}/experiments").expect(200) == []
    assert_refused(running_server.get(f"/api/experiments/{stage.id}/results"), 404, "not_found_error")
    assert_refused(running_server.delete(f"/v4/experiments/{stage.id}"), 404, "not_found_error")
    assert_refused(stage.draw(), 404, "not_found_error", stage.id)
    assert_refused(stage.deploy(), 404, "not_found_error", stage.id)
    assert stage.log(log_id)["output"]
    again = {"name": "which", "positive_labels": []}
    assert running_server.post(f"{stage.place}/experiments", again).expect(200)["id"] != stage.id


def test_registering_a_config_into_an_experiment(running_server, stage):
    body = {"project": stage.project, "provider": "mock", "model": "more", "prompt_template": "more"}

    made = running_server.post("/v4/model-configs", body | {"experiment": "which"}).expect(200)

    check(made, "post", "/model-configs")
    assert made["experiment_id"] is None  # it was registered, not sampled
    assert [each["config_id"] for each in stage.read()["arms"]] == [stage.one, stage.two, made["config"]["id"]]
    assert stage.live() == {"production": stage.one}
    by_id = {"project_id": stage.project_id, "experiment": "which"}
    again = running_server.post("/v4/model-configs", {**body, "project": None, **by_id}).expect(200)
    assert again["config"]["id"] == made["config"]["id"]
    assert len(stage.read()["arms"]) == 3


def test_a_config_that_cannot_join_is_not_registered_either(running_server, stage):
    before = stage.everything()
    body = {"project": stage.project, "provider": "mock", "model": "chat", **CHAT}

    assert_refused(
        running_server.post("/v4/model-configs", body | {"experiment": "which"}), 400, BAD_REQUEST, "cannot mix"
    )
    assert_refused(
        running_server.post("/v4/model-configs", body | {"experiment": "nobody's"}), 404, "not_found_error", "nobody's"
    )

    assert stage.everything() == before
