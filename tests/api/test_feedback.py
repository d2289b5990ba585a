import pytest

from tests.contract_v4.answers import check


@pytest.fixture
def log_id(running_server, register):
    made = register()
    body = {"project_id": made["project_id"], "config_id": made["config"]["id"], "output": "x"}
    return running_server.post("/v4/logs", body).expect(200)["id"]


def _kept(server, log_id):
    return [(each["type"], each["value"]) for each in server.get(f"/v4/logs/{log_id}").expect(200)["feedback"]]


def test_feedback_is_on_the_log(running_server, log_id):
    body = {"type": "rating", "value": "good", "data_id": log_id, "user": "ada", "created_at": "2024-01-02T03:04:05"}

    piece = running_server.post("/v4/feedback", body).expect(200)

    check(piece, "post", "/feedback")
    assert piece["id"].startswith("ann_")
    assert (piece["type"], piece["value"], piece["data_id"], piece["user"]) == ("rating", "good", log_id, "ada")
    assert piece["created_at"] in ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05+00:00")
    assert running_server.get(f"/v4/logs/{log_id}").expect(200)["feedback"] == [piece]


def test_a_list_is_answered_with_a_list(running_server, log_id):
    bodies = [
        {"type": "action", "value": "copy", "data_id": log_id},
        {"type": "comment", "value": "Well said.", "data_id": log_id},
        {"type": "score", "value": 0.5, "data_id": log_id},
    ]

    pieces = running_server.post("/v4/feedback", bodies).expect(200)

    check(pieces, "post", "/feedback")
    assert [each["type"] for each in pieces] == ["action", "comment", "score"]
    assert sorted(_kept(running_server, log_id)) == [("action", "copy"), ("comment", "Well said."), ("score", 0.5)]
    assert running_server.post("/v4/feedback", []).expect(200) == []


def test_several_labels_at_once(running_server, log_id):
    piece = running_server.post("/v4/feedback", {"type": "issue", "value": ["long", "rude"], "data_id": log_id}).expect(
        200
    )

    check(piece, "post", "/feedback")
    assert piece["value"] == ["long", "rude"]
    assert _kept(running_server, log_id) == [("issue", "long"), ("issue", "rude")]


def test_the_newest_rating_of_a_user_stays(running_server, log_id):
    for value in ("good", "bad"):
        running_server.post("/v4/feedback", {"type": "rating", "value": value, "data_id": log_id}).expect(200)

    assert _kept(running_server, log_id) == [("rating", "bad")]


def test_taking_back(running_server, log_id):
    for value in ("copy", "share"):
        running_server.post("/v4/feedback", {"type": "action", "value": value, "data_id": log_id}).expect(200)
    running_server.post("/v4/feedback", {"type": "rating", "value": "good", "data_id": log_id}).expect(200)

    one = running_server.post("/v4/feedback", {"type": "action", "value": "copy", "data_id": log_id, "unset": True})
    whole = running_server.post("/v4/feedback", {"type": "rating", "data_id": log_id, "unset": True})

    check(one.expect(200), "post", "/feedback")
    check(whole.expect(200), "post", "/feedback")
    assert _kept(running_server, log_id) == [("action", "share")]


def test_a_new_label_becomes_known(running_server, log_id, register):
    running_server.post("/v4/feedback", {"type": "tone", "value": "warm", "data_id": log_id}).expect(200)

    project = running_server.get(f"/v4/projects/{register()['project_id']}").expect(200)

    assert project["feedback_types"][-1] == {"type": "tone", "values": [{"value": "warm", "sentiment": "unset"}]}


@pytest.mark.parametrize(
    ("changes", "location"),
    [
        ({"type": None}, "type"),
        ({"type": ""}, "type"),
        ({"type": "x" * 256}, "type"),
        ({"data_id": None}, "data_id"),
        ({"value": None}, "value"),
        ({"value": 7}, "value"),
        ({"value": ""}, "value"),
        ({"value": {"a": 1}}, "value"),
        ({"value": "a\x00b"}, "value"),
        ({"type": "score", "value": 2**70}, "value"),
        ({"type": "action", "value": None, "unset": True}, "value"),
        ({"created_at": "3000-01-01T00:00:00Z"}, "created_at"),
        ({"unset": "perhaps"}, "unset"),
        ({"user": "a\x00b"}, "user"),
    ],
)
def test_wrong_fields_are_named(running_server, log_id, changes, location):
    body = {"type": "rating", "value": "good", "data_id": log_id, **changes}

    one = running_server.post("/v4/feedback", body)
    second = running_server.post("/v4/feedback", [{"type": "rating", "value": "good", "data_id": log_id}, body])

    assert one.expect(422)["detail"][0]["loc"] == ["body", location]
    assert second.expect(422)["detail"][0]["loc"] == ["body", 1, location]
    assert _kept(running_server, log_id) == []


def test_an_unknown_log(running_server):
    reply = running_server.post("/v4/feedback", {"type": "rating", "value": "good", "data_id": "data_nobody"})

    assert "data_nobody" in reply.expect(404)["detail"]["message"]
