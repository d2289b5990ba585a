import pytest

from tests.contract_v4.answers import check

TONE = {
    "type": "tone",
    "class": "select",
    "values": [{"value": "kind", "sentiment": "positive"}, {"value": "rude"}],
}


@pytest.fixture
def types(running_server, register):
    """Where the types of a new project are."""
    return f"/v4/projects/{register()['project_id']}/feedback-types"


def test_a_type_is_made_and_read_back_with_the_project(running_server, types):
    made = running_server.post(types, TONE).expect(201)

    check(made, "post", "/projects/{id}/feedback-types", 201)
    kind, rude = {"value": "kind", "sentiment": "positive"}, {"value": "rude", "sentiment": "unset"}
    assert made == {"type": "tone", "values": [kind, rude]}
    project = running_server.get(types.removesuffix("/feedback-types")).expect(200)
    assert project["feedback_types"][-1] == made


def test_a_type_made_again_gets_the_labels_that_it_lacks(running_server, types):
    running_server.post(types, TONE).expect(201)

    values = [{"value": "kind", "sentiment": "negative"}, {"value": "dry", "sentiment": "neutral"}]
    again = running_server.post(types, {"type": "tone", "values": values}).expect(201)

    assert [(each["value"], each["sentiment"]) for each in again["values"]] == [
        ("kind", "positive"),
        ("rude", "unset"),
        ("dry", "neutral"),
    ]


def test_a_type_keeps_its_class(running_server, types):
    several = running_server.post(types, {"type": "issue", "values": [{"value": "slow"}]}).expect(201)
    other = running_server.post(types, {**TONE, "type": "issue"})

    assert several["values"] == [{"value": "slow", "sentiment": "unset"}]
    assert "multi_select" in other.expect(409)["detail"]["message"]


def test_types_are_updated_together(running_server, types):
    new = {"type": "stars", "class": "number"}
    answer = running_server.patch(types, [TONE, new, {"type": "stars"}, {"type": "rating"}]).expect(200)

    check(answer, "patch", "/projects/{id}/feedback-types")
    assert [each["type"] for each in answer] == [
        *("rating", "action", "issue", "correction", "comment"),
        *("tone", "stars"),
    ]
    assert answer[-1]["values"] is None


@pytest.mark.parametrize("body", [None, []])
def test_an_update_with_nothing_shows_the_types(running_server, types, body):
    assert len(running_server.patch(types, body).expect(200)) == 5


def test_all_types_are_updated_or_none(running_server, types):
    running_server.patch(types, [TONE, {**TONE, "type": "action"}]).expect(409)

    assert len(running_server.patch(types, []).expect(200)) == 5


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ["body", "type"]),
        ({"type": ""}, ["body", "type"]),
        ({"type": "a", "class": "stars"}, ["body", "class"]),
        ({"type": "a", "values": [{"value": "b", "sentiment": "meh"}]}, ["body", "values", 0, "sentiment"]),
        ({"type": "a", "values": [{"value": "🦜" * 126}]}, ["body", "values", 0, "value"]),
        ({"type": "a", "values": [{}]}, ["body", "values", 0, "value"]),
    ],
)
def test_wrong_fields_are_named(running_server, types, body, where):
    assert running_server.post(types, body).expect(422)["detail"][0]["loc"] == where
    assert running_server.patch(types, [body]).expect(422)["detail"][0]["loc"] == ["body", 0, *where[1:]]


def test_an_unknown_project(running_server, other_organisation, types):
    running_server.post("/v4/projects/pr_x/feedback-types", TONE).expect(404)
    running_server.patch("/v4/projects/pr_x/feedback-types", []).expect(404)
    other_organisation.post(types, TONE).expect(404)
    other_organisation.patch(types, [TONE]).expect(404)


def test_a_project_has_a_thousand_types_at_most(running_server, types):
    many = [{"type": f"type {number}", "class": "number"} for number in range(996)]

    refused = running_server.call("PATCH", types, many).expect(422)["detail"]["message"]

    assert refused == "A project has at most 1,000 types of feedback: use those that it has."
    assert len(running_server.call("PATCH", types, many[1:]).expect(200)) == 1000


def test_ten_thousand_labels_are_kept_in_order_and_more_refused(running_server, types, project_name):
    values = [{"value": f"label {number % 7} {number}", "sentiment": "neutral"} for number in range(1000)]
    many = [{"type": f"type {number}", "values": values} for number in range(10)]

    made = running_server.call("PATCH", types, many).expect(200)

    assert [each["values"] for each in made[-10:]] == [values] * 10
    more = [*many, {"type": "one more", "values": values[:1]}]
    project = {"name": f"{project_name} too", "feedback_types": more}
    for method, path, body, where in (
        ("PATCH", types, more, ["body"]),
        ("POST", "/v4/projects", project, ["body", "feedback_types"]),
    ):
        (issue,) = running_server.call(method, path, body).expect(422)["detail"]
        assert (issue["loc"], issue["msg"]) == (where, "at most 10000 labels in one request")
