import pytest

from tests.contract_v4.answers import check


def test_a_new_project_has_every_documented_key(running_server, project_name):
    project = running_server.post("/v4/projects", {"name": project_name}).expect(201)

    check(project, "post", "/projects", 201)
    assert project["id"].startswith("pr_")
    assert project["name"] == project_name
    assert project["active_config"] is None
    assert project["data_count"] == 0
    assert [each["type"] for each in project["feedback_types"]] == [
        "rating",
        "action",
        "issue",
        "correction",
        "comment",
    ]
    assert project["feedback_types"][0]["values"] == [
        {"value": "good", "sentiment": "positive"},
        {"value": "bad", "sentiment": "negative"},
    ]
    assert project["created_at"].endswith(("Z", "+00:00"))


def test_reading_gives_what_creating_gave(running_server, project_name):
    made = running_server.post("/v4/projects", {"name": project_name, "directory_id": "dir_1"}).expect(201)

    read = running_server.get(f"/v4/projects/{made['id']}").expect(200)

    check(read, "get", "/projects/{id}")
    assert read == made
    assert read["directory_id"] == "dir_1"


def test_creating_twice_gives_the_same_project(running_server, project_name):
    first = running_server.post("/v4/projects", {"name": project_name}).expect(201)
    second = running_server.post("/v4/projects", {"name": project_name}).expect(201)

    assert second["id"] == first["id"]


def test_old_clients_send_more_than_is_asked_for(running_server, project_name):
    body = {"name": project_name, "directory_id": None, "provider_api_keys": {"openai": "sk-x"}, "projectId": "pr_1"}

    assert running_server.post("/v4/projects", body).expect(201)["name"] == project_name


def test_feedback_types_of_its_own(running_server, project_name):
    types = [
        {"type": "tone", "class": "multi_select", "values": [{"value": "warm", "sentiment": "positive"}]},
        {"type": "score", "class": "number"},
    ]

    project = running_server.post("/v4/projects", {"name": project_name, "feedback_types": types}).expect(201)

    check(project, "post", "/projects", 201)
    assert project["feedback_types"][-2:] == [
        {"type": "tone", "values": [{"value": "warm", "sentiment": "positive"}]},
        {"type": "score", "values": None},
    ]


def test_a_feedback_type_cannot_change_its_class(running_server, project_name):
    types = [{"type": "rating", "class": "number"}]

    reply = running_server.post("/v4/projects", {"name": project_name, "feedback_types": types})

    assert reply.expect(409)["detail"]["type"] == "conflict_error"


@pytest.mark.parametrize("name", [None, "", "   ", "a\x00b", "x" * 256, 7, ["p"]])
def test_a_name_that_is_none(running_server, name):
    reply = running_server.post("/v4/projects", {"name": name})

    assert reply.expect(422)["detail"][0]["loc"] == ["body", "name"]


def test_an_unknown_project(running_server):
    for reply in (
        running_server.get("/v4/projects/pr_nobody"),
        running_server.patch("/v4/projects/pr_nobody", {"name": "x"}),
        running_server.get("/v4/projects/pr_nobody/configs"),
        running_server.get("/v4/projects/pr_nobody/active-config"),
        running_server.delete("/v4/projects/pr_nobody/active-config"),
        running_server.post("/v4/projects/pr_nobody/export"),
    ):
        detail = reply.expect(404)["detail"]
        assert detail["type"] == "not_found_error"
        assert detail["code"] == 404
        assert "pr_nobody" in detail["message"]


def test_renaming_keeps_the_id_and_frees_the_name(running_server, project_name):
    made = running_server.post("/v4/projects", {"name": project_name}).expect(201)

    renamed = running_server.patch(f"/v4/projects/{made['id']}", {"name": project_name + "!"}).expect(200)
    again = running_server.post("/v4/projects", {"name": project_name}).expect(201)

    check(renamed, "patch", "/projects/{id}")
    assert renamed["id"] == made["id"]
    assert renamed["name"] == project_name + "!"
    assert again["id"] != made["id"]


def test_renaming_to_a_name_that_is_taken(running_server, project_name):
    running_server.post("/v4/projects", {"name": project_name}).expect(201)
    made = running_server.post("/v4/projects", {"name": project_name + "!"}).expect(201)

    assert running_server.patch(f"/v4/projects/{made['id']}", {"name": project_name}).status == 409
    assert running_server.get(f"/v4/projects/{made['id']}").expect(200)["name"] == project_name + "!"


def test_an_update_that_says_nothing_changes_nothing(running_server, project_name):
    made = running_server.post("/v4/projects", {"name": project_name}).expect(201)

    assert running_server.patch(f"/v4/projects/{made['id']}", {"name": None}).expect(200) == made


def test_active_config_id_puts_it_live_in_the_default_environment(running_server, register):
    first, second = register(), register(prompt_template="Other")
    place = f"/v4/projects/{first['project_id']}"

    project = running_server.patch(place, {"active_config_id": second["config"]["id"]}).expect(200)

    check(project, "patch", "/projects/{id}")
    assert project["active_config"]["config"]["id"] == second["config"]["id"]
    assert running_server.get(f"{place}/active-config").expect(200)["config"]["id"] == second["config"]["id"]


def test_an_update_with_an_unknown_config_changes_nothing(running_server, project_name, register):
    project_id = register()["project_id"]
    before = running_server.get(f"/v4/projects/{project_id}").expect(200)

    reply = running_server.patch(f"/v4/projects/{project_id}", {"name": "new", "active_config_id": "config_x"})

    assert reply.status == 404
    assert running_server.get(f"/v4/projects/{project_id}").expect(200) == before


def test_one_thing_can_be_live(running_server, register):
    made = register()
    before = running_server.get(f"/v4/projects/{made['project_id']}").expect(200)
    both = {"name": "new", "active_config_id": made["config"]["id"], "active_experiment_id": "exp_1"}

    reply = running_server.patch(f"/v4/projects/{made['project_id']}", both)

    assert reply.expect(422)["detail"][0]["loc"] == ["body", "active_experiment_id"]
    assert running_server.get(f"/v4/projects/{made['project_id']}").expect(200) == before


def test_positive_labels_belong_to_experiments(running_server, register):
    project_id = register()["project_id"]
    labels = [{"type": "rating", "value": "good"}]

    reply = running_server.patch(f"/v4/projects/{project_id}", {"name": "new", "positive_labels": labels})

    assert reply.expect(422)["detail"][0]["loc"] == ["body", "positive_labels"]
    assert running_server.get(f"/v4/projects/{project_id}").expect(200)["name"] != "new"


def test_pages_hold_everything_once_and_end_empty(running_server, project_name):
    made = [running_server.post("/v4/projects", {"name": f"{project_name} {n}"}).expect(201)["id"] for n in range(5)]
    seen = []
    for page in range(3):
        answer = running_server.get(f"/v4/projects?page={page}&size=2&filter={_quoted(project_name.upper())}").expect(
            200
        )
        check(answer, "get", "/projects")
        assert (answer["page"], answer["size"], answer["total"]) == (page, 2, 5)
        seen += [each["id"] for each in answer["records"]]

    assert seen == made[::-1]
    past = running_server.get(f"/v4/projects?page=3&size=2&filter={_quoted(project_name)}").expect(200)
    assert past == {"records": [], "page": 3, "size": 2, "total": 5}


def test_sorting_by_name(running_server, project_name):
    for letter in "bca":
        running_server.post("/v4/projects", {"name": project_name + letter}).expect(201)

    answer = running_server.get(f"/v4/projects?sort_by=name&order=asc&filter={_quoted(project_name)}").expect(200)

    assert [each["name"][-1] for each in answer["records"]] == ["a", "b", "c"]


def test_page_and_size_of_old_habit(running_server):
    answer = running_server.get("/v4/projects").expect(200)

    assert (answer["page"], answer["size"]) == (0, 10)


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "size=0",
        "size=1001",
        "page=9223372036854775807",
        "page=" + "9" * 5000,
        "page=x",
        "sort_by=size",
        "order=up",
        "filter=%00",
    ],
)
def test_a_page_that_cannot_be(running_server, query):
    assert running_server.get(f"/v4/projects?{query}").expect(422)["detail"][0]["loc"][0] == "query"


def test_no_project_has_users_yet(running_server, register):
    register()
    answer = running_server.get("/v4/projects?user_filter=ada").expect(200)
    assert answer == {"records": [], "page": 0, "size": 10, "total": 0}
    assert running_server.get("/v4/projects?user_filter=").expect(200)["total"] > 0


def test_the_farthest_page_is_empty(running_server):
    answer = running_server.get(f"/v4/projects?page={(2**63 - 1) // 1000}&size=1000").expect(200)

    assert answer["records"] == []


def test_exporting_gives_the_logs_newest_first(running_server, register):
    made = register()
    ids = [
        running_server.post(
            "/v4/logs", {"project_id": made["project_id"], "config_id": made["config"]["id"], "output": str(n)}
        ).expect(200)["id"]
        for n in range(3)
    ]

    first = running_server.post(f"/v4/projects/{made['project_id']}/export?page=0&size=2").expect(200)
    past = running_server.post(f"/v4/projects/{made['project_id']}/export?page=2&size=2").expect(200)

    check(first, "post", "/projects/{id}/export")
    assert [each["id"] for each in first["records"]] == [ids[2], ids[1]]
    assert past == {"records": [], "page": 2, "size": 2, "total": 3}


def _quoted(text):
    return text.replace("[", "%5B").replace("]", "%5D").replace(" ", "%20")
